"""useradd and userdel of Debian's passwd package. Exit codes: useradd(8), userdel(8)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from phoenix_hypervisor.simulator.coreutils.common import Fault, Options, Tool
from phoenix_hypervisor.simulator.debian import accountfiles as book
from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.process import Process

BAD_ARGUMENT, TAKEN, NO_ENTRY, EXISTS, BAD_NAME = 3, 4, 6, 9, 19
_LONG = {
    "base-dir": "b", "comment": "c", "home-dir": "d", "expiredate": "e", "inactive": "f", "gid": "g", "groups": "G",
    "skel": "k", "no-log-init": "l", "create-home": "m", "no-create-home": "M", "no-user-group": "N",
    "non-unique": "o", "password": "p", "system": "r", "shell": "s", "uid": "u", "user-group": "U", "badname": "B",
}  # fmt: skip
_BAD_NAME_STATUS = {"12": BAD_ARGUMENT}


def check_shell(process: Process, tool: str, shell: str) -> None:
    """Refuse what is no path; warn of what is not there."""
    if shell and not re.fullmatch(r"/[^:,=\s]*", shell):
        raise Fault(f"invalid shell '{shell}'", BAD_ARGUMENT)
    if shell and not book.is_shell(process.files, shell):
        process.complain(f"{tool}: Warning: missing or non-executable shell '{shell}'\n")


def check_groups(files: Filesystem, text: str) -> list[str]:
    """The names of the listed groups."""
    found = []
    for word in filter(None, text.split(",")):
        group = book.group(files, word)
        if group is None:
            raise Fault(f"group '{word}' does not exist", NO_ENTRY)
        found.append(group[0])
    return found


def check_text(what: str, text: str) -> str:
    """A comment or a folder: no colon, no newline."""
    if ":" in text or "\n" in text:
        raise Fault(f"invalid {what} '{text}'", BAD_ARGUMENT)
    return text


@dataclass(frozen=True)
class _User:
    name: str
    uid: int
    gid: int
    home: str
    groups: list[str]


def _useradd(process: Process, words: list[str]) -> int:
    options = Options("useradd", words, "lmMNorUB", "bcdefgGkKpsu", _LONG, usage=2)
    if len(options.operands) != 1:
        raise Fault("Usage: useradd [options] LOGIN", 2)
    user = _planned(process, options)
    _write(process, options, user)
    if "m" in options:
        _make_home(process, user, options.last("k", "/etc/skel"))
    return 0


def _planned(process: Process, options: Options) -> _User:
    files, name = process.files, options.operands[0]
    if not book.NAME.fullmatch(name) and not ("B" in options and re.fullmatch(r"[^-:,\s/][^:,\s/]*", name)):
        version = files.stat("/etc/debian_version")
        status = _BAD_NAME_STATUS.get(version.data.partition(".")[0].strip() if version else "", BAD_NAME)
        raise Fault(f"invalid user name '{name}': use --badname to ignore", status)
    if "N" in options and "U" in options:
        raise Fault("options -U and -N conflict", 2)
    home = options.last("d") or f"{options.last('b', '/home').rstrip('/')}/{name}"
    if not home.startswith("/") or re.search(r"[:\n]", home):
        raise Fault(f"invalid home directory '{home}'", BAD_ARGUMENT)
    check_text("comment", options.last("c"))
    check_shell(process, "useradd", options.last("s"))
    if "g" in options and book.group(files, options.last("g")) is None:
        raise Fault(f"group '{options.last('g')}' does not exist", NO_ENTRY)
    groups = check_groups(files, options.last("G"))
    if book.row(files, book.PASSWD, name):
        raise Fault(f"user '{name}' already exists", EXISTS)
    own_group = "U" in options or not ({"g", "N"} & options.given.keys())
    if own_group and book.group(files, name) is not None:
        raise Fault(f"group {name} exists - if you want to add this user to that group, use -g.", EXISTS)
    uid = _uid(files, options)
    return _User(name, uid, _gid(files, options, uid, own_group), home, groups)


def _uid(files: Filesystem, options: Options) -> int:
    taken = book.numbers(book.users(files))
    if "u" not in options:
        return book.free(taken, "r" in options)
    if not re.fullmatch(r"[0-9]{1,10}", options.last("u")):
        raise Fault(f"invalid user ID '{options.last('u')}'", BAD_ARGUMENT)
    if int(options.last("u")) in taken and "o" not in options:
        raise Fault(f"UID {options.last('u')} is not unique", TAKEN)
    return int(options.last("u"))


def _gid(files: Filesystem, options: Options, uid: int, own_group: bool) -> int:
    if own_group:
        taken = book.numbers(book.groups(files))
        return uid if uid not in taken else book.free(taken, "r" in options)
    found = book.group(files, options.last("g")) if "g" in options else None
    return int(found[2]) if found else 100


def _write(process: Process, options: Options, user: _User) -> None:
    files, name = process.files, user.name
    shell = options.last("s") or "/bin/sh"
    passwd = [name, "x", str(user.uid), str(user.gid), options.last("c"), user.home, shell]
    book.replace(files, book.PASSWD, name, passwd)
    ages = ["", "", ""] if "r" in options else ["0", "99999", "7"]
    hashed = options.last("p") or "!"
    book.replace(files, book.SHADOW, name, [name, hashed, book.days(process), *ages, options.last("f"), "", ""])
    if "U" in options or not ({"g", "N"} & options.given.keys()):
        book.add_group(files, name, user.gid)
    for group in user.groups:
        found = book.row(files, book.GROUP, group)
        if found:
            book.set_members(files, group, [*book.members(found), name])
    if "r" not in options:
        book.add_subordinates(files, name)


def _make_home(process: Process, user: _User, skeleton: str) -> None:
    files = process.files
    if files.exists(user.home):
        process.complain(
            f"useradd: warning: the home directory {user.home} already exists.\n"
            "useradd: Not copying any file from skel directory into it.\n"
        )
        return
    files.mkdir(user.home.rpartition("/")[0] or "/", parents=True)
    files.mkdir(user.home, mode=0o700)
    files.chown(user.home, user.uid, user.gid)
    for name in files.list(skeleton) if files.is_dir(skeleton) else ():
        entry = files.stat(f"{skeleton}/{name}")
        if entry is not None and entry.kind == "file":
            files.write(f"{user.home}/{name}", entry.data, mode=entry.mode, uid=user.uid, gid=user.gid)


def _userdel(process: Process, words: list[str]) -> int:
    long = {"force": "f", "remove": "r"}
    options = Options("userdel", words, "fr", "", long, usage=2)
    if len(options.operands) != 1:
        raise Fault("Usage: userdel [options] LOGIN", 2)
    files, name = process.files, options.operands[0]
    passwd = book.row(files, book.PASSWD, name)
    if passwd is None:
        raise Fault(f"user '{name}' does not exist", NO_ENTRY)
    for path in (book.PASSWD, book.SHADOW, book.SUBUID, book.SUBGID):
        if files.exists(path):
            book.replace(files, path, name, None)
    for group in book.groups(files):
        if name in book.members(group):
            book.set_members(files, group[0], [one for one in book.members(group) if one != name])
    _drop_own_group(process, name)
    if "r" in options:
        _remove_home(process, name, passwd[5])
    return 0


def _drop_own_group(process: Process, name: str) -> None:
    files = process.files
    own = book.row(files, book.GROUP, name)
    if own is None:
        return
    if book.members(own):
        process.complain(f"userdel: group {name} not removed because it has other members.\n")
    elif any(user[3] == own[2] for user in book.users(files)):
        process.complain(f"userdel: group {name} is the primary group of another user and is not removed.\n")
    else:
        for path in (book.GROUP, book.GSHADOW):
            book.replace(files, path, name, None)


def _remove_home(process: Process, name: str, home: str) -> None:
    files = process.files
    spool = f"/var/mail/{name}"
    if files.exists(spool):
        files.remove(spool)
    else:
        process.complain(f"userdel: {name} mail spool ({spool}) not found\n")
    if files.is_dir(home):
        files.remove(home, recursive=True)
    else:
        process.complain(f"userdel: {name} home directory ({home}) not found\n")


TOOLS: dict[str, Tool] = {"useradd": _useradd, "userdel": _userdel}
