"""groupadd, groupdel, groupmod, gpasswd and groups. Exit codes: groupadd(8) and its like."""

from __future__ import annotations

from phoenix_hypervisor.simulator.coreutils import accounts
from phoenix_hypervisor.simulator.coreutils.common import Fault, Options, Tool
from phoenix_hypervisor.simulator.debian import accountfiles as book
from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.process import Process

_BAD_ARGUMENT, _TAKEN, _NO_ENTRY, _BUSY, _EXISTS = 3, 4, 6, 8, 9


def _one_operand(options: Options, usage: str) -> str:
    if len(options.operands) != 1:
        raise Fault(f"Usage: {usage}", 2)
    return options.operands[0]


def _gid(files: Filesystem, text: str, but: str = "") -> int:
    if not text.isdecimal():
        raise Fault(f"invalid group ID '{text}'", _BAD_ARGUMENT)
    if int(text) in book.numbers([one for one in book.groups(files) if one[0] != but]):
        raise Fault(f"GID '{text}' already exists", _TAKEN)
    return int(text)


def _groupadd(process: Process, words: list[str]) -> int:
    long = {"force": "f", "gid": "g", "non-unique": "o", "password": "p", "system": "r", "users": "U"}
    options = Options("groupadd", words, "for", "gKpU", long, usage=2)
    files, name = process.files, _one_operand(options, "groupadd [options] GROUP")
    if not book.NAME.fullmatch(name):
        raise Fault(f"'{name}' is not a valid group name", _BAD_ARGUMENT)
    if book.row(files, book.GROUP, name):
        if "f" in options:
            return 0
        raise Fault(f"group '{name}' already exists", _EXISTS)
    taken = book.numbers(book.groups(files))
    fixed = "g" in options and not ("f" in options and options.last("g") in {str(number) for number in taken})
    if fixed and "o" in options and options.last("g").isdecimal():
        gid = int(options.last("g"))
    else:
        gid = _gid(files, options.last("g")) if fixed else book.free(taken, "r" in options)
    book.add_group(files, name, gid, options.last("U"))
    return 0


def _groupdel(process: Process, words: list[str]) -> int:
    options = Options("groupdel", words, "f", "", {"force": "f"}, usage=2)
    files, name = process.files, _one_operand(options, "groupdel [options] GROUP")
    found = book.row(files, book.GROUP, name)
    if found is None:
        raise Fault(f"group '{name}' does not exist", _NO_ENTRY)
    owner = next((user[0] for user in book.users(files) if user[3] == found[2]), "")
    if owner and "f" not in options:
        raise Fault(f"cannot remove the primary group of user '{owner}'", _BUSY)
    for path in (book.GROUP, book.GSHADOW):
        book.replace(files, path, name, None)
    return 0


def _groupmod(process: Process, words: list[str]) -> int:
    long = {"gid": "g", "new-name": "n", "non-unique": "o", "append": "a", "users": "U"}
    options = Options("groupmod", words, "ao", "gnpU", long, usage=2)
    files, name = process.files, _one_operand(options, "groupmod [options] GROUP")
    found = book.row(files, book.GROUP, name)
    if found is None:
        raise Fault(f"group '{name}' does not exist", _NO_ENTRY)
    new, before = options.last("n", name), found[2]
    if new != name and book.row(files, book.GROUP, new):
        raise Fault(f"group '{new}' already exists", _EXISTS)
    if not book.NAME.fullmatch(new):
        raise Fault(f"invalid group name '{new}'", _BAD_ARGUMENT)
    gid = str(_gid(files, options.last("g"), name)) if "g" in options else before
    book.replace(files, book.GROUP, name, [new, found[1], gid, found[3]])
    shadow = book.row(files, book.GSHADOW, name)
    if shadow is not None:
        book.replace(files, book.GSHADOW, name, [new, *shadow[1:]])
    for user in book.users(files):
        if user[3] == before != gid:
            book.replace(files, book.PASSWD, user[0], [*user[:3], gid, *user[4:]])
    return 0


def _gpasswd(process: Process, words: list[str]) -> int:
    long = {"add": "a", "delete": "d", "members": "M", "administrators": "A", "remove-password": "r"}
    options = Options("gpasswd", words, "rR", "adMA", long, usage=2)
    files, name = process.files, _one_operand(options, "gpasswd [option] GROUP")
    found = book.row(files, book.GROUP, name)
    users = [*options.all("a"), *(one for one in options.last("M").split(",") if one)]
    missing = next((one for one in users if not book.row(files, book.PASSWD, one)), "")
    if missing:
        raise Fault(f"user '{missing}' does not exist", _BAD_ARGUMENT)
    if found is None:
        raise Fault(f"group '{name}' does not exist in /etc/group", _BAD_ARGUMENT)
    members = book.members(found)
    if "M" in options:
        book.set_members(files, name, users)
    elif "a" in options:
        process.say(f"Adding user {options.last('a')} to group {name}\n")
        book.set_members(files, name, list(dict.fromkeys([*members, options.last("a")])))
    elif "d" in options:
        process.say(f"Removing user {options.last('d')} from group {name}\n")
        if options.last("d") not in members:
            raise Fault(f"user '{options.last('d')}' is not a member of '{name}'", _BAD_ARGUMENT)
        book.set_members(files, name, [one for one in members if one != options.last("d")])
    return 0


def _groups(process: Process, words: list[str]) -> int:
    status, files = 0, process.files
    for name in words or ["root"]:
        if book.row(files, book.PASSWD, name) is None:
            process.complain(f"groups: ‘{name}’: no such user\n")
            status = 1
            continue
        gids = dict.fromkeys([accounts.primary_group(files, name), *accounts.groups_of(files, name)])
        listed = " ".join(accounts.group_name(files, gid) for gid in gids)
        process.say(f"{name} : {listed}\n" if words else f"{listed}\n")
    return status


TOOLS: dict[str, Tool] = {
    "groupadd": _groupadd,
    "groupdel": _groupdel,
    "groupmod": _groupmod,
    "gpasswd": _gpasswd,
    "groups": _groups,
}
