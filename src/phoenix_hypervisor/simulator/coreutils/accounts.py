"""Users, groups and modes, as /etc/passwd, /etc/group and chmod know them."""

from __future__ import annotations

import re

from phoenix_hypervisor.simulator.filesystem import Filesystem


def table(files: Filesystem, path: str) -> list[list[str]]:
    """The rows of /etc/passwd or /etc/group."""
    entry = files.stat(path)
    return [line.split(":") for line in entry.data.splitlines() if line.count(":") >= 3] if entry else []


def user_id(files: Filesystem, name: str) -> int | None:
    """The number of a user given by name or number; None when there is none."""
    return _number(table(files, "/etc/passwd"), name)


def group_id(files: Filesystem, name: str) -> int | None:
    """The number of a group given by name or number; None when there is none."""
    return _number(table(files, "/etc/group"), name)


def _number(rows: list[list[str]], name: str) -> int | None:
    if name.isdecimal():
        return int(name)
    return next((int(row[2]) for row in rows if row[0] == name), 0 if name == "root" else None)


def user_name(files: Filesystem, uid: int) -> str:
    """The name of a user; the number where there is none."""
    return _name(table(files, "/etc/passwd"), uid)


def group_name(files: Filesystem, gid: int) -> str:
    """The name of a group; the number where there is none."""
    return _name(table(files, "/etc/group"), gid)


def _name(rows: list[list[str]], number: int) -> str:
    return next((row[0] for row in rows if row[2] == str(number)), "root" if not number else str(number))


def primary_group(files: Filesystem, name: str) -> int:
    """The group of a user's row."""
    return next((int(row[3]) for row in table(files, "/etc/passwd") if row[0] == name), 0)


def groups_of(files: Filesystem, name: str) -> list[int]:
    """The groups that name a user as a member."""
    rows = table(files, "/etc/group")
    return [int(row[2]) for row in rows if name in row[3].split(",")]


_CLAUSE = re.compile(r"([ugoa]*)((?:[-+=][rwxXst]*)+)")


def new_mode(text: str, mode: int, directory: bool, umask: int = 0) -> int | None:
    """The mode that chmod's argument makes of a mode; None when it is no such argument."""
    if re.fullmatch(r"[0-7]{1,5}", text):
        wanted = int(text, 8)
        return wanted | (mode & 0o6000 if directory and len(text) < 5 else 0)
    for clause in text.split(","):
        found = _CLAUSE.fullmatch(clause)
        if not found:
            return None
        for action in re.findall(r"([-+=])([rwxXst]*)", found[2]):
            mode = _applied(mode, found[1], action, directory, umask)
    return mode


def _applied(mode: int, who: str, action: tuple[str, str], directory: bool, umask: int) -> int:
    sign, letters = action
    bits = sum({"r": 4, "w": 2, "x": 1}.get(letter, 0) for letter in letters)
    if "X" in letters and (directory or mode & 0o111):
        bits |= 1
    everyone = not who or "a" in who
    wanted = mask = 0
    for letter, shift in (("u", 6), ("g", 3), ("o", 0)):
        if everyone or letter in who:
            wanted |= bits << shift
            mask |= 7 << shift
    if "s" in letters:
        wanted |= (0o4000 if everyone or "u" in who else 0) | (0o2000 if everyone or "g" in who else 0)
    if "t" in letters:
        wanted |= 0o1000
    if not who:
        wanted &= ~umask
    if sign == "+":
        return mode | wanted
    return mode & ~wanted if sign == "-" else (mode & ~mask) | wanted


def letters(kind: str, mode: int) -> str:
    """``drwxr-xr-x``."""
    first = {"directory": "d", "link": "l", "device": "c"}.get(kind, "-")
    text = "".join("rwxrwxrwx"[index] if mode & (0o400 >> index) else "-" for index in range(9))
    for place, bit, on, off in ((2, 0o4000, "s", "S"), (5, 0o2000, "s", "S"), (8, 0o1000, "t", "T")):
        if mode & bit:
            text = text[:place] + (on if text[place] == "x" else off) + text[place + 1 :]
    return first + text
