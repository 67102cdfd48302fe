"""Programs that say who and where, and a few that only answer."""

from __future__ import annotations

from phoenix_hypervisor.simulator.conditions import Condition, ConditionFault
from phoenix_hypervisor.simulator.coreutils import accounts
from phoenix_hypervisor.simulator.coreutils.common import Fault, Options, Tool, absolute, quoted
from phoenix_hypervisor.simulator.formatting import Printf
from phoenix_hypervisor.simulator.process import Process, find
from phoenix_hypervisor.simulator.shell.places import echo, normal


def _echo(process: Process, words: list[str]) -> int:
    process.say(echo(words))
    return 0


def _printf(process: Process, words: list[str]) -> int:
    if not words:
        raise Fault("missing operand\nTry 'printf --help' for more information.")
    printed = Printf(words[0], words[1:])
    process.say(printed.text)
    for fault in printed.faults:
        value, _, message = fault.rpartition(": ")
        message = message.replace("expected numeric value", "expected a numeric value")
        process.complain(f"printf: {quoted(value)}: {message.replace('not completely', 'value not completely')}\n")
    return int(bool(printed.faults))


def _printenv(process: Process, words: list[str]) -> int:
    if not words:
        process.say("".join(f"{name}={value}\n" for name, value in process.environment.items()))
    for name in words:
        if name in process.environment:
            process.say(f"{process.environment[name]}\n")
    return int(any(name not in process.environment for name in words))


def _true(_process: Process, _words: list[str]) -> int:
    return 0


def _false(_process: Process, _words: list[str]) -> int:
    return 1


def _test(process: Process, words: list[str]) -> int:
    try:
        return int(not Condition(words, process.files, process.directory).holds())
    except ConditionFault as fault:
        raise Fault(str(fault), 2) from fault


def _bracket(process: Process, words: list[str]) -> int:
    if words[-1:] != ["]"]:
        raise Fault("missing ']'", 2)
    return _test(process, words[:-1])


def _pwd(process: Process, _words: list[str]) -> int:
    process.say(f"{normal('/', process.directory)}\n")
    return 0


# -- who and where


def _id(process: Process, words: list[str]) -> int:
    long = {"user": "u", "group": "g", "groups": "G", "name": "n"}
    options = Options("id", words, "ugGnr", "", long)
    files = process.files
    name = options.operands[0] if options.operands else "root"
    uid = accounts.user_id(files, name)
    if uid is None:
        raise Fault(f"‘{name}’: no such user")
    user = accounts.user_name(files, uid)
    gid = accounts.primary_group(files, user)
    groups = [gid, *(group for group in accounts.groups_of(files, user) if group != gid)]
    named = "n" in options
    if "u" in options:
        process.say(f"{user if named else uid}\n")
    elif "g" in options:
        process.say(f"{accounts.group_name(files, gid) if named else gid}\n")
    elif "G" in options:
        shown = [accounts.group_name(files, group) if named else str(group) for group in groups]
        process.say(" ".join(shown) + "\n")
    else:
        listed = ",".join(f"{group}({accounts.group_name(files, group)})" for group in groups)
        process.say(f"uid={uid}({user}) gid={gid}({accounts.group_name(files, gid)}) groups={listed}\n")
    return 0


def _whoami(process: Process, _words: list[str]) -> int:
    process.say("root\n")
    return 0


def _uname(process: Process, words: list[str]) -> int:
    long = {"all": "a", "kernel-name": "s", "nodename": "n", "kernel-release": "r", "machine": "m"}
    options = Options("uname", words, "asnrvmpio", "", long)
    values = {
        "s": "Linux",
        "n": process.machine.hostname,
        "r": process.machine.kernel.release,
        "v": process.machine.kernel.version,
        "m": "x86_64",
        "o": "GNU/Linux",
    }
    wanted = values if "a" in options else [letter for letter in values if letter in options]
    if "p" in options or "i" in options:
        process.say("unknown\n")
        return 0
    process.say(" ".join(values[letter] for letter in wanted or ["s"]) + "\n")
    return 0


def _nproc(process: Process, _words: list[str]) -> int:
    entry = process.files.stat("/proc/cpuinfo")
    process.say(f"{max(1, entry.data.count('processor') if entry else 1)}\n")
    return 0


def _which(process: Process, words: list[str]) -> int:
    status = 0
    for name in Options("which", words, "as").operands:
        if find(process.child([name])) is None:
            status = 1
        else:
            process.say(f"{name}\n" if "/" in name else f"/usr/bin/{name}\n")
    return status


# -- processes


def _kill(process: Process, words: list[str]) -> int:
    if words[:1] == ["-l"]:
        process.say("HUP INT QUIT KILL TERM\n")
        return 0
    status = 0
    for pid in [word for word in words if not word.startswith("-")]:
        if not process.files.exists(f"/proc/{pid}"):
            process.complain(f"kill: ({pid}) - No such process\n")
            status = 1
    return status


def _ps(process: Process, _words: list[str]) -> int:
    process.say("    PID TTY          TIME CMD\n")
    return 0


def _none(_process: Process, _words: list[str]) -> int:
    """pgrep and pkill find no process."""
    return 1


def _sync(process: Process, words: list[str]) -> int:
    """All is on the disk at once; what is named must be there."""
    names = Options("sync", words, "df", "", {"data": "d", "file-system": "f"}).operands
    missing = [name for name in names if not process.files.exists(absolute(process, name))]
    for name in missing:
        process.complain(f"sync: error opening {quoted(name)}: No such file or directory\n")
    return 1 if missing else 0


TOOLS: dict[str, Tool] = {
    "echo": _echo,
    "printf": _printf,
    "printenv": _printenv,
    "true": _true,
    "false": _false,
    "test": _test,
    "[": _bracket,
    "pwd": _pwd,
    "id": _id,
    "whoami": _whoami,
    "uname": _uname,
    "nproc": _nproc,
    "which": _which,
    "kill": _kill,
    "ps": _ps,
    "pgrep": _none,
    "pkill": _none,
    "sync": _sync,
    "logger": _true,
}
