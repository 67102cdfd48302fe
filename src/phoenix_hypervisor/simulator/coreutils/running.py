"""Programs that run others: env, timeout, xargs, flock."""

from __future__ import annotations

import re
import shlex

from phoenix_hypervisor.simulator.coreutils.common import DEFAULT_SECONDS, Fault, Options, absolute, quoted
from phoenix_hypervisor.simulator.process import Process, Program, Run, execute, find

NOT_FOUND = 127
WAIT = 0.05
"""Seconds between two looks at a lock that is held."""


def _child(process: Process, argv: list[str], stdin: str | None = None) -> Process:
    child = Process(
        process.machine, argv, "", dict(process.environment), process.directory, process.out, process.err, process.umask
    )
    child.stdin = process.stdin if stdin is None else stdin
    return child


def _run(name: str, process: Process, child: Process) -> Run:
    """Run a child; say so when there is no such program."""
    if find(child) is None:
        process.complain(f"{name}: '{child.argv[0]}': No such file or directory\n")
        return NOT_FOUND
    return (yield from execute(child))


def _env(process: Process, /) -> Run:
    yield DEFAULT_SECONDS
    words, environment = process.argv[1:], dict(process.environment)
    directory = process.directory
    while words and (words[0].startswith("-") or "=" in words[0]):
        word, words = words[0], words[1:]
        if word in ("-i", "-", "--ignore-environment"):
            environment = {}
        elif word == "-u" and words:
            environment.pop(words[0], None)
            words = words[1:]
        elif word in ("-C", "--chdir") and words:
            directory, words = absolute(process, words[0]), words[1:]
        elif word.startswith("--unset="):
            environment.pop(word.partition("=")[2], None)
        elif word == "--":
            continue
        elif "=" in word and not word.startswith("-"):
            name, _, value = word.partition("=")
            environment[name] = value
        else:
            process.complain(f"env: invalid option -- {quoted(word[1:])}\nTry 'env --help' for more information.\n")
            return 125
    if not words:
        process.say("".join(f"{name}={value}\n" for name, value in environment.items()))
        return 0
    child = _child(process, words)
    child.environment, child.directory = environment, directory
    return (yield from _run("env", process, child))


_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def _seconds(name: str, text: str) -> float:
    found = re.fullmatch(r"([0-9]*\.?[0-9]+|[0-9]+\.)([smhd]?)", text)
    if not found:
        raise Fault(f"invalid time interval {quoted(text)}\nTry '{name} --help' for more information.")
    return float(found[1]) * _UNITS[found[2]]


def _sleep(process: Process, /) -> Run:
    if len(process.argv) < 2:
        process.complain("sleep: missing operand\nTry 'sleep --help' for more information.\n")
        return 1
    try:
        yield sum(_seconds("sleep", word) for word in process.argv[1:])
    except Fault as fault:
        process.complain(f"sleep: {fault}\n")
        return fault.status
    return 0


def _timeout(process: Process, /) -> Run:
    yield DEFAULT_SECONDS
    try:
        long = {"signal": "s", "kill-after": "k", "foreground": "f", "preserve-status": "p"}
        options = Options("timeout", process.argv[1:], "fpv", "sk", long, ordered=True)
        if len(options.operands) < 2:
            process.complain("Try 'timeout --help' for more information.\n")
            return 125
        limit = _seconds("timeout", options.operands[0])
    except Fault as fault:
        process.complain(f"timeout: {fault}\n")
        return 125
    killed = options.last("s").upper().removeprefix("SIG") in ("KILL", "9")
    run = _run("timeout", process, _child(process, options.operands[1:]))
    spent = 0.0
    while True:
        try:
            seconds = next(run)
        except StopIteration as ended:
            return int(ended.value)
        if limit and spent + seconds > limit:
            yield limit - spent
            run.close()
            return 137 if killed else 124
        yield seconds
        spent += seconds


