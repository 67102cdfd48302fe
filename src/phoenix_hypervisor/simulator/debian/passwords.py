"""chpasswd, passwd and chage, over /etc/shadow."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta

from phoenix_hypervisor.simulator.coreutils.common import Fault, Options, Tool
from phoenix_hypervisor.simulator.debian import accountfiles as book
from phoenix_hypervisor.simulator.process import Process

_FIELDS = {"d": 2, "m": 3, "M": 4, "W": 5, "I": 6, "E": 7}
_METHODS = ("NONE", "DES", "MD5", "SHA256", "SHA512", "BCRYPT", "YESCRYPT")


def hashed(password: str) -> str:
    """What stands for the hash of a password."""
    return "$y$j9T$simulated$" + hashlib.sha256(password.encode()).hexdigest()[:43]


def _shadow(process: Process, name: str) -> list[str]:
    found = book.row(process.files, book.SHADOW, name)
    return found if found else [name, "!", book.days(process), "0", "99999", "7", "", "", ""]


def _set(process: Process, name: str, secret: str) -> None:
    row = _shadow(process, name)
    book.replace(process.files, book.SHADOW, name, [name, secret, book.days(process), *row[3:]])


def _chpasswd(process: Process, words: list[str]) -> int:
    long = {"crypt-method": "c", "encrypted": "e", "md5": "m", "root": "R", "sha-rounds": "s"}
    options = Options("chpasswd", words, "em", "cRs", long, usage=2)
    if options.operands:
        raise Fault("Usage: chpasswd [options]", 2)
    if "c" in options and options.last("c") not in _METHODS:
        raise Fault(f"unsupported crypt method: {options.last('c')}", 2)
    direct, changes, failed = bool({"e", "m", "c"} & options.given.keys()), [], False
    for number, line in enumerate(process.stdin.splitlines(), 1):
        name, colon, secret = line.partition(":")
        if not colon:
            process.complain(f"chpasswd: line {number}: missing new password\n")
        elif book.row(process.files, book.PASSWD, name) is None:
            process.complain(
                f"chpasswd: line {number}: user '{name}' does not exist\n"
                if direct
                else f"chpasswd: (user {name}) pam_chauthtok() failed, error:\n"
                "Authentication token manipulation error\n"
                f"chpasswd: (line {number}, user {name}) password not changed\n"
            )
        else:
            changes.append((name, secret if "e" in options else hashed(secret)))
            continue
        failed = True
    if failed and direct:
        raise Fault("error detected, changes ignored")
    for name, secret in changes:
        _set(process, name, secret)
    return int(failed)


def _state(secret: str) -> str:
    return "NP" if not secret else "L" if secret[0] in "!*" else "P"


def _passwd(process: Process, words: list[str]) -> int:
    long = {"lock": "l", "unlock": "u", "delete": "d", "expire": "e", "status": "S", "quiet": "q", "all": "a"}
    options = Options("passwd", words, "ludeSqa", "nxwi", long, usage=2)
    name = options.operands[0] if options.operands else "root"
    if book.row(process.files, book.PASSWD, name) is None:
        raise Fault(f"user '{name}' does not exist")
    row = _shadow(process, name)
    if "S" in options:
        day = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=int(row[2] or 0))
        ages = " ".join(field or "-1" for field in row[3:7])
        process.say(f"{name} {_state(row[1])} {day:%Y-%m-%d} {ages}\n")
        return 0
    if not {"l", "u", "d", "e"} & options.given.keys():
        return _ask(process, name)
    if "u" in options and row[1] in ("!", "!*"):
        raise Fault(
            "unlocking the password would result in a passwordless account.\n"
            "You should set a password with usermod -p to unlock the password of this account.",
            3,
        )
    secret = row[1]
    if "l" in options and not secret.startswith("!"):
        secret = f"!{secret}"
    if "u" in options:
        secret = secret.removeprefix("!")
    if "d" in options:
        secret = ""
    changed = "0" if "e" in options else row[2]
    book.replace(process.files, book.SHADOW, name, [name, secret, changed, *row[3:]])
    if "q" not in options:
        process.say("passwd: password changed.\n")
    return 0


def _ask(process: Process, name: str) -> int:
    """The new password twice from standard input."""
    lines = process.stdin.splitlines()
    process.complain("New password: ")
    if len(lines) > 1:
        process.complain("Retype new password: ")
    if len(lines) < 2 or lines[0] != lines[1] or not lines[0]:
        process.complain("passwd: Authentication token manipulation error\npasswd: password unchanged\n")
        return 10
    _set(process, name, hashed(lines[0]))
    process.complain("passwd: password updated successfully\n")
    return 0


def _date(text: str) -> str:
    """Days since 1970, given as such or as a date; -1 is none."""
    if re.fullmatch(r"-1|[0-9]+", text):
        return "" if text == "-1" else text
    try:
        return str((datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days)
    except ValueError as wrong:
        raise Fault(f"invalid date '{text}'", 2) from wrong


def _chage(process: Process, words: list[str]) -> int:
    long = {
        "lastday": "d", "expiredate": "E", "inactive": "I", "list": "l", "mindays": "m", "maxdays": "M",
        "warndays": "W", "iso8601": "i",
    }  # fmt: skip
    options = Options("chage", words, "li", "dEImMW", long, usage=2)
    if len(options.operands) != 1:
        raise Fault("Usage: chage [options] LOGIN", 2)
    name = options.operands[0]
    if book.row(process.files, book.PASSWD, name) is None:
        raise Fault(f"user '{name}' does not exist in /etc/passwd")
    row = _shadow(process, name)
    if "l" in options:
        process.say(_listing(row))
        return 0
    for letter, index in _FIELDS.items():
        if letter not in options:
            continue
        if letter in "dE":
            row[index] = _date(options.last(letter))
        elif not re.fullmatch(r"-1|[0-9]+", options.last(letter)):
            raise Fault(f"invalid numeric argument '{options.last(letter)}'", 2)
        else:
            row[index] = "" if options.last(letter) == "-1" else options.last(letter)
    book.replace(process.files, book.SHADOW, name, row)
    return 0


def _listing(row: list[str]) -> str:
    def day(text: str) -> str:
        if text in ("", "99999"):
            return "never"
        return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=int(text)):%b %d, %Y}"

    expires = "never" if row[4] in ("", "99999") or not row[2] else day(str(int(row[2]) + int(row[4])))
    lines = {
        "Last password change": day(row[2]),
        "Password expires": expires,
        "Password inactive": "never" if expires == "never" or not row[6] else day(str(int(row[2]) + int(row[6]))),
        "Account expires": day(row[7]),
        "Minimum number of days between password change": row[3] or "-1",
        "Maximum number of days between password change": row[4] or "-1",
        "Number of days of warning before password expires": row[5] or "-1",
    }
    tabs = (5, 6, 6, 6, 2, 2, 1)
    pairs = zip(lines.items(), tabs, strict=True)
    return "".join(f"{title}{chr(9) * count}: {value}\n" for (title, value), count in pairs)


TOOLS: dict[str, Tool] = {"chpasswd": _chpasswd, "passwd": _passwd, "chage": _chage}
