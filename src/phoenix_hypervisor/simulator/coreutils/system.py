"""Programs that say who, where and when, and a few that only answer."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from phoenix_hypervisor.simulator.conditions import Condition, ConditionFault
from phoenix_hypervisor.simulator.coreutils import accounts
from phoenix_hypervisor.simulator.coreutils.common import Fault, Options, Tool, absolute, maybe_quoted, quoted
from phoenix_hypervisor.simulator.formatting import Printf
from phoenix_hypervisor.simulator.process import Process, find
from phoenix_hypervisor.simulator.shell.places import echo, normal

KERNEL = "6.17.2-1-pve"
KERNEL_VERSION = "#1 SMP PREEMPT_DYNAMIC PMX 6.17.2-1 (2025-10-21T11:55Z)"


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


def _hostname(process: Process, words: list[str]) -> int:
    options = Options("hostname", words, "fsdiIA", "", {"fqdn": "f", "short": "s", "all-ip-addresses": "I"})
    name = process.machine.hostname
    if "I" in options:
        shown = [address.cidr.partition("/")[0] for address in process.machine.addresses if address.cidr]
        process.say(" ".join([*shown, ""]) + "\n")
    elif "s" in options:
        process.say(name.partition(".")[0] + "\n")
    elif options.operands:
        raise Fault("you must be root to change the host name")
    else:
        process.say(f"{name}\n")
    return 0


def _uname(process: Process, words: list[str]) -> int:
    long = {"all": "a", "kernel-name": "s", "nodename": "n", "kernel-release": "r", "machine": "m"}
    options = Options("uname", words, "asnrvmpio", "", long)
    values = {
        "s": "Linux",
        "n": process.machine.hostname,
        "r": KERNEL,
        "v": KERNEL_VERSION,
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


# -- when


def _zone(process: Process) -> tzinfo:
    entry = process.files.stat("/etc/localtime", follow=False)
    name = entry.data.rpartition("zoneinfo/")[2] if entry and entry.kind == "link" else "UTC"
    if not re.fullmatch(r"[A-Za-z]+(/[A-Za-z_+-]+)*[0-9]*", name):
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def _date(process: Process, words: list[str]) -> int:
    long = {"utc": "u", "universal": "u", "date": "d", "iso-8601": "I", "rfc-email": "R", "reference": "r"}
    words = [re.sub(r"^-I(\w+)$", r"--iso-8601=\1", word) for word in words]
    options = Options("date", words, "uRI", "dsr", long)
    zone: tzinfo = UTC if "u" in options else _zone(process)
    when = datetime.fromtimestamp(_moment(process, options), zone)
    format_ = next((word[1:] for word in options.operands if word.startswith("+")), "")
    if "I" in options:
        format_ = "%FT%T%:z" if options.last("I").startswith("s") else "%F"
    elif "R" in options:
        format_ = "%a, %d %b %Y %T %z"
    process.say(_formatted(format_ or "%a %b %e %T %Z %Y", when) + "\n")
    return 0


def _moment(process: Process, options: Options) -> float:
    text = options.last("d")
    if "r" in options:
        entry = process.files.stat(absolute(process, options.last("r")))
        if entry is None:
            raise Fault(f"{maybe_quoted(options.last('r'))}: No such file or directory")
        return entry.mtime
    if not text or text == "now":
        return process.machine.clock
    if re.fullmatch(r"@-?[0-9]+(\.[0-9]+)?", text):
        return float(text[1:])
    try:
        found = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise Fault(f"invalid date {quoted(text)}") from wrong
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _formatted(format_: str, when: datetime) -> str:
    offset = when.strftime("%z")
    values = {
        "%:z": f"{offset[:3]}:{offset[3:]}",
        "%N": f"{when.microsecond * 1000:09d}",
        "%s": str(int(when.timestamp())),
        "%n": "\n",
        "%t": "\t",
        "%%": "%",
        "%P": when.strftime("%p").lower(),
        "%e": f"{when.day:2d}",
        "%-d": str(when.day),
    }
    known = r"%:z|%-d|%[aAbBcCdDeFgGhHIjklmMnNpPrRsSTtuUVwWxXyYzZ%]"
    return re.sub(known, lambda found: values.get(found.group()) or when.strftime(found.group()), format_)


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


# -- keys

_BITS = {"ed25519": 256, "rsa": 3072, "ecdsa": 256}
_NAMES = {"ed25519": "ssh-ed25519", "rsa": "ssh-rsa", "ecdsa": "ecdsa-sha2-nistp256"}


def _ssh_keygen(process: Process, words: list[str]) -> int:
    options = Options("ssh-keygen", words, "qAlyv", "tNCfbE", usage=1)
    if "A" in options:
        for kind in ("rsa", "ecdsa", "ed25519"):
            path = f"{options.last('f')}/etc/ssh/ssh_host_{kind}_key"
            if not process.files.exists(absolute(process, path)):
                _make_key(process, path, kind, f"root@{process.machine.hostname}")
        return 0
    path = options.last("f") or "/root/.ssh/id_ed25519"
    if "l" in options:
        return _fingerprint(process, path)
    kind = options.last("t") or "ed25519"
    if kind not in _BITS:
        process.complain(f"unknown key type {kind}\n")
        return 255
    if process.files.exists(absolute(process, path)):
        process.say(f"{path} already exists.\nOverwrite (y/n)? ")
        if not process.stdin.startswith("y"):
            return 1
    try:
        _make_key(process, path, kind, options.last("C") or f"root@{process.machine.hostname}")
    except OSError as wrong:
        process.complain(f'Saving key "{path}" failed: {wrong.strerror}\n')
        return 1
    if "q" not in options:
        process.say(f"Generating public/private {kind} key pair.\nYour identification has been saved in {path}\n")
    return 0


def _make_key(process: Process, path: str, kind: str, comment: str) -> None:
    place, name = absolute(process, path), _NAMES[kind].encode()
    secret = process.machine.entropy().encode()
    public = b"\0\0\0" + bytes([len(name)]) + name + b"\0\0\0\x20" + hashlib.sha256(secret).digest()
    coded = base64.b64encode(b"openssh-key-v1\0" + secret).decode()
    private = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{coded[:70]}\n{coded[70:]}\n-----END OPENSSH PRIVATE KEY-----\n"
    process.files.write(place, private, mode=0o600)
    public_line = f"{_NAMES[kind]} {base64.b64encode(public).decode()} {comment}\n"
    process.files.write(f"{place}.pub", public_line, mode=0o644)


def _fingerprint(process: Process, path: str) -> int:
    place = absolute(process, path)
    place = place if place.endswith(".pub") else f"{place}.pub"
    entry = process.files.stat(place)
    fields = entry.data.split() if entry else []
    kind = next((kind for kind, name in _NAMES.items() if fields[:1] == [name]), "")
    if not kind or len(fields) < 2:
        process.complain(f"{path} is not a public key file.\n")
        return 255
    digest = base64.b64encode(hashlib.sha256(base64.b64decode(fields[1])).digest()).decode().rstrip("=")
    process.say(f"{_BITS[kind]} SHA256:{digest} {' '.join(fields[2:]) or 'no comment'} ({kind.upper()})\n")
    return 0


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
    "hostname": _hostname,
    "uname": _uname,
    "nproc": _nproc,
    "which": _which,
    "date": _date,
    "kill": _kill,
    "ps": _ps,
    "pgrep": _none,
    "pkill": _none,
    "sync": _true,
    "logger": _true,
    "ssh-keygen": _ssh_keygen,
}
