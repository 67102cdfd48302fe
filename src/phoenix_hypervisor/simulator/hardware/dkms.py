"""dkms: module sources under /usr/src, what is built of them under /var/lib/dkms. Source: dkms(8), its exit codes."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.hardware import kernels, keys, kmod, modules
from phoenix_hypervisor.simulator.hardware.nvidia import support
from phoenix_hypervisor.simulator.process import Process, Program, Run

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

TREE = "/var/lib/dkms"
BUILD_SECONDS = 75.0
_VERBS = ("status", "add", "build", "install", "remove", "uninstall", "unbuild", "autoinstall")
Pair = tuple[str, str]


class DkmsFault(Exception):
    """``Error! …`` and its exit status."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


def added(node: Node) -> list[Pair]:
    return [(path.split("/")[4], path.split("/")[5]) for path in node.files.glob(f"{TREE}/*/*/source")]


def _place(pair: Pair, kernel: str) -> str:
    return f"{TREE}/{pair[0]}/{pair[1]}/{kernel}/x86_64/module"


def _targets(kernel: str) -> str:
    return f"/lib/modules/{kernel}/updates/dkms"


def names(node: Node, pair: Pair) -> list[str]:
    """The modules that a source builds."""
    entry = node.files.stat(f"/usr/src/{pair[0]}-{pair[1]}/dkms.conf")
    return re.findall(r'^BUILT_MODULE_NAME\[[0-9]+\]="([^"]+)"', entry.data if entry else "", re.MULTILINE)


def is_built(node: Node, pair: Pair, kernel: str) -> bool:
    return node.files.is_dir(_place(pair, kernel))


def is_installed(node: Node, pair: Pair, kernel: str) -> bool:
    """Whether its modules are the ones that the kernel has."""
    return is_built(node, pair, kernel) and all(
        (found := node.files.stat(f"{_targets(kernel)}/{name}.ko")) is not None
        and modules.read(found.data, name).get("version") == pair[1]
        for name in names(node, pair)
    )


def add(node: Node, pair: Pair) -> None:
    source = f"/usr/src/{pair[0]}-{pair[1]}"
    if pair in added(node):
        raise DkmsFault(
            f"DKMS tree already contains: {pair[0]}/{pair[1]}\nYou cannot add the same module/version combo more than "
            "once.",
            3,
        )
    if not node.files.exists(f"{source}/dkms.conf"):
        raise DkmsFault(f"Could not find module source directory.\nDirectory: {source} does not exist.", 2)
    node.files.mkdir(f"{TREE}/{pair[0]}/{pair[1]}", parents=True)
    node.files.link(source, f"{TREE}/{pair[0]}/{pair[1]}/source")


def check(node: Node, pair: Pair, kernel: str) -> None:
    """Raise DkmsFault where nothing can be built."""
    if pair not in added(node):
        raise DkmsFault(
            f"Could not locate dkms.conf file.\nFile: {TREE}/{pair[0]}/{pair[1]}/source/dkms.conf does not exist.", 4
        )
    if not kernels.has_headers(node.files, kernel):
        raise DkmsFault(
            f"Your kernel headers for kernel {kernel} cannot be found at /lib/modules/{kernel}/build or "
            f"/lib/modules/{kernel}/source.\nPlease install the linux-headers-{kernel} package or use the "
            "--kernelsourcedir option to tell DKMS where it's located.",
            21,
        )


def build(node: Node, pair: Pair, kernel: str) -> None:
    """Build the modules for a kernel. Raises DkmsFault."""
    check(node, pair, kernel)
    source = f"/usr/src/{pair[0]}-{pair[1]}"
    if pair[0] == "nvidia" and not support.builds(pair[1], kernel):
        log = f"{TREE}/{pair[0]}/{pair[1]}/build/make.log"
        node.files.mkdir(log.rpartition("/")[0], parents=True)
        node.files.write(log, f"DKMS make.log for nvidia-{pair[1]} for kernel {kernel} (x86_64)\nmake: *** Error 2\n")
        raise DkmsFault(
            f"Bad return status for module build on kernel: {kernel} (x86_64)\nConsult {log} for more information.", 10
        )
    license_ = "Dual MIT/GPL" if node.files.exists(f"{source}/OPEN") else "NVIDIA"
    for name in names(node, pair):
        fields = {"version": pair[1], "license": license_ if pair[0] == "nvidia" else "GPL"}
        fields |= {"depends": modules.NVIDIA_DEPENDS.get(name, ""), "name": name.replace("-", "_")}
        fields |= {"vermagic": f"{kernel} SMP preempt mod_unload modversions", "signer": "DKMS module signing key"}
        fields |= {"sig_key": keys.own(node)}
        node.files.mkdir(_place(pair, kernel), parents=True)
        node.files.write(f"{_place(pair, kernel)}/{name}.ko", modules.text(fields))


def install(node: Node, pair: Pair, kernel: str) -> None:
    node.files.mkdir(_targets(kernel), parents=True)
    for name in names(node, pair):
        node.files.write(f"{_targets(kernel)}/{name}.ko", node.files.read(f"{_place(pair, kernel)}/{name}.ko"))
    kmod.index(node, kernel)