def _xargs(process: Process, /) -> Run:
    yield DEFAULT_SECONDS
    try:
        long = {
            "null": "0",
            "no-run-if-empty": "r",
            "max-args": "n",
            "max-procs": "P",
            "replace": "I",
            "delimiter": "d",
        }
        options = Options("xargs", process.argv[1:], "0rtxp", "nPIdLs", long, ordered=True)
        items = _items(process.stdin, options)
    except (Fault, ValueError) as fault:
        process.complain(f"xargs: {fault}\n")
        return 1
    command = options.operands or ["echo"]
    if not items and ("r" in options or "I" in options):
        return 0
    status = 0
    for argv in _batches(command, items, options):
        if find(_child(process, argv, "")) is None:
            process.complain(f"xargs: {argv[0]}: No such file or directory\n")
            return NOT_FOUND
        result = yield from execute(_child(process, argv, ""))
        if result == 255:
            process.complain(f"xargs: {argv[0]}: exited with status 255; aborting\n")
            return 124
        status = 123 if result else status
    return status


def _items(text: str, options: Options) -> list[str]:
    if "0" in options:
        return [item for item in text.removesuffix("\0").split("\0") if text]
    if "d" in options:
        delimiter = options.last("d").replace("\\n", "\n")
        return text.removesuffix("\n").split(delimiter) if text else []
    if "I" in options:
        return [line.strip() for line in text.splitlines() if line.strip()]
    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        return list(lexer)
    except ValueError as wrong:
        raise Fault("unmatched quote; by default quotes are special to xargs unless you use the -0 option") from wrong


def _batches(command: list[str], items: list[str], options: Options) -> list[list[str]]:
    if "I" in options:
        mark = options.last("I") or "{}"
        return [[word.replace(mark, item) for word in command] for item in items]
    count = int(options.last("n") or options.last("L") or 0) or max(1, len(items))
    return [[*command, *items[start : start + count]] for start in range(0, max(1, len(items)), count)]


def _flock(process: Process, /) -> Run:
    """Locks are the file system's; the form with a descriptor's number holds nothing."""
    yield DEFAULT_SECONDS
    try:
        long = {"nonblock": "n", "nb": "n", "exclusive": "x", "shared": "s", "unlock": "u", "timeout": "w", "wait": "w"}
        long |= {"conflict-exit-code": "E", "close": "o", "command": "c"}
        options = Options("flock", process.argv[1:], "nxesuoFv", "wE", long, ordered=True)
        limit = 0.0 if "n" in options else _seconds("flock", options.last("w")) if "w" in options else float("inf")
    except Fault as fault:
        process.complain(f"flock: {fault}\n")
        return 64
    if not options.operands:
        process.complain("flock: not enough arguments\nTry 'flock --help' for more information.\n")
        return 64
    file, *words = options.operands
    if not words:
        return 0
    argv = ["/bin/sh", *words] if words[0] == "-c" else words
    path = absolute(process, file)
    try:
        if not process.files.exists(path):
            process.files.write(path, "", mode=0o666 & ~process.umask)
        path = process.files.resolve(path)
    except OSError as wrong:
        process.complain(f"flock: cannot open lock file {file}: {wrong.strerror}\n")
        return 66
    return (yield from _locked(process, path, argv, limit, int(options.last("E") or 1)))


def _locked(process: Process, path: str, argv: list[str], limit: float, conflict: int) -> Run:
    locks, waited = process.files.locks, 0.0
    while path in locks:
        if waited >= limit:
            return conflict
        yield WAIT
        waited += WAIT
    locks.add(path)
    try:
        child = _child(process, argv)
        if find(child) is None:
            process.complain(f"flock: failed to execute {argv[0]}: No such file or directory\n")
            return 69
        return (yield from execute(child))
    finally:
        locks.discard(path)


def _passing(name: str, values: str = "") -> Program:
    """A program that runs another one as it is."""

    def run(process: Process, /) -> Run:
        yield DEFAULT_SECONDS
        try:
            options = Options(name, process.argv[1:], "abcfpitw", values, ordered=True, usage=125)
            if not options.operands:
                raise Fault(f"missing operand\nTry '{name} --help' for more information.", 125)
        except Fault as fault:
            process.complain(f"{name}: {fault}\n")
            return fault.status
        return (yield from _run(name, process, _child(process, options.operands)))

    return run


PROGRAMS: dict[str, Program] = {
    "env": _env,
    "sleep": _sleep,
    "timeout": _timeout,
    "xargs": _xargs,
    "flock": _flock,
    "nice": _passing("nice", "n"),
    "ionice": _passing("ionice", "cn"),
    "nohup": _passing("nohup"),
    "setsid": _passing("setsid"),
    "stdbuf": _passing("stdbuf", "ioe"),
}
