"""The parameters of smb.conf(5): their types, where they may stand, what holds without them.

Source: Samba 4.22, docs-xml/smbdotconf.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_PRINTING = ("sysv", "aix", "hpux", "bsd", "qnx", "plp", "lprng", "cups", "iprint", "nt", "os2")
ENUMS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "auto": (("No", "False", "0"), ("Yes", "True", "1"), ("Auto",)),
    "protocol": (
        *(("SMB2",), ("SMB3",), ("SMB3_11",), ("SMB3_02",), ("SMB3_00",), ("SMB2_10",), ("SMB2_02",)),
        *(("NT1",), ("LANMAN2",), ("LANMAN1",), ("CORE",), ("COREPLUS", "CORE+"), ("default",)),
    ),
    "security": (("AUTO",), ("USER",), ("DOMAIN",), ("ADS",)),
    "role": (
        *(("auto",), ("standalone server", "standalone"), ("member server", "member")),
        *(("classic primary domain controller",), ("classic backup domain controller",)),
        *(("active directory domain controller", "domain controller", "dc"), ("ipa primary domain controller",)),
    ),
    "signing": (
        *(("default",), ("No", "False", "0", "Off", "disabled")),
        ("if_required", "Yes", "True", "1", "On", "enabled", "auto"),
        ("required", "mandatory", "force", "forced", "enforced"),
    ),
    "encrypt": (
        *(("default",), ("off", "No", "False", "0", "disabled")),
        ("if_required", "auto", "Yes", "True", "1", "On", "enabled"),
        *(("desired",), ("required", "mandatory", "force", "forced", "enforced")),
    ),
    "guest": (("Never",), ("Bad User",), ("Bad Password",), ("Bad Uid",)),
    "backend": (("file",), ("registry",)),
    "kerberos": (
        *(("default",), ("secrets only",), ("system keytab",)),
        *(("dedicated keytab",), ("secrets and keytab",)),
    ),
    "printing": tuple((one,) for one in _PRINTING),
    "csc": (("manual",), ("documents",), ("programs",), ("disable",)),
    "readonly": (("no", "false", "0"), ("yes", "true", "1"), ("permissions", "perms")),
    "case": (("lower",), ("upper",)),
    "mangled": (("no", "false", "0"), ("illegal",), ("yes", "true", "1")),
    "sealing": (("plain",), ("sign",), ("seal",), ("starttls",), ("ldaps",)),
    "ssl": (("no", "off"), ("start tls", "start_tls")),
    "ntlm": (
        *(("disabled",), ("ntlmv2-only", "no", "false", "0")),
        *(("ntlmv1-permitted", "yes", "true", "1"), ("mschapv2-and-ntlmv2-only",)),
    ),
}
"""The words of an enumeration, those of one meaning together; the first of a meaning is what testparm prints."""
TRUE, FALSE = ("yes", "true", "1", "on"), ("no", "false", "0", "off")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. ``kind`` is a type: bool, text, int, octal, bytes, list, commas, or the name of an enumeration."""

    name: str
    kind: str
    of_shares: bool
    default: str = ""
    inverse: bool = False
    """A synonym that says the contrary: ``writable`` for ``read only``."""


def squeezed(name: str) -> str:
    """A name as Samba compares it: without case and blanks."""
    return "".join(name.lower().split())


@cache
def table() -> Mapping[str, Parameter]:
    """The parameters by their squeezed names, synonyms among them."""
    text = files("phoenix_hypervisor.simulator.sharing").joinpath("parameters.txt").read_text(encoding="utf-8")
    found: dict[str, Parameter] = {}
    for row in text.splitlines():
        if not row or row.startswith("#"):
            continue
        place, kind, name, default, synonyms = [*(cell.strip() for cell in row.split("|")), "", ""][:5]
        parameter = Parameter(name, kind, place == "S", default)
        found[squeezed(name)] = parameter
        for synonym in filter(None, (one.strip() for one in synonyms.split(","))):
            plain = synonym.lstrip("!")
            found[squeezed(plain)] = Parameter(name, kind, place == "S", default, inverse=synonym != plain)
    return found


def value_problem(parameter: Parameter, value: str) -> str:
    """What Samba says about a value that it does not take; empty when it takes it."""
    if parameter.kind == "bool" and boolean(value) is None:
        return f"set_variable_helper({value}): value is not boolean!"
    if parameter.kind == "octal" and value[:1] not in tuple("01234567"):
        return f"Invalid octal number {parameter.name}"
    if parameter.kind == "bytes" and size(value) is None:
        return f"set_variable_helper({value}): value is not a valid size specifier!"
    if parameter.kind in ENUMS and _meaning(parameter, value) is None:
        return f"WARNING: Ignoring invalid value '{value}' for parameter '{parameter.name}'"
    return ""


def boolean(value: str) -> bool | None:
    """What a value says; None when it is no boolean."""
    word = value.lower()
    return True if word in TRUE else False if word in FALSE else None


def size(value: str) -> int | None:
    """Bytes: a number with K, M, G, T or P; None when it is none."""
    digits, unit = (value[:-1], value[-1:].upper()) if value[-1:].isalpha() else (value, "")
    scale = " KMGTP".find(unit or " ")
    return int(digits) << 10 * scale if digits.isascii() and digits.isdecimal() and scale >= 0 else None


def _meaning(parameter: Parameter, value: str) -> str | None:
    words = ENUMS[parameter.kind]
    return next((one[0] for one in words if squeezed(value) in map(squeezed, one)), None)


def printed(parameter: Parameter, value: str) -> str:
    """A value as testparm prints it."""
    if parameter.kind == "bool":
        return "Yes" if boolean(value) else "No"
    if parameter.kind in ENUMS:
        return _meaning(parameter, value) or value
    if parameter.kind == "octal":
        digits = "".join(sign for sign in value if sign in "01234567")
        return f"0{int(digits, 8):03o}" if digits else value
    if parameter.kind in ("int", "bytes"):
        return str(size(value)) if size(value) is not None else value
    if parameter.kind in ("list", "commas"):
        words = [f'"{word}"' if " " in word else word for word in listed(value)]
        return (", " if parameter.kind == "commas" else " ").join(words)
    return value.removeprefix('"').removesuffix('"') if value[:1] == '"' == value[-1:] and len(value) > 1 else value


def listed(value: str) -> list[str]:
    """The elements of a list: between blanks, commas and semicolons, in double quotes with what is within."""
    found, word, quoted, begun = [], "", False, False
    for sign in value:
        if sign == '"':
            quoted, begun = not quoted, True
        elif sign in " \t,;\n\r" and not quoted:
            found += [word] if begun else []
            word, begun = "", False
        else:
            word, begun = word + sign, True
    return [*found, word] if begun else found
