"""/etc/passwd, /etc/group and their shadows as rows, written back as they were but for what changed."""

from __future__ import annotations

import re

from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.process import Process

PASSWD, SHADOW, GROUP, GSHADOW = "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow"
SUBUID, SUBGID = "/etc/subuid", "/etc/subgid"
SHADOW_GROUP = 42
FIRST, LAST, FIRST_SYSTEM, LAST_SYSTEM = 1000, 60000, 100, 999
SUBORDINATE_FIRST, SUBORDINATE_COUNT = 100_000, 65_536
NAME = re.compile(r"(?!\.{1,2}$)(?![0-9]+$)[A-Za-z0-9_.][A-Za-z0-9_.-]{0,31}\$?")

Rows = list[list[str]]


def rows(files: Filesystem, path: str) -> Rows:
    """The lines of a file, split at the colons."""
    entry = files.stat(path)
    return [line.split(":") for line in entry.data.splitlines()] if entry else []


def save(files: Filesystem, path: str, content: Rows) -> None:
    """Put the rows back; a shadow file that is new is for root and group shadow."""
    text = "".join(":".join(row) + "\n" for row in content)
    entry = files.stat(path)
    if entry is not None and entry.data == text:
        return
    secret = entry is None and path in (SHADOW, GSHADOW)
    files.mkdir("/etc", parents=True)
    files.write(path, text, mode=0o640 if secret else None, gid=SHADOW_GROUP if secret else None)


def row(files: Filesystem, path: str, name: str) -> list[str] | None:
    """The row of a name."""
    return next((one for one in rows(files, path) if one[0] == name and len(one) > 1), None)


def replace(files: Filesystem, path: str, name: str, new: list[str] | None) -> None:
    """Put a row in the place of the one of a name, or at the end; None takes it away."""
    before = rows(files, path)
    after = [new if one[0] == name and new else one for one in before if one[0] != name or new]
    if new and not any(one[0] == name for one in before):
        after.append(new)
    save(files, path, after)


def group(files: Filesystem, name: str) -> list[str] | None:
    """The row of a group given by name or number."""
    known = [one for one in rows(files, GROUP) if len(one) == 4]
    return next((one for one in known if one[0] == name), None) or next((one for one in known if one[2] == name), None)


def groups(files: Filesystem) -> Rows:
    return [one for one in rows(files, GROUP) if len(one) == 4]


def users(files: Filesystem) -> Rows:
    return [one for one in rows(files, PASSWD) if len(one) == 7]


def free(taken: set[int], system: bool) -> int:
    """The next free number: above the highest one; for the system the highest free one below."""
    if system:
        return next(number for number in range(LAST_SYSTEM, FIRST_SYSTEM - 1, -1) if number not in taken)
    return max([number for number in taken if FIRST <= number <= LAST], default=FIRST - 1) + 1


def numbers(content: Rows) -> set[int]:
    """The ids in the third fields."""
    return {int(one[2]) for one in content if one[2].isdecimal()}


def add_group(files: Filesystem, name: str, gid: int, members: str = "") -> None:
    replace(files, GROUP, name, [name, "x", str(gid), members])
    replace(files, GSHADOW, name, [name, "!", "", members])


def set_members(files: Filesystem, name: str, members: list[str]) -> None:
    """Say who is in a group."""
    for path in (GROUP, GSHADOW):
        if (found := row(files, path, name)) and len(found) == 4:
            replace(files, path, name, [*found[:3], ",".join(members)])


def members(found: list[str]) -> list[str]:
    return [name for name in found[3].split(",") if name]


def add_subordinates(files: Filesystem, name: str) -> None:
    """Give a user a range of subordinate ids, where the files of such ranges are there."""
    for path in (SUBUID, SUBGID):
        if not files.exists(path):
            continue
        known = [one for one in rows(files, path) if len(one) == 3]
        if any(one[0] == name for one in known):
            continue
        start = SUBORDINATE_FIRST
        for first, count in sorted((int(one[1]), int(one[2])) for one in known):
            if first < start + SUBORDINATE_COUNT and start < first + count:
                start = first + count
        save(files, path, [*rows(files, path), [name, str(start), str(SUBORDINATE_COUNT)]])


def days(process: Process) -> str:
    """Today, as /etc/shadow counts."""
    return str(int(process.machine.clock // 86_400))


def is_shell(files: Filesystem, path: str) -> bool:
    """Whether a shell is there: one of /etc/shells, of Debian's refusing ones, or an executable file."""
    listed = files.stat("/etc/shells")
    if path in (listed.data.split() if listed else ("/bin/sh", "/bin/bash", "/usr/bin/bash", "/usr/bin/sh")):
        return True
    entry = files.stat(path)
    return path in ("/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false") or (
        entry is not None and entry.kind == "file" and bool(entry.mode & 0o111)
    )
