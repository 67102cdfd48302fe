"""What an export is: path, client and options, as exports(5) writes them and as the kernel takes them.

Source of the rules and words: nfs-utils (support/nfs/exports.c, support/export/client.c, utils/exportfs).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

READ_ONLY, INSECURE, ROOT_SQUASH, ALL_SQUASH, ASYNC, WDELAY = 0x1, 0x2, 0x4, 0x8, 0x10, 0x20
NO_READDIRPLUS, SECURITY_LABEL, NO_HIDE, NO_SUBTREE_CHECK, NO_AUTH_NLM = 0x40, 0x80, 0x200, 0x400, 0x800
FSID, CROSS_MOUNT, NO_ACL, PNFS = 0x2000, 0x4000, 0x8000, 0x20000
DEFAULT = READ_ONLY | ROOT_SQUASH | WDELAY | NO_SUBTREE_CHECK
_OF_FLAVOR = READ_ONLY | INSECURE | ROOT_SQUASH | ALL_SQUASH
"""What may differ from one security flavor to the next."""
NOBODY = 65534
FLAVORS = ("krb5", "krb5i", "krb5p", "unix", "sys", "null", "none")
_SWITCHES: dict[str, tuple[int, bool]] = {
    "ro": (READ_ONLY, True),
    "rw": (READ_ONLY, False),
    "secure": (INSECURE, False),
    "insecure": (INSECURE, True),
    "sync": (ASYNC, False),
    "async": (ASYNC, True),
    "nohide": (NO_HIDE, True),
    "hide": (NO_HIDE, False),
    "crossmnt": (CROSS_MOUNT, True),
    "nocrossmnt": (CROSS_MOUNT, False),
    "wdelay": (WDELAY, True),
    "no_wdelay": (WDELAY, False),
    "root_squash": (ROOT_SQUASH, True),
    "no_root_squash": (ROOT_SQUASH, False),
    "all_squash": (ALL_SQUASH, True),
    "no_all_squash": (ALL_SQUASH, False),
    "subtree_check": (NO_SUBTREE_CHECK, False),
    "no_subtree_check": (NO_SUBTREE_CHECK, True),
    "auth_nlm": (NO_AUTH_NLM, False),
    "no_auth_nlm": (NO_AUTH_NLM, True),
    "secure_locks": (NO_AUTH_NLM, False),
    "insecure_locks": (NO_AUTH_NLM, True),
    "acl": (NO_ACL, False),
    "no_acl": (NO_ACL, True),
    "security_label": (SECURITY_LABEL, True),
    "nosecurity_label": (SECURITY_LABEL, False),
    "pnfs": (PNFS, True),
    "no_pnfs": (PNFS, False),
    "nordirplus": (NO_READDIRPLUS, True),
}
_IDS = re.compile(r"(anonuid|anongid)=(.*)")
_ESCAPED = re.compile(r"[\x00-\x20\"\\#\x7f]")


class ExportFault(Exception):
    """An option that is none: what exportfs says about it after the place."""


@dataclass(frozen=True, slots=True)
class Export:
    """A folder for one client. ``flavors`` are security flavors, each with the flags that hold for it."""

    path: str
    client: str
    flags: int = DEFAULT
    anonuid: int = NOBODY
    anongid: int = NOBODY
    fsid: str = ""
    mountpoint: str | None = None
    located: str = ""
    flavors: tuple[tuple[str, int], ...] = ()

    @property
    def kind(self) -> int:
        """The sort of client, in the kernel's order: a host, a network, a pattern, a netgroup, anybody."""
        if self.client in ("", "*"):
            return 4
        if self.client.startswith("@"):
            return 3
        if re.search(r"[*?\[]", self.client):
            return 2
        return 1 if "/" in self.client else 0

    @property
    def options(self) -> str:
        """All that holds for it, as ``exportfs -v`` has it."""
        flags = self.flags
        words = ["async" if flags & ASYNC else "sync", "wdelay" if flags & WDELAY else "no_wdelay"]
        words += ["nohide" if flags & NO_HIDE else "hide"]
        shown = (
            (CROSS_MOUNT, "crossmnt"),
            (NO_SUBTREE_CHECK, "no_subtree_check"),
            (NO_AUTH_NLM, "insecure_locks"),
            (NO_READDIRPLUS, "nordirplus"),
            (SECURITY_LABEL, "security_label"),
            (NO_ACL, "no_acl"),
            (PNFS, "pnfs"),
        )
        words += [word for flag, word in shown if flags & flag]
        words += self._numbers()
        return ",".join([*words, *self._flavored()])

    @property
    def record(self) -> str:
        """All that holds for it, as etab has it."""
        flags = self.flags
        words = ["ro" if flags & READ_ONLY else "rw", "async" if flags & ASYNC else "sync"]
        words += ["wdelay" if flags & WDELAY else "no_wdelay", "nohide" if flags & NO_HIDE else "hide"]
        pairs = (
            (CROSS_MOUNT, "nocrossmnt", "crossmnt"),
            (INSECURE, "secure", "insecure"),
            (ROOT_SQUASH, "no_root_squash", "root_squash"),
            (ALL_SQUASH, "no_all_squash", "all_squash"),
            (NO_SUBTREE_CHECK, "subtree_check", "no_subtree_check"),
            (NO_AUTH_NLM, "secure_locks", "insecure_locks"),
            (NO_ACL, "acl", "no_acl"),
            (PNFS, "no_pnfs", "pnfs"),
        )
        words += [on if flags & flag else off for flag, off, on in pairs]
        others = [word for word in self._numbers() if not word.startswith("anon")]
        words += [*others, f"anonuid={self.anonuid}", f"anongid={self.anongid}"]
        return ",".join([*words, *self._flavored()])

    def _numbers(self) -> list[str]:
        words = [f"fsid={self.fsid}"] if self.fsid else []
        if self.mountpoint is not None:
            words.append(f"mountpoint={self.mountpoint}" if self.mountpoint else "mountpoint")
        words += [f"anonuid={self.anonuid}"] if self.anonuid != NOBODY else []
        words += [f"anongid={self.anongid}"] if self.anongid != NOBODY else []
        return [*words, *([self.located] if self.located else [])]

    def _flavored(self) -> Iterator[str]:
        """The flavors in groups of equal flags."""
        groups: list[tuple[list[str], int]] = []
        for name, flags in self.flavors or (("sys", self.flags),):
            if groups and groups[-1][1] == flags:
                groups[-1][0].append(name)
            else:
                groups.append(([name], flags))
        for names, flags in groups:
            yield f"sec={':'.join(names)}"
            yield "ro" if flags & READ_ONLY else "rw"
            yield "insecure" if flags & INSECURE else "secure"
            yield "root_squash" if flags & ROOT_SQUASH else "no_root_squash"
            yield "all_squash" if flags & ALL_SQUASH else "no_all_squash"

    def with_options(self, text: str) -> Export:
        """With more options. Raises ExportFault at the first that is none."""
        export, active = self, frozenset[str]()
        for word in filter(None, (part.strip(" \t") for part in text.split(","))):
            if word.startswith("sec="):
                active = frozenset(word[4:].split(":"))
                export = export._with_flavors(word[4:].split(":"))
            else:
                export = export._with_option(word, active)
        common = export.flags & ~_OF_FLAVOR
        return replace(export, flavors=tuple((name, flags | common) for name, flags in export.flavors))

    def _with_flavors(self, names: Sequence[str]) -> Export:
        unknown = next((name for name in names if name not in FLAVORS), None)
        if unknown is not None:
            raise ExportFault(f"unknown flavor {unknown}\n")
        known = dict(self.flavors)
        return replace(self, flavors=tuple({**known, **{n: self.flags for n in names if n not in known}}.items()))

    def _with_option(self, word: str, active: frozenset[str]) -> Export:
        if word in _SWITCHES:
            flag, on = _SWITCHES[word]
            flavors = tuple((name, _switched(flags, flag, on and name in active, name in active)) for name, flags in
                            self.flavors)  # fmt: skip
            return replace(self, flags=_switched(self.flags, flag, on), flavors=flavors)
        if match := _IDS.fullmatch(word):
            if not re.fullmatch(r"[+-]?\d+", match[2]):
                raise ExportFault(f' bad {match[1]} "{word}"\n')
            number = int(match[2]) % (1 << 32)
            return replace(self, anonuid=number) if match[1] == "anonuid" else replace(self, anongid=number)
        if word.startswith("fsid="):
            return self._with_fsid(word)
        if word in ("mountpoint", "mp") or word.startswith(("mountpoint=", "mp=")):
            return replace(self, mountpoint=word.partition("=")[2])
        if word.startswith(("refer=", "replicas=")):
            return replace(self, located=word)
        raise ExportFault(f'unknown keyword "{word}"\n')

    def _with_fsid(self, word: str) -> Export:
        text = word[5:]
        if text == "root" or re.fullmatch(r"\d+|0x[0-9a-fA-F]+", text):
            number = 0 if text == "root" else int(text, 0 if text.startswith("0x") else 10)
            return replace(self, fsid=str(number), flags=self.flags | FSID)
        if len(re.findall(r"[0-9a-fA-F]", text)) != 32:
            raise ExportFault(f' bad fsid "{word}"\n')
        return replace(self, fsid=text)


