"""Programs that show what files there are."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from posixpath import normpath

from phoenix_hypervisor.simulator.coreutils import accounts
from phoenix_hypervisor.simulator.coreutils.common import Fault, Options, Tool, absolute, each, operands, quoted, reason
from phoenix_hypervisor.simulator.filesystem import Entry
from phoenix_hypervisor.simulator.process import Process


def _ls(process: Process, words: list[str]) -> int:
    long = {"all": "a", "almost-all": "A", "directory": "d", "recursive": "R", "human-readable": "h", "color": "c"}
    options = Options("ls", words, "1aAdlnhRtrSFip", "", long, usage=2)
    names = options.operands or ["."]
    files: list[tuple[str, Entry]] = []
    folders: list[str] = []
    status = 0
    for name in names:
        path = absolute(process, name)
        entry = process.files.stat(path, follow="l" not in options) or process.files.stat(path, follow=False)
        if entry is None:
            process.complain(f"ls: cannot access {quoted(name)}: No such file or directory\n")
            status = 2
        elif entry.kind == "directory" and "d" not in options:
            folders.append(name)
        else:
            files.append((name, entry))
    _show(process, options, sorted(files))
    for index, name in enumerate(sorted(folders)):
        if len(names) > 1 or "R" in options:
            process.say(("\n" if index or files else "") + f"{name}:\n")
        _folder(process, options, name)
    return status


def _folder(process: Process, options: Options, name: str) -> None:
    path = absolute(process, name)
    found = process.files.list(path)
    shown = [entry for entry in found if not entry.startswith(".") or "a" in options or "A" in options]
    if "a" in options:
        shown = [".", "..", *shown]
    entries = [(entry, process.files.stat(f"{path}/{entry}", follow=False)) for entry in shown]
    there = [(entry, stat) for entry, stat in entries if stat is not None]
    if "l" in options or "n" in options:
        process.say(f"total {4 * sum(stat.kind != 'link' for _, stat in there)}\n")
    _show(process, options, there)
    if "R" in options:
        for entry, stat in there:
            if stat.kind == "directory" and entry not in (".", ".."):
                process.say(f"\n{name}/{entry}:\n")
                _folder(process, options, f"{name}/{entry}")


def _show(process: Process, options: Options, entries: list[tuple[str, Entry]]) -> None:
    if "t" in options:
        entries = sorted(entries, key=lambda item: -item[1].mtime)
    if "S" in options:
        entries = sorted(entries, key=lambda item: -item[1].size)
    if "r" in options:
        entries = entries[::-1]
    for name, entry in entries:
        mark = {"directory": "/", "link": "@"}.get(entry.kind, "*" if entry.mode & 0o111 else "")
        mark = mark if "F" in options or ("p" in options and mark == "/") else ""
        if "l" in options or "n" in options:
            process.say(_long(process, name, entry, numbers="n" in options) + "\n")
        else:
            process.say(f"{name}{mark}\n")


def _long(process: Process, name: str, entry: Entry, *, numbers: bool) -> str:
    user = str(entry.uid) if numbers else accounts.user_name(process.files, entry.uid)
    group = str(entry.gid) if numbers else accounts.group_name(process.files, entry.gid)
    when = time.strftime("%b %e %H:%M", time.gmtime(entry.mtime))
    size = ", ".join(entry.data.split()[1:]) if entry.kind == "device" else str(_size(entry))
    links = 2 if entry.kind == "directory" else 1
    arrow = f" -> {entry.data}" if entry.kind == "link" else ""
    return f"{accounts.letters(entry.kind, entry.mode)} {links} {user} {group} {size} {when} {name}{arrow}"


def _size(entry: Entry) -> int:
    return 4096 if entry.kind == "directory" else 0 if entry.kind == "device" else entry.size


KINDS = {"directory": "directory", "link": "symbolic link"}
_LETTERS: dict[str, Callable[[Process, str, Entry], str]] = {
    "a": lambda _process, _name, entry: f"{entry.mode:o}",
    "A": lambda _process, _name, entry: accounts.letters(entry.kind, entry.mode),
    "u": lambda _process, _name, entry: str(entry.uid),
    "U": lambda process, _name, entry: accounts.user_name(process.files, entry.uid),
    "g": lambda _process, _name, entry: str(entry.gid),
    "G": lambda process, _name, entry: accounts.group_name(process.files, entry.gid),
    "s": lambda _process, _name, entry: str(_size(entry)),
    "n": lambda _process, name, _entry: name,
    "N": lambda _process, name, entry: quoted(name) + (f" -> {quoted(entry.data)}" if entry.kind == "link" else ""),
    "F": lambda _process, _name, entry: _kind(entry),
    "Y": lambda _process, _name, entry: str(int(entry.mtime)),
    "y": lambda _process, _name, entry: time.strftime("%F %T.000000000 +0000", time.gmtime(entry.mtime)),
    "h": lambda _process, _name, entry: "2" if entry.kind == "directory" else "1",
    "i": lambda process, name, _entry: str(_inode(absolute(process, name))),
    "f": lambda _process, _name, entry: f"{_type_bits(entry) | entry.mode:x}",
    "t": lambda _process, _name, entry: f"{int(entry.data.split()[1]):x}" if entry.kind == "device" else "0",
    "T": lambda _process, _name, entry: f"{int(entry.data.split()[2]):x}" if entry.kind == "device" else "0",
    "%": lambda _process, _name, _entry: "%",
}


def _kind(entry: Entry) -> str:
    if entry.kind == "device":
        return "block special file" if entry.data.startswith("b") else "character special file"
    return KINDS.get(entry.kind) or ("regular file" if entry.data else "regular empty file")


def _type_bits(entry: Entry) -> int:
    return {"directory": 0o040000, "link": 0o120000, "device": 0o020000}.get(entry.kind, 0o100000)


def _inode(path: str) -> int:
    return int(hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:8], 16)


def _stat(process: Process, words: list[str]) -> int:
    options = Options("stat", words, "Lt", "cP", {"format": "c", "printf": "P", "dereference": "L"})
    format_ = options.last("c") or options.last("P") or "  File: %N\n  Size: %s\t%F\nAccess: (%a/%A)  Uid: %u   Gid: %g"
    end = "" if "P" in options else "\n"

    def show(name: str) -> None:
        entry = process.files.stat(absolute(process, name), follow="L" in options)
        if entry is None:
            process.files.read(absolute(process, name))
            raise FileNotFoundError(2, "")
        process.say(_formatted(process, format_, name, entry) + end)

    def complain(name: str, wrong: OSError) -> None:
        process.complain(f"stat: cannot statx {quoted(name)}: {reason(wrong)}\n")

    return each(operands(options, "stat"), show, complain)


def _formatted(process: Process, format_: str, name: str, entry: Entry) -> str:
    pieces: list[str] = []
    position = 0
    while position < len(format_):
        letter = format_[position + 1 : position + 2]
        if format_[position] == "%" and letter in _LETTERS and letter:
            pieces.append(_LETTERS[letter](process, name, entry))
            position += 2
        elif format_.startswith("\\n", position):
            pieces.append("\n")
            position += 2
        else:
            pieces.append(format_[position])
            position += 1
    return "".join(pieces)


def _readlink(process: Process, words: list[str]) -> int:
    options = Options("readlink", words, "femnqsz", "", {"canonicalize": "f", "canonicalize-existing": "e"})
    status = 0
    for name in operands(options, "readlink"):
        if "f" in options or "e" in options or "m" in options:
            status |= _canonical(process, name, "e" in options, "m" in options)
            continue
        entry = process.files.stat(absolute(process, name), follow=False)
        if entry is None or entry.kind != "link":
            status = 1
        else:
            process.say(entry.data + ("" if "n" in options else "\n"))
    return status


def _realpath(process: Process, words: list[str]) -> int:
    options = Options("realpath", words, "emqsz", "", {"canonicalize-existing": "e", "canonicalize-missing": "m"})
    status = 0
    for name in operands(options, "realpath"):
        failed = _canonical(process, name, "e" in options, "m" in options)
        if failed and "q" not in options:
            process.complain(f"realpath: {name}: No such file or directory\n")
        status |= failed
    return status


def _canonical(process: Process, name: str, existing: bool, missing: bool) -> int:
    path = absolute(process, name)
    try:
        found = process.files.resolve(path)
    except OSError:
        if not missing:
            return 1
        found = normpath(path)
    if existing and not process.files.exists(path):
        return 1
    process.say(f"{found}\n")
    return 0


def _basename(process: Process, words: list[str]) -> int:
    options = Options("basename", words, "az", "s", {"multiple": "a", "suffix": "s"})
    names = operands(options, "basename")
    suffix = options.last("s")
    if "a" not in options and "s" not in options:
        if len(names) > 2:
            raise Fault(f"extra operand {quoted(names[2])}\nTry 'basename --help' for more information.")
        suffix, names = (names[1] if len(names) > 1 else ""), names[:1]
    for name in names:
        base = name.rstrip("/").rpartition("/")[2] or name[:1]
        process.say((base.removesuffix(suffix) if base != suffix else base) + "\n")
    return 0


def _dirname(process: Process, words: list[str]) -> int:
    for name in operands(Options("dirname", words, "z"), "dirname"):
        head, slash, _ = name.rstrip("/").rpartition("/")
        process.say((head.rstrip("/") or "/" if slash or name.startswith("/") else ".") + "\n")
    return 0


def _mountpoint(process: Process, words: list[str]) -> int:
    options = Options("mountpoint", words, "qdx")
    name = operands(options, "mountpoint")[0]
    path = absolute(process, name)
    if not process.files.exists(path):
        raise Fault(f"{name}: No such file or directory")
    found = process.files.resolve(path) in {mount.path for mount in process.files.mounts}
    if "q" not in options:
        process.say(f"{name} is {'' if found else 'not '}a mountpoint\n")
    return 0 if found else 32


TOOLS: dict[str, Tool] = {
    "ls": _ls,
    "stat": _stat,
    "readlink": _readlink,
    "realpath": _realpath,
    "basename": _basename,
    "dirname": _dirname,
    "mountpoint": _mountpoint,
}
