"""mv, cp, ln and install."""

from __future__ import annotations

import errno

from phoenix_hypervisor.simulator.coreutils.changing import complaint, mode_of
from phoenix_hypervisor.simulator.coreutils.common import (
    Fault,
    Options,
    Tool,
    absolute,
    each,
    operands,
    quoted,
    reason,
)
from phoenix_hypervisor.simulator.coreutils.owning import group_of, owners
from phoenix_hypervisor.simulator.filesystem import Entry
from phoenix_hypervisor.simulator.process import Process


def _destination(process: Process, options: Options, name: str) -> tuple[list[str], str, bool]:
    """Sources, target, and whether the target is a folder that takes them."""
    if "t" in options:
        return options.operands, options.last("t"), True
    names = operands(options, name, 0)
    if not names:
        raise Fault(f"missing file operand\nTry '{name} --help' for more information.")
    if len(names) == 1:
        after = f"missing destination file operand after {quoted(names[0])}"
        raise Fault(f"{after}\nTry '{name} --help' for more information.")
    folder = process.files.is_dir(absolute(process, names[-1])) and "T" not in options
    if len(names) > 2 and not folder:
        raise Fault(f"target {quoted(names[-1])}: No such file or directory")
    return names[:-1], names[-1], folder


def _into(source: str, target: str, folder: bool) -> str:
    return f"{target.rstrip('/')}/{source.rstrip('/').rpartition('/')[2]}" if folder else target


def _mv(process: Process, words: list[str]) -> int:
    options = Options("mv", words, "fnvTui", "t", {"force": "f", "no-clobber": "n", "no-target-directory": "T"})
    sources, target, folder = _destination(process, options, "mv")
    status = 0
    for source in sources:
        place = _into(source, target, folder)
        old, new = absolute(process, source), absolute(process, place)
        if process.files.stat(old, follow=False) is None:
            process.complain(f"mv: cannot stat {quoted(source)}: No such file or directory\n")
            status = 1
            continue
        if "n" in options and process.files.stat(new, follow=False) is not None:
            continue
        try:
            _move(process, old, new)
        except OSError as wrong:
            process.complain(f"mv: {_not_moved(source, place, wrong)}\n")
            status = 1
    return status


def _not_moved(source: str, place: str, wrong: OSError) -> str:
    if wrong.errno == errno.ENOTDIR:
        return f"cannot overwrite non-directory {quoted(place)} with directory {quoted(source)}"
    if wrong.errno == errno.EINVAL:
        return f"cannot move {quoted(source)} to a subdirectory of itself, {quoted(place)}"
    return f"cannot move {quoted(source)} to {quoted(place)}: {reason(wrong)}"


def _move(process: Process, old: str, new: str) -> None:
    try:
        process.files.rename(old, new)
    except OSError as wrong:
        if wrong.errno != errno.EXDEV:
            raise
        copy_tree(process, old, new, Copying(True, True, False))
        process.files.remove(old, recursive=True)


class Copying:
    """How to copy: folders too, with owners and times, following links."""

    def __init__(self, recursive: bool, preserve: bool, follow: bool) -> None:
        self.recursive, self.preserve, self.follow = recursive, preserve, follow


def _cp(process: Process, words: list[str]) -> int:
    long = {"recursive": "r", "archive": "a", "force": "f", "no-clobber": "n", "preserve": "p"}
    long |= {"no-target-directory": "T", "dereference": "L", "no-dereference": "P"}
    options = Options("cp", words, "rRafnpvTLPdui", "t", long)
    sources, target, folder = _destination(process, options, "cp")
    recursive = any(letter in options for letter in "rRa")
    links = any(letter in options for letter in "aPdrR") and "L" not in options
    how = Copying(recursive, "p" in options or "a" in options, not links)
    status = 0
    for source in sources:
        place = _into(source, target, folder)
        if "n" not in options or process.files.stat(absolute(process, place), follow=False) is None:
            status |= _copy_one(process, source, place, how)
    return status


def _copy_one(process: Process, source: str, place: str, how: Copying) -> int:
    old, new = absolute(process, source), absolute(process, place)
    entry = process.files.stat(old, how.follow)
    if entry is None:
        process.complain(f"cp: cannot stat {quoted(source)}: No such file or directory\n")
    elif entry.kind == "directory" and not how.recursive:
        process.complain(f"cp: -r not specified; omitting directory {quoted(source)}\n")
    elif process.files.exists(new) and process.files.resolve(old) == process.files.resolve(new):
        process.complain(f"cp: {quoted(source)} and {quoted(place)} are the same file\n")
    elif entry.kind == "directory" and _is_below(process, new, old):
        process.complain(f"cp: cannot copy a directory, {quoted(source)}, into itself, {quoted(place)}\n")
    else:
        try:
            copy_tree(process, old, new, how)
            return 0
        except OSError as wrong:
            what = "cannot create directory" if entry.kind == "directory" else "cannot create regular file"
            process.complain(f"cp: {what} {quoted(place)}: {reason(wrong)}\n")
    return 1