def _switched(flags: int, flag: int, on: bool, touched: bool = True) -> int:
    if not touched:
        return flags
    return flags | flag if on else flags & ~flag


def escaped(path: str) -> str:
    """The path as etab has it: blanks, quotes, backslashes and ``#`` as octal numbers."""
    return _ESCAPED.sub(lambda found: f"\\{ord(found[0]):03o}", path)


@dataclass(frozen=True, slots=True)
class Line:
    """A logical line of a file: its number, and its words without quotes and escapes."""

    number: int
    words: tuple[str, ...]


def lines(text: str) -> Iterator[Line]:
    """The logical lines: a backslash at the end goes on, ``#`` begins a comment, quotes and ``\\040`` keep blanks."""
    position, number = 0, 1
    while position < len(text):
        words: list[str] = []
        begun, ended = number, False
        while not ended:
            word, position, ended, passed = _word(text, position)
            number += passed
            if word is not None:
                words.append(word)
        if words:
            yield Line(begun, tuple(words))


def _word(text: str, position: int) -> tuple[str | None, int, bool, int]:
    """The next word, the position after it, whether the line ends there, and how many newlines were passed."""
    passed = 0
    while position < len(text) and (text[position] in " \t" or text.startswith("\\\n", position)):
        passed += text[position] == "\\"
        position += 1 + (text[position] == "\\")
    word, quoted = "", False
    while position < len(text):
        sign = text[position]
        if not quoted and sign in " \t":
            return word, position, False, passed
        if sign == "\n" or (sign == "#" and not quoted):
            end = text.find("\n", position)
            return (word or None), (len(text) if end < 0 else end + 1), True, passed + (end >= 0)
        if text.startswith("\\\n", position):
            return (word or None), position, False, passed
        octal = re.match(r"\\([0-7]{3})", text[position:])
        quoted = not quoted if sign == '"' else quoted
        word += chr(int(octal[1], 8)) if octal else "" if sign == '"' else sign
        position += 4 if octal else 1
    return (word or None), position, True, passed


def added(exports: Sequence[Export]) -> list[Export]:
    """In the order of exportfs's table: by sort of client; a new path stands before the others, a known one by them."""
    found: list[Export] = []
    for kind in range(5):
        paths: dict[str, list[Export]] = {}
        for export in exports:
            if export.kind == kind:
                paths.setdefault(export.path, []).append(export)
        found += [export for group in reversed(paths.values()) for export in group]
    return found
