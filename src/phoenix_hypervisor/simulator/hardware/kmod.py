"""modprobe, rmmod, lsmod, modinfo, depmod."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.coreutils.common import Fault, Options, Tool
from phoenix_hypervisor.simulator.hardware.modconf import Config, plain
from phoenix_hypervisor.simulator.hardware.modules import Module, ModuleFault, Modules, read, size
from phoenix_hypervisor.simulator.process import Process, Program, Run, execute

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

_LONG = {"remove": "r", "dry-run": "n", "show": "n", "all": "a", "use-blacklist": "b", "verbose": "v", "quiet": "q"}
_LONG |= {"first-time": "F", "ignore-install": "i", "resolve-alias": "R", "syslog": "s", "show-depends": "D"}

NO_FOLDER = (
    "depmod: ERROR: could not open directory /lib/modules/{}: No such file or directory\n"
    "depmod: FATAL: could not search modules: No such file or directory\n"
)


def _modprobe(node: Node, process: Process, /) -> Run:
    yield 0.02
    options = Options("modprobe", process.argv[1:], "rnabvqFiRsD", "dCS", _LONG)
    if not options.operands:
        raise Fault("ERROR: missing parameters. See -h.", 1)
    modules, config = node.modules, node.modules.config()
    for complaint in config.complaints:
        process.complain(complaint)
    names = options.operands if "a" in options or "r" in options else options.operands[:1]
    given = () if names == options.operands else tuple(options.operands[1:])
    try:
        for name in names:
            wanted = config.alias.get(plain(name), plain(name))
            if "r" in options:
                _remove(modules, wanted, "n" in options)
            elif status := (yield from _insert(process, modules, config, wanted, options, given)):
                return status
    except ModuleFault as fault:
        if "q" not in options:
            process.complain(f"modprobe: {fault}\n")
        return 1
    return 0


def _insert(
    process: Process, modules: Modules, config: Config, name: str, options: Options, given: tuple[str, ...]
) -> Run:
    if "b" in options and name in config.blacklist:
        return 0
    command = config.install.get(name)
    if command is not None and "i" not in options and name not in modules.loaded():
        if "n" in options:
            return 0
        child = process.child(["sh", "-c", command])
        status = yield from execute(child)
        process.complain("".join(child.err))
        if status:
            process.complain(f"modprobe: ERROR: ../libkmod/libkmod-module.c:1084 command_do() Error running "
                             f"install command '{command}' for module {name}: retcode {status}\n"
                             f"modprobe: ERROR: could not insert '{name}': Invalid argument\n")  # fmt: skip
        return int(bool(status))
    if "F" in options and name in modules.loaded():
        raise ModuleFault(f"ERROR: could not insert '{name}': Module already in kernel")
    if "n" in options or "D" in options:
        if modules.find(name) is None and not modules.is_builtin(name):
            raise ModuleFault(f"FATAL: Module {name} not found in directory {modules.folder()}")
        return 0
    modules.load(name, config, given)
    yield 0.1
    return 0


def _remove(modules: Modules, name: str, dry: bool) -> None:
    """Take out a module, and what only it needed."""
    if modules.is_builtin(name):
        raise ModuleFault(f"FATAL: Module {name} is builtin.")
    loaded = modules.loaded()
    if name not in loaded:
        if modules.find(name) is None:
            raise ModuleFault(f"FATAL: Module {name} not found.")
        return
    if modules.users(name) or modules.held(name):
        raise ModuleFault(f"FATAL: Module {name} is in use.")
    if dry:
        return
    modules.unload(name)
    for other in loaded[name]:
        if other in modules.loaded() and not modules.users(other) and not modules.held(other):
            _remove(modules, other, dry)


def _rmmod(node: Node, process: Process, words: list[str]) -> int:
    options = Options("rmmod", words, "fsv", "", {"force": "f", "syslog": "s", "verbose": "v"})
    if not options.operands:
        raise Fault("ERROR: missing module name.", 1)
    status = 0
    for name in options.operands:
        try:
            node.modules.unload(name)
        except ModuleFault as fault:
            process.complain(f"rmmod: {fault}\n")
            status = 1
    return status


def _lsmod(node: Node, process: Process, words: list[str]) -> int:
    if words:
        raise Fault("Usage: lsmod", 1)
    process.say("Module                  Size  Used by\n")
    for name in node.modules.loaded():
        users = node.modules.users(name)
        count = len(users) + node.modules.held(name)
        process.say(f"{name:<19} {size(name):8}  {count}{' ' if users else ''}{','.join(users)}\n")
    return 0


_INFO = {"field": "F", "set-version": "k", "author": "a", "description": "d", "license": "l", "filename": "n"}
_SHOWN = {"a": "author", "d": "description", "l": "license", "n": "filename", "p": "parm"}


def _modinfo(node: Node, process: Process, words: list[str]) -> int:
    options = Options("modinfo", words, "adlpn0", "Fkb", _INFO)
    if not options.operands:
        raise Fault("ERROR: missing module or filename.", 1)
    kernel = options.last("k")
    wanted = options.last("F") or next((_SHOWN[letter] for letter in _SHOWN if letter in options), "")
    status = 0
    for name in options.operands:
        module = _module(node, process, name, kernel)
        if module is None:
            process.complain(f"modinfo: ERROR: Module {name} not found.\n")
            status = 1
            continue
        for key, value in (("filename", module.path), *module.fields):
            if wanted == key:
                process.say(f"{value}\n")
            elif not wanted:
                process.say(f"{key + ':':<15} {value}\n")
    return status


def _module(node: Node, process: Process, name: str, kernel: str) -> Module | None:
    if "/" in name or name.endswith(".ko"):
        entry = process.files.stat(name if name.startswith("/") else f"{process.directory}/{name}")
        return read(entry.data, name) if entry else None
    return node.modules.find(name, kernel)


def index(node: Node, kernel: str) -> None:
    """Write modules.dep; a module under ``updates`` goes before one of the kernel's own."""
    files, folder = node.files, f"/lib/modules/{kernel}"
    top = files.resolve(folder)
    paths = [path.removeprefix(f"{top}/") for path in node.root.below(top) if path.endswith(".ko") and files.stat(path)]
    by_name: dict[str, str] = {}
    for path in sorted(paths, key=lambda path: not path.startswith("updates/")):
        by_name.setdefault(plain(path.rpartition("/")[2].removesuffix(".ko")), path)
    lines = []
    for path in sorted(by_name.values()):
        needs = read(files.read(f"{folder}/{path}"), path).depends
        lines.append(f"{path}:{''.join(f' {by_name[one]}' for one in needs if one in by_name)}\n")
    files.write(f"{folder}/modules.dep", "".join(lines))


def _depmod(node: Node, process: Process, words: list[str]) -> int:
    options = Options("depmod", words, "aAneq", "bCFE", {"all": "a", "quick": "A"})
    for kernel in options.operands or [node.kernel.release]:
        if not node.files.is_dir(f"/lib/modules/{kernel}"):
            process.complain(NO_FOLDER.format(kernel))
            return 1
        index(node, kernel)
    return 0


def tools(node: Node) -> dict[str, Tool]:
    found: dict[str, Callable[[Node, Process, list[str]], int]] = {
        "rmmod": _rmmod,
        "lsmod": _lsmod,
        "modinfo": _modinfo,
        "depmod": _depmod,
    }
    return {name: partial(tool, node) for name, tool in found.items()}


def programs(node: Node) -> dict[str, Program]:
    return {"modprobe": partial(_modprobe, node)}