def _is_below(process: Process, path: str, folder: str) -> bool:
    parent = path.rstrip("/").rpartition("/")[0] or "/"
    above = process.files.resolve(folder).rstrip("/")
    return process.files.is_dir(parent) and f"{process.files.resolve(parent).rstrip('/')}/".startswith(f"{above}/")


def copy_tree(process: Process, old: str, new: str, how: Copying) -> None:
    """Copy a file, a link, a device or a folder with all that is in it."""
    files = process.files
    entry = files.stat(old, how.follow)
    if entry is None:
        return
    if entry.kind == "directory":
        names = files.list(old)
        if not files.is_dir(new):
            files.mkdir(new, mode=entry.mode if how.preserve else entry.mode & ~process.umask)
        for name in names:
            copy_tree(process, f"{old}/{name}", f"{new}/{name}", how)
    elif entry.kind == "file":
        mode = None if files.exists(new) else entry.mode & 0o777 & ~process.umask
        files.write(new, files.read(old), mode=mode)
    else:
        if files.stat(new, follow=False) is not None:
            files.remove(new)
        if entry.kind == "link":
            files.link(entry.data, new)
        else:
            files.device(entry.data, new, entry.mode)
    if how.preserve and entry.kind != "link":
        preserve(process, entry, new)


def preserve(process: Process, entry: Entry, path: str) -> None:
    """Give a copy the mode, owner and time of its original."""
    process.files.chmod(path, entry.mode)
    process.files.chown(path, entry.uid, entry.gid)
    process.files.touch(path, entry.mtime)


def _ln(process: Process, words: list[str]) -> int:
    long = {"symbolic": "s", "force": "f", "no-dereference": "n", "no-target-directory": "T"}
    options = Options("ln", words, "sfnTvr", "t", long)
    names = operands(options, "ln")
    targets, place = (names[:-1], names[-1]) if len(names) > 1 else (names, ".")
    entry = process.files.stat(absolute(process, place), follow="n" not in options)
    folder = entry is not None and entry.kind == "directory" and "T" not in options
    symbolic = "s" in options
    status = 0
    for target in targets:
        name = _into(target, place, folder)
        try:
            _link(process, target, absolute(process, name), symbolic, "f" in options)
        except OSError as wrong:
            kind = "symbolic link" if symbolic else "hard link"
            arrow = "" if wrong.errno == errno.EEXIST else f" => {quoted(target)}" if not symbolic else ""
            if not symbolic and not process.files.exists(absolute(process, target)):
                process.complain(f"ln: failed to access {quoted(target)}: {reason(wrong)}\n")
            else:
                process.complain(f"ln: failed to create {kind} {quoted(name)}{arrow}: {reason(wrong)}\n")
            status = 1
    return status


def _link(process: Process, target: str, path: str, symbolic: bool, force: bool) -> None:
    """A hard link is a second file of the same content."""
    files = process.files
    old = files.stat(absolute(process, target), follow=False)
    if not symbolic and old is None:
        raise FileNotFoundError(errno.ENOENT, "")
    existing = files.stat(path, follow=False)
    if existing is not None and not force:
        raise FileExistsError(errno.EEXIST, "")
    if existing is not None:
        files.remove(path)
    if symbolic:
        files.link(target, path)
    elif old is not None:
        files.write(path, old.data, mode=old.mode, uid=old.uid, gid=old.gid)


def _install(process: Process, words: list[str]) -> int:
    long = {"directory": "d", "mode": "m", "owner": "o", "group": "g", "no-target-directory": "T"}
    options = Options("install", words, "dDvcpCT", "mogt", long)
    mode = mode_of(options.last("m"), 0, directory=False) if "m" in options else 0o755
    uid = owners(process, options.last("o"))[0] if "o" in options else None
    gid = group_of(process, options.last("g")) if "g" in options else None

    def put(path: str, text: str) -> None:
        existing = process.files.stat(path, follow=False)
        if existing is not None and existing.kind == "link":
            process.files.remove(path)
        process.files.write(path, text, mode=mode, uid=uid or 0, gid=gid or 0)

    def folder(name: str) -> None:
        path = absolute(process, name)
        process.files.mkdir(path, parents=True)
        process.files.chmod(path, mode)
        process.files.chown(path, uid, gid)

    if "d" in options:
        return each(operands(options, "install"), folder, complaint("install", process, "cannot create directory"))
    sources, target, is_folder = _destination(process, options, "install")

    def copy(source: str) -> None:
        text = process.stdin if source == "/dev/stdin" else process.files.read(absolute(process, source))
        place = absolute(process, _into(source, target, is_folder))
        if "D" in options:
            process.files.mkdir(place.rpartition("/")[0] or "/", parents=True)
        try:
            put(place, text)
        except OSError as wrong:
            shown = quoted(_into(source, target, is_folder))
            raise Fault(f"cannot create regular file {shown}: {reason(wrong)}") from wrong

    return each(sources, copy, complaint("install", process, "cannot stat"))


TOOLS: dict[str, Tool] = {
    "mv": _mv,
    "cp": _cp,
    "ln": _ln,
    "install": _install,
}
