"""smbpasswd(8) and pdbedit(8), used by root."""

from __future__ import annotations

from dataclasses import replace

from phoenix_hypervisor.simulator.process import Process
from phoenix_hypervisor.simulator.sharing import passdb
from phoenix_hypervisor.simulator.sharing.passdb import NO_PASSWORD, Account

_USAGE = "When run by root:\n    smbpasswd [options] [username]\notherwise:\n    smbpasswd [options]\n"
_LONG = {"--list": "L", "--verbose": "v", "--smbpasswd-style": "w", "--create": "a", "--modify": "r", "--delete": "x"}
_LONG |= {"--user": "u", "--fullname": "f", "--password-from-stdin": "t", "--account-control": "c"}
_NEVER = "never"


class _Stop(Exception):
    """The program ends with a complaint."""

    def __init__(self, text: str, status: int = 1) -> None:
        super().__init__(text)
        self.status = status


def _read(words: list[str], flags: str, values: str, usage: str) -> tuple[set[str], dict[str, str], list[str]]:
    found, given, rest, operands = set[str](), dict[str, str](), list(words), list[str]()
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        letters = _LONG[name] if name in _LONG and "pdbedit" in usage else word[1:]
        if not word.startswith("-") or word == "-":
            operands.append(word)
            continue
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in flags:
                found.add(letter)
            elif letter in values and (letters or equals or rest):
                given[letter] = letters or (value if equals else "") or rest.pop(0)
                letters = ""
            else:
                raise _Stop(usage)
    return found, given, operands


def smbpasswd(process: Process, words: list[str]) -> int:
    try:
        flags, _values, operands = _read(words, "axdensLh", "cD", _USAGE)
        if "h" in flags or len(operands) > 1:
            raise _Stop(_USAGE)
        process.say(_change(process, flags, operands[0] if operands else "root"))
    except _Stop as stop:
        process.complain(str(stop))
        return stop.status
    return 0


def _change(process: Process, flags: set[str], name: str) -> str:
    """Do what the letters say; what there is to tell about it."""
    accounts = passdb.read(process.files)
    account = accounts.get(name)
    wants_password = not flags & {"x", "d", "n"} and ("e" not in flags or (account is not None and not account.nt))
    password = _new_password(process, "s" in flags) if wants_password else ""
    if account is None and "a" not in flags:
        raise _Stop(f"Failed to find entry for user {name}.\n")
    found = account or passdb.of_unix(process.files, name)
    if found is None:
        raise _Stop(f"Failed to add entry for user {name}.\n")
    text = "" if account else f"Added user {name}.\n"
    now = process.machine.clock
    if "x" in flags:
        del accounts[name]
        passdb.write(process.files, accounts)
        return f"Deleted user {name}.\n"
    changed = passdb.with_password(found, password, now) if wants_password else found
    if "d" in flags:
        changed, text = replace(changed, disabled=True), text or f"Disabled user {name}.\n"
    if "e" in flags:
        changed, text = replace(changed, disabled=False), text or f"Enabled user {name}.\n"
    if "n" in flags:
        changed = replace(changed, nt="", without_password=True)
        text = text or f"User {name} password set to none.\n"
    passdb.write(process.files, {**accounts, name: changed})
    return text


def _new_password(process: Process, from_stdin: bool) -> str:
    """The password that stands twice on standard input."""
    lines = process.stdin.split("\n") if from_stdin else []
    if len(lines) < 2:
        raise _Stop("Unable to get new password.\n")
    if lines[0] != lines[1]:
        raise _Stop("Mismatch - password unchanged.\nUnable to get new password.\n")
    return lines[0]


# -- pdbedit

_PDBEDIT_USAGE = "Usage: pdbedit [OPTION...]\n"
_NOT_FOUND = 255


