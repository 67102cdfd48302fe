"""Shares as smb.conf(5) has them: their names, and the parameters that stand in one line of the host document.

Names of parameters mean the same with and without blanks and capitals. Parameters that run commands, or include other
files, are not taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_BOOLEANS = """
read only|browseable|guest ok|guest only|available|inherit acls|inherit permissions|store dos attributes|map archive
map hidden|map system|hide dot files|hide special files|hide unreadable|hide unwriteable files|oplocks|level2 oplocks
kernel oplocks|strict sync|sync always|strict allocate|follow symlinks|wide links|preserve case|short preserve case
delete readonly|delete veto files|dos filemode|dos filetimes|ea support|nt acl support|acl allow execute always
durable handles|posix locking
acl group control|acl map full control|fake oplocks|strict rename|use sendfile
access based share enum|spotlight|map acl inherit
force unknown acl user
"""
_MASKS = "create mask|directory mask|force create mode|force directory mode"
_NUMBERS = "max connections|aio read size|aio write size|block size|allocation roundup size"
_TEXTS = """
comment|volume|valid users|invalid users|read list|write list|admin users|force user|force group|hosts allow|hosts deny
veto files|hide files|veto oplock files|vfs objects|case sensitive|default case|strict locking|csc policy
map readonly|server smb encrypt|mangled names|fstype|locking|inherit owner|dont descend|mangling char
"""
_SYNONYMS = {
    "browsable": "browseable",
    "public": "guest ok",
    "only guest": "guest only",
    "create mode": "create mask",
    "directory mode": "directory mask",
    "group": "force group",
    "allow hosts": "hosts allow",
    "deny hosts": "hosts deny",
    "casesignames": "case sensitive",
    "vfs object": "vfs objects",
    "smb encrypt": "server smb encrypt",
}
_CONTRARY = ("writable", "writeable", "write ok")
_TRUE, _FALSE = ("yes", "true", "1", "on"), ("no", "false", "0", "off")
_OF_MODULE = re.compile(r"[A-Za-z0-9_]+:[A-Za-z0-9_\-]+")
_VALUES = {"mask": re.compile(r"[0-7]{1,4}"), "number": re.compile(r"[0-9]{1,10}"), "text": re.compile(r".*[^\\]")}
_NAME = re.compile(r"(?!-)[^\x00-\x1f\x7f%<>*?|/\\+=;:\",\[\]#$]{1,80}")
_RESERVED = ("global", "homes", "printers", "print$", "ipc$", "admin$")


def _squeezed(name: str) -> str:
    return "".join(name.lower().split())


def _table() -> dict[str, tuple[str, str]]:
    """Squeezed name to the parameter's name and the kind of its value."""
    rooms = (("bool", _BOOLEANS), ("mask", _MASKS), ("number", _NUMBERS), ("text", _TEXTS))
    found = {_squeezed(name): (name, kind) for kind, text in rooms for name in re.split(r"[|\n]", text.strip()) if name}
    found |= {_squeezed(other): found[_squeezed(name)] for other, name in _SYNONYMS.items()}
    return found | {_squeezed(name): ("read only", "contrary") for name in _CONTRARY}


_TABLE = _table()


def parameters(options: str) -> tuple[tuple[str, str], ...]:
    """``browseable=yes writable=yes`` as names and values of smb.conf; ValueError with the reason for what is none."""
    found = tuple(_judged(key, value) for key, value in _pairs(options))
    names = [name for name, _ in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"{twice} stands twice")
    return found


def _pairs(options: str) -> Iterator[tuple[str, str]]:
    """Keys and values: what precedes a sign of equality is a key as far as it is the name of a parameter."""
    first, *rest = options.strip().split("=")
    if not rest:
        raise ValueError("options are pairs, as browseable=yes writable=yes")
    keys, values = [first.strip()], []
    for part in rest[:-1]:
        value, key = _divided(part.strip())
        values.append(value)
        keys.append(key)
    values.append(rest[-1].strip())
    yield from zip(keys, (value.strip(" ,") for value in values), strict=True)


def _divided(part: str) -> tuple[str, str]:
    """A value and the key behind it: the longest known one, else the last word."""
    words = part.split()
    for start in range(1, len(words)):
        key = " ".join(words[start:])
        if _squeezed(key) in _TABLE or _OF_MODULE.fullmatch(key):
            return " ".join(words[:start]), key
    return " ".join(words[:-1]), words[-1] if words else ""


def _judged(key: str, value: str) -> tuple[str, str]:
    name, kind = _TABLE.get(_squeezed(key), (key, "text" if _OF_MODULE.fullmatch(key) else ""))
    if not kind:
        raise ValueError(f"{key or 'nothing'} is no parameter of a share that can be given here")
    if kind in ("bool", "contrary"):
        if value.lower() not in _TRUE + _FALSE:
            raise ValueError(f"{key} is yes or no, not {value or 'nothing'}")
        return name, "yes" if (value.lower() in _TRUE) == (kind == "bool") else "no"
    if not _VALUES[kind].fullmatch(value):
        raise ValueError(f"{value or 'nothing'} is no value of {key}")
    return name, value


def share_name(name: str | None, path: str) -> str:
    """A share's name: the declared one, else the last part of its path."""
    return name or path.rstrip("/").rpartition("/")[2]


def name_fault(name: str) -> str | None:
    """Why it cannot be the name of a share."""
    if name.lower() in _RESERVED:
        return "it means something else to Samba"
    fine = _NAME.fullmatch(name) and name == name.strip()
    return None if fine else "a share cannot be called so"


def path_fault(path: str) -> str | None:
    """Why a share cannot have the path: Samba replaces %-signs, and takes blanks at the end away."""
    if "%" in path:
        return "Samba replaces what follows a % in a path"
    return "a path of a share cannot end with a blank" if path != path.strip() else None


def share_fault(name: str | None, path: str, options: str | None, has_users: bool) -> str | None:
    """What is wrong with a share beyond the shape of its fields."""
    found: tuple[tuple[str, str], ...] = ()
    try:
        found = parameters(options) if options else ()
    except ValueError as error:
        return str(error)
    if has_users and "valid users" in dict(found):
        return "valid users stand in the options and in valid_users"
    return name_fault(share_name(name, path)) or path_fault(path)
