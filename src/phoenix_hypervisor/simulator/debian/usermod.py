"""usermod of Debian's passwd package. Exit codes: usermod(8)."""

from __future__ import annotations

import re

from phoenix_hypervisor.simulator.coreutils.common import Fault, Options, Tool
from phoenix_hypervisor.simulator.debian import accountfiles as book
from phoenix_hypervisor.simulator.debian.useradd import (
    BAD_ARGUMENT,
    EXISTS,
    NO_ENTRY,
    TAKEN,
    check_groups,
    check_shell,
    check_text,
)
from phoenix_hypervisor.simulator.process import Process

_LONG = {
    "append": "a", "comment": "c", "home": "d", "expiredate": "e", "inactive": "f", "gid": "g", "groups": "G",
    "login": "l", "lock": "L", "move-home": "m", "non-unique": "o", "password": "p", "remove": "r", "shell": "s",
    "uid": "u", "unlock": "U", "badname": "b",
}  # fmt: skip


def _usermod(process: Process, words: list[str]) -> int:
    options = Options("usermod", words, "aLmorUb", "cdefgGlpsuvVwW", _LONG, usage=2)
    if len(options.operands) != 1:
        raise Fault("Usage: usermod [options] LOGIN", 2)
    for letter in "ar":
        if letter in options and "G" not in options:
            raise Fault(f"-{letter} flag is only allowed with the -G flag", 2)
    if len({"L", "U", "p"} & options.given.keys()) > 1:
        raise Fault("the -L, -p, and -U flags are exclusive", 2)
    files, name = process.files, options.operands[0]
    before = book.row(files, book.PASSWD, name)
    if before is None:
        raise Fault(f"user '{name}' does not exist", NO_ENTRY)
    if not options.given:
        process.say("usermod: no changes\n")
        return 0
    after = _changed(process, options, before)
    wanted = check_groups(files, options.last("G")) if "G" in options else None
    _write(process, options, before, after)
    if wanted is not None:
        _set_groups(process, options, after[0], wanted)
    return 0


def _changed(process: Process, options: Options, before: list[str]) -> list[str]:
    files, after = process.files, list(before)
    if "l" in options:
        if not book.NAME.fullmatch(options.last("l")):
            raise Fault(f"invalid user name '{options.last('l')}': use --badname to ignore", BAD_ARGUMENT)
        if options.last("l") != before[0] and book.row(files, book.PASSWD, options.last("l")):
            raise Fault(f"user '{options.last('l')}' already exists", EXISTS)
        after[0] = options.last("l")
    if "u" in options:
        if not re.fullmatch(r"[0-9]{1,10}", options.last("u")):
            raise Fault(f"invalid user ID '{options.last('u')}'", BAD_ARGUMENT)
        taken = book.numbers([one for one in book.users(files) if one[0] != before[0]])
        if int(options.last("u")) in taken and "o" not in options:
            raise Fault(f"UID '{options.last('u')}' already exists", TAKEN)
        after[2] = options.last("u")
    if "g" in options:
        found = book.group(files, options.last("g"))
        if found is None:
            raise Fault(f"group '{options.last('g')}' does not exist", NO_ENTRY)
        after[3] = found[2]
    if "c" in options:
        after[4] = check_text("field", options.last("c"))
    if "d" in options:
        after[5] = check_text("field", options.last("d"))
    if "s" in options:
        check_shell(process, "usermod", options.last("s"))
        after[6] = options.last("s")
    return after


def _write(process: Process, options: Options, before: list[str], after: list[str]) -> None:
    files = process.files
    book.replace(files, book.PASSWD, before[0], after)
    shadow = book.row(files, book.SHADOW, before[0])
    if shadow is not None:
        shadow = [after[0], _password(process, options, shadow[1]), *shadow[2:]]
        if shadow[1] != (book.row(files, book.SHADOW, before[0]) or shadow)[1] and "p" in options:
            shadow[2] = book.days(process)
        book.replace(files, book.SHADOW, before[0], shadow)
    if after[0] != before[0]:
        for group in book.groups(files):
            if before[0] in book.members(group):
                renamed = [after[0] if one == before[0] else one for one in book.members(group)]
                book.set_members(files, group[0], renamed)
    if "m" in options and after[5] != before[5] and files.is_dir(before[5]):
        files.rename(before[5], after[5])
    if files.is_dir(after[5]) and after[2:4] != before[2:4]:
        files.chown(after[5], int(after[2]), int(after[3]))


def _password(process: Process, options: Options, hashed: str) -> str:
    if "p" in options:
        return options.last("p")
    if "L" in options and not hashed.startswith("!"):
        return f"!{hashed}"
    if "U" in options and hashed.startswith("!"):
        if hashed == "!":
            process.complain(
                "usermod: unlocking the user's password would result in a passwordless account.\n"
                "You should set a password with usermod -p to unlock this user's password.\n"
            )
            return hashed
        return hashed[1:]
    return hashed


def _set_groups(process: Process, options: Options, name: str, wanted: list[str]) -> None:
    files = process.files
    for group in book.groups(files):
        there = name in book.members(group)
        named = group[0] in wanted
        keep = (there and not named) if "r" in options else (named or (there and "a" in options))
        if keep != there:
            others = [one for one in book.members(group) if one != name]
            book.set_members(files, group[0], [*others, name] if keep else others)


TOOLS: dict[str, Tool] = {"usermod": _usermod}