def pdbedit(process: Process, words: list[str]) -> int:
    try:
        flags, values, operands = _read(words, "Lvwarxt", "ufcd", f"{_PDBEDIT_USAGE}")
        name = values.get("u") or (operands[0] if operands else "")
        if flags & {"a", "x", "r"} and not name:
            raise _Stop("Username not specified! (use -u option)\n", _NOT_FOUND)
        if "a" in flags:
            process.say(_added(process, name, values, "t" in flags))
        elif "x" in flags:
            _removed(process, name)
        elif "r" in flags or values.keys() & {"f", "c"}:
            process.say(_modified(process, name, values))
        elif "L" in flags or name:
            process.say(_listed(process, name, flags))
        else:
            raise _Stop(_PDBEDIT_USAGE)
    except _Stop as stop:
        process.complain(str(stop))
        return stop.status
    return 0


def _added(process: Process, name: str, values: dict[str, str], from_stdin: bool) -> str:
    account = passdb.of_unix(process.files, name)
    if account is None:
        raise _Stop(f"Cannot locate Unix account for {name}\n", _NOT_FOUND)
    lines = process.stdin.split("\n") if from_stdin else []
    if len(lines) < 2 or lines[0] != lines[1]:
        raise _Stop("Passwords do not match!\n", _NOT_FOUND)
    accounts = passdb.read(process.files)
    if name in accounts:
        raise _Stop("Unable to add user! (does it already exist?)\n", _NOT_FOUND)
    named = replace(account, full_name=values.get("f", account.full_name))
    accounts[name] = passdb.with_password(named, lines[0], process.machine.clock)
    passdb.write(process.files, accounts)
    return _verbose(process, accounts[name])


def _known(process: Process, name: str, text: str) -> Account:
    account = passdb.read(process.files).get(name)
    if account is None:
        raise _Stop(text, _NOT_FOUND)
    return account


def _removed(process: Process, name: str) -> None:
    _known(process, name, f"user {name} does not exist in the passdb\n")
    left = {key: one for key, one in passdb.read(process.files).items() if key != name}
    passdb.write(process.files, left)


def _modified(process: Process, name: str, values: dict[str, str]) -> str:
    account = _known(process, name, "Username not found!\n")
    letters = values.get("c", account.flags)
    account = replace(account, full_name=values.get("f", account.full_name), disabled="D" in letters)
    account = replace(account, without_password="N" in letters)
    passdb.write(process.files, {**passdb.read(process.files), name: account})
    return _verbose(process, account)


def _listed(process: Process, name: str, flags: set[str]) -> str:
    accounts = passdb.read(process.files)
    chosen = [_known(process, name, "Username not found!\n")] if name else [accounts[key] for key in sorted(accounts)]
    if "v" in flags:
        return "".join(("" if name else "---------------\n") + _verbose(process, one) for one in chosen)
    if "w" in flags:
        return "".join(
            f"{one.name}:{one.uid}:{NO_PASSWORD}:{one.nt or NO_PASSWORD}:{one.flags}:LCT-{one.set_at:08X}:\n"
            for one in chosen
        )
    return "".join(f"{one.name}:{one.uid}:{one.full_name}\n" for one in chosen)


def _verbose(process: Process, account: Account) -> str:
    host = process.machine.hostname
    rows = {
        "Unix username": account.name,
        "NT username": "",
        "Account Flags": account.flags,
        "User SID": f"S-1-5-21-1004336348-1177238915-682003330-{1000 + 2 * account.uid}",
        "Primary Group SID": "S-1-5-21-1004336348-1177238915-682003330-513",
        "Full Name": account.full_name,
        "Home Directory": f"\\\\{host.upper()}\\{account.name}",
        "HomeDir Drive": "",
        "Logon Script": "",
        "Profile Path": f"\\\\{host.upper()}\\{account.name}\\profile",
        "Domain": host.upper(),
        "Account desc": "",
        "Workstations": "",
        "Munged dial": "",
        "Logon time": "0",
        "Kickoff time": _NEVER,
        "Password can change": "0" if not account.set_at else str(account.set_at),
        "Password must change": _NEVER,
        "Last bad password": "0",
        "Bad password count": "0",
    }
    return "".join(f"{f'{key}:':<22}{value}\n" for key, value in rows.items())
