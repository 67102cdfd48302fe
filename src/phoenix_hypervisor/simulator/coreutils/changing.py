"""Programs that make and remove files."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable

from phoenix_hypervisor.simulator.coreutils import accounts
from phoenix_hypervisor.simulator.coreutils.common import (
    Fault,
    Options,
    Tool,
    absolute,
    each,
    operands,
    quoted,
    reason,
    size_number,
)
from phoenix_hypervisor.simulator.process import Process


def complaint(name: str, process: Process, action: str) -> Callable[[str, OSError], None]:
    """Complains that the action was not possible with a file."""

    def complain(file: str, wrong: OSError) -> None:
        process.complain(f"{name}: {action} {quoted(file)}: {reason(wrong)}\n")

    return complain


def _mkdir(process: Process, words: list[str]) -> int:
    options = Options("mkdir", words, "pv", "m", {"parents": "p", "mode": "m", "verbose": "v"})
    mode = mode_of(options.last("m"), 0o777) if "m" in options else 0o777 & ~process.umask

    def make(name: str) -> None:
        path = absolute(process, name)
        if "p" not in options or not process.files.is_dir(path):
            process.files.mkdir(path, "p" in options, mode)

    return each(operands(options, "mkdir"), make, complaint("mkdir", process, "cannot create directory"))


def mode_of(text: str, mode: int, directory: bool = True) -> int:
    """The mode that a text asks for; a fault when it is no mode."""
    found = accounts.new_mode(text, mode, directory)
    if found is None:
        raise Fault(f"invalid mode {quoted(text)}")
    return found


def _rmdir(process: Process, words: list[str]) -> int:
    options = Options("rmdir", words, "pv", "", {"ignore-fail-on-non-empty": "i"})

    def remove(name: str) -> None:
        path = absolute(process, name)
        entry = process.files.stat(path, follow=False)
        if entry is not None and entry.kind != "directory":
            raise NotADirectoryError(errno.ENOTDIR, "")
        process.files.remove(path)

    return each(operands(options, "rmdir"), remove, complaint("rmdir", process, "failed to remove"))


def _rm(process: Process, words: list[str]) -> int:
    long = {"recursive": "r", "force": "f", "dir": "d", "verbose": "v", "one-file-system": "x"}
    options = Options("rm", words, "rRfdvix", "", long)
    if not options.operands and "f" in options:
        return 0
    recursive = "r" in options or "R" in options

    def remove(name: str) -> None:
        path = absolute(process, name)
        entry = process.files.stat(path.rstrip("/") or "/", follow=False)
        if entry is not None and entry.kind == "link" and name.endswith("/"):
            for below in process.files.list(path) if recursive else ():
                process.files.remove(f"{path}{below}", recursive)
            return
        if entry is None:
            if "f" in options:
                return
            process.files.remove(path)
        elif entry.kind == "directory" and not recursive and "d" not in options:
            raise IsADirectoryError(errno.EISDIR, "")
        elif process.files.resolve(path) == "/" and entry.kind == "directory":
            raise OSError(errno.EBUSY, "")
        process.files.remove(path, recursive)

    return each(operands(options, "rm"), remove, complaint("rm", process, "cannot remove"))


def _touch(process: Process, words: list[str]) -> int:
    options = Options("touch", words, "camh", "drt", {"no-create": "c", "date": "d", "reference": "r"})
    mtime = None
    if options.last("d").startswith("@"):
        mtime = float(options.last("d")[1:])
    if "r" in options:
        reference = process.files.stat(absolute(process, options.last("r")))
        if reference is None:
            raise Fault(f"failed to get attributes of {quoted(options.last('r'))}: No such file or directory")
        mtime = reference.mtime

    def touch(name: str) -> None:
        path = absolute(process, name)
        if not process.files.exists(path):
            if "c" in options:
                return
            process.files.write(path, "", mode=0o666 & ~process.umask)
        process.files.touch(path, mtime)

    if not options.operands:
        raise Fault("missing file operand\nTry 'touch --help' for more information.")
    return each(options.operands, touch, complaint("touch", process, "cannot touch"))


def _truncate(process: Process, words: list[str]) -> int:
    options = Options("truncate", words, "c", "s", {"size": "s"})
    if "s" not in options:
        message = "you must specify either '--size' or '--reference'"
        raise Fault(f"{message}\nTry 'truncate --help' for more information.")
    try:
        size = size_number(options.last("s"))
    except ValueError as wrong:
        raise Fault(f"Invalid number: {quoted(options.last('s'))}") from wrong
    if size > 1 << 20:
        raise Fault(f"failed to truncate at {size} bytes: File too large")

    def cut(name: str) -> None:
        path = absolute(process, name)
        old = process.files.read(path) if process.files.exists(path) else ""
        process.files.write(path, old[:size].ljust(size, "\0"))

    return each(operands(options, "truncate"), cut, complaint("truncate", process, "cannot open"))


def _mktemp(process: Process, words: list[str]) -> int:
    options = Options("mktemp", words, "dqtu", "p", {"directory": "d", "tmpdir": "p", "dry-run": "u", "suffix": "s"})
    template = options.operands[0] if options.operands else "tmp.XXXXXXXXXX"
    marks = re.search(r"X{3,}(?=[^X/]*$)", template)
    if not marks:
        raise Fault(f"too few X's in template {quoted(template)}")
    letters = (process.machine.entropy() * (len(marks.group()) // 64 + 1))[: len(marks.group())]
    name = template[: marks.start()] + letters + template[marks.end() :]
    if not options.operands or "p" in options or "t" in options:
        folder = options.last("p") or process.environment.get("TMPDIR") or "/tmp"  # noqa: S108
        name = f"{folder}/{name}"
    path = absolute(process, name)
    try:
        if "u" not in options:
            if "d" in options:
                process.files.mkdir(path, mode=0o700)
            else:
                process.files.write(path, "", exclusive=True, mode=0o600)
    except OSError as wrong:
        what = "directory" if "d" in options else "file"
        raise Fault(f"failed to create {what} via template {quoted(template)}: {reason(wrong)}") from wrong
    process.say(f"{name}\n")
    return 0


TOOLS: dict[str, Tool] = {
    "mkdir": _mkdir,
    "rmdir": _rmdir,
    "rm": _rm,
    "unlink": _rm,
    "touch": _touch,
    "truncate": _truncate,
    "mktemp": _mktemp,
}