def remove(node: Node, pair: Pair, kernel: str = "") -> None:
    """Take a module away for one kernel, or with its source for all of them."""
    if pair not in added(node):
        raise DkmsFault(f"There are no instances of module: {pair[0]}\n{pair[1]} located in the DKMS tree.", 3)
    for one in [kernel] if kernel else kernels.installed(node.files):
        if is_installed(node, pair, one):
            for name in names(node, pair):
                node.files.remove(f"{_targets(one)}/{name}.ko")
            kmod.index(node, one)
        if is_built(node, pair, one):
            node.files.remove(f"{TREE}/{pair[0]}/{pair[1]}/{one}", recursive=True)
    if not kernel:
        node.files.remove(f"{TREE}/{pair[0]}/{pair[1]}", recursive=True)


def autoinstall(node: Node, process: Process, kernel: str) -> Run:
    """Build and install everything that was added for one kernel; 11 when something failed."""
    failed = 0
    for pair in added(node) if kernels.has_headers(node.files, kernel) else ():
        if is_installed(node, pair, kernel):
            continue
        try:
            check(node, pair, kernel)
            process.say(f"Autoinstall of module {pair[0]}/{pair[1]} for kernel {kernel} (x86_64)\n")
            yield BUILD_SECONDS
            build(node, pair, kernel)
            install(node, pair, kernel)
        except DkmsFault as fault:
            process.complain(f"Error! {fault}\n")
            failed = 11
    return failed


# -- the program


def _parsed(node: Node, words: list[str]) -> tuple[str, str, str, str]:
    """Verb, module, version, kernel; empty where not given, ``all`` for every kernel."""
    given = {"-m": "", "-v": "", "-k": ""}
    rest: list[str] = []
    while words:
        word, words = words[0], words[1:]
        if word in given or word == "-a":
            if not words:
                raise DkmsFault(f"option requires an argument -- '{word[1:]}'", 1)
            given[word], words = words[0], words[1:]
        elif word in ("--all", "--force", "-q", "--quiet", "--no-depmod", "--verbose"):
            given["-k"] = "all" if word == "--all" else given["-k"]
        elif word.startswith("-"):
            raise DkmsFault(f" unrecognized option '{word}'", 2)
        else:
            rest.append(word)
    verb = rest[0] if rest else ""
    if len(rest) > 1 and "/" in rest[1] and not rest[1].startswith("/"):
        given["-m"], _, given["-v"] = rest[1].partition("/")
    kernel = given["-k"] or (node.kernel.release if verb not in ("status", "remove") else "")
    return verb, given["-m"], given["-v"], kernel


def _program(node: Node, process: Process, /) -> Run:
    yield 0.1
    try:
        verb, module, version, kernel = _parsed(node, process.argv[1:])
        if verb not in _VERBS:
            raise DkmsFault(f'Unknown action specified: "{verb}"' if verb else "No action was specified.", 4)
        if verb == "status":
            return _status(node, process, module, version, kernel)
        if verb == "autoinstall":
            return (yield from autoinstall(node, process, kernel))
        if not module or not version:
            raise DkmsFault(f"Arguments <module> and <module-version> are not specified.\nUsage: {verb} "
                            "<module>/<module-version>", 1)  # fmt: skip
        return (yield from _work(node, process, verb, (module, version), kernel))
    except DkmsFault as fault:
        process.complain(f"Error! {fault}\n")
        return fault.status


def _work(node: Node, process: Process, verb: str, pair: Pair, kernel: str) -> Run:
    if verb == "add":
        add(node, pair)
        process.say(f"Creating symlink {TREE}/{pair[0]}/{pair[1]}/source -> /usr/src/{pair[0]}-{pair[1]}\n")
        return 0
    if verb in ("remove", "uninstall", "unbuild"):
        yield 1.0
        if verb == "remove" and not kernel:
            raise DkmsFault("Arguments <module> and <module-version> need -k <kernel> or --all.", 5)
        remove(node, pair, "" if kernel == "all" else kernel)
        process.say(f"Module {pair[0]}/{pair[1]} removed.\n")
        return 0
    if pair not in added(node) and verb == "install":
        add(node, pair)
    check(node, pair, kernel)
    if not is_built(node, pair, kernel):
        process.say("Building module(s)...")
        yield BUILD_SECONDS
        build(node, pair, kernel)
        process.say(" done.\n")
    if verb == "install":
        yield 4.0
        install(node, pair, kernel)
        process.say(f"Installing {_targets(kernel)}/{pair[0]}.ko\nRunning depmod.... done.\n")
    return 0


def _status(node: Node, process: Process, module: str, version: str, kernel: str) -> int:
    for pair in added(node):
        if (module and pair[0] != module) or (version and pair[1] != version):
            continue
        built = [one for one in kernels.installed(node.files) if is_built(node, pair, one)]
        for one in built if kernel in ("", "all") else [one for one in built if one == kernel]:
            state = "installed" if is_installed(node, pair, one) else "built"
            process.say(f"{pair[0]}/{pair[1]}, {one}, x86_64: {state}\n")
        if not built and kernel in ("", "all"):
            process.say(f"{pair[0]}/{pair[1]}: added\n")
    return 0


def programs(node: Node) -> dict[str, Program]:
    return {"dkms": partial(_program, node)}
