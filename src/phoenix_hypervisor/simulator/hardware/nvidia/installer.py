"""nvidia-installer. Source: NVIDIA/nvidia-installer (option_table.h, install-from-cwd.c, kernel.c, misc.c)."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.debian import dpkg
from phoenix_hypervisor.simulator.hardware import dkms, kernels, kmod, modules, pci
from phoenix_hypervisor.simulator.hardware.nvidia import driver, options, runfile, texts
from phoenix_hypervisor.simulator.hardware.nvidia.options import Options
from phoenix_hypervisor.simulator.process import Process, Program, Run

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

UNPACK_SECONDS, COPY_SECONDS = 8.0, 12.0
_PACKAGES = (
    "nvidia-driver",
    "nvidia-kernel-dkms",
    "nvidia-open-kernel-dkms",
    "nvidia-kernel-open-dkms",
    "cuda-drivers",
)


class _Failed(Exception):
    """The installation cannot go on."""


@dataclass
class _Session:
    """One run of the installer. What it tells goes to the log, and to the streams as far as it is not silent."""

    node: Node
    process: Process
    options: Options
    version: str
    log: list[str] = field(default_factory=list)

    def tell(self, text: str) -> None:
        self.log.append(f"-> {text}")
        if "silent" not in self.options:
            self.process.say(f"-> {text}\n")

    def complain(self, kind: str, text: str) -> None:
        """An error or a warning: errors are shown even silently."""
        self.log.append(f"{kind}: {text}")
        if kind == "ERROR" or "silent" not in self.options:
            lines = [
                line
                for part in text.split("\n")
                for line in textwrap.wrap(part, 72, break_on_hyphens=False, break_long_words=False)
            ]
            indent = "\n" + " " * (len(kind) + 2)
            self.process.complain(f"\n{kind}: {indent.join(lines)}\n\n")

    def write_log(self) -> None:
        head = [f"nvidia-installer log file '{texts.LOG}'", f"installer version: {self.version}", ""]
        words = ["nvidia-installer command line:", "    ./nvidia-installer"]
        words += [f"    {word}" for word in self.process.argv[2:]]
        self.node.files.mkdir("/var/log", parents=True)
        self.node.files.write(texts.LOG, "\n".join([*head, *words, "", *self.log]) + "\n")


def _payload(node: Node, process: Process, /) -> Run:
    """The runfile, once the shell has started it: its own path, then its arguments."""
    path, words = process.argv[1], process.argv[2:]
    text = process.files.read(path if path.startswith("/") else f"{process.directory}/{path}")
    version = runfile.version_of(text)
    quiet = bool({"-s", "--silent"} & set(words))
    if "--info" in words or "--lsm" in words:
        yield 0.05
        process.say(f"Identification: {texts.TITLE} {version}\nTarget directory: NVIDIA-Linux-x86_64-{version}\n")
        return 0
    yield 2.0
    named, found = runfile.check(text)
    if not quiet:
        process.say("Verifying archive integrity... ")
    if named != found:
        process.complain(f"Error in MD5 checksums: {found} is different from {named}\n")
        return 1
    if not quiet:
        process.say("OK\n")
    if "--check" in words:
        return 0
    yield UNPACK_SECONDS
    if not quiet:
        process.say(f"Uncompressing {texts.TITLE} {version}....\n")
    if "--extract-only" in words or "-x" in words:
        process.files.mkdir(f"{process.directory.rstrip('/')}/NVIDIA-Linux-x86_64-{version}", parents=True)
        return 0
    return (yield from _installer(node, process, words, version))


def _installer(node: Node, process: Process, words: list[str], version: str) -> Run:
    try:
        given = options.parse(words)
    except options.OptionFault as fault:
        usage = "please run `nvidia-installer --help` for usage information."
        process.complain(f"nvidia-installer: {fault}\n\nERROR: Invalid commandline, {usage}\n\n")
        return 1
    if "version" in given or "help" in given:
        process.say(f"\nnvidia-installer:  version {version}\n  The NVIDIA Software Installer for Unix/Linux.\n\n")
        return 0
    session = _Session(node, process, given, version)
    try:
        if "uninstall" in given:
            return (yield from _uninstall(session))
        yield from _install(session)
    except _Failed as failed:
        if str(failed):
            session.complain("ERROR", str(failed))
        session.complain("ERROR", texts.FAILED)
        session.write_log()
        return 1
    session.write_log()
    return 0


def _install(session: _Session) -> Run:
    node, given = session.node, session.options
    if not given.is_silent:
        raise _Failed("Unable to read an answer: standard input is not a terminal.")
    _check_running(session)
    session.tell(f"Installing NVIDIA driver version {session.version}.")
    _check_others(session)
    _check_nouveau(session)
    kernel = given.get("kernel-name") or node.kernel.release
    if not given.without_kernel:
        yield from _check_tools(session, kernel)
    else:
        session.complain("WARNING", texts.NOT_BUILT)
    yield COPY_SECONDS
    _drop_old(node, kernel)
    driver.put(node, session.version)
    session.tell("Driver file installation is complete.")
    if not given.without_kernel:
        yield from _modules(session, kernel)
    session.tell(f"Installation of the {texts.TITLE} (version: {session.version}) is now complete.")
    return 0


def _check_running(session: _Session) -> None:
    node, given = session.node, session.options
    if "no-x-check" not in given and node.files.glob("/tmp/.X*-lock"):  # noqa: S108
        raise _Failed(texts.X_SERVER)
    if given.without_kernel:
        session.tell('Not installing a kernel module; skipping the "is an NVIDIA kernel module loaded?" test.')
        return
    loaded = node.modules.loaded()
    for name in ("nvidia_peermem", "nvidia_uvm", "nvidia_drm", "nvidia_modeset", "nvidia"):
        if name in loaded:
            try:
                node.modules.unload(name)
            except modules.ModuleFault as fault:
                raise _Failed(texts.IN_USE.format(name.replace("_", "-"))) from fault


def _check_others(session: _Session) -> None:
    if "no-check-for-alternate-installs" in session.options:
        return
    present = dpkg.installed(session.node.files)
    if any(name in present for name in _PACKAGES):
        session.complain("WARNING", texts.OTHER)
        raise _Failed("")


def _check_nouveau(session: _Session) -> None:
    node, given = session.node, session.options
    if "no-nouveau-check" in given or given.without_kernel or "nouveau" not in node.modules.loaded():
        return
    session.complain("ERROR" if "disable-nouveau" not in given else "WARNING", texts.NOUVEAU)
    if "disable-nouveau" in given:
        path = "/etc/modprobe.d/nvidia-installer-disable-nouveau.conf"
        node.files.mkdir("/etc/modprobe.d", parents=True)
        node.files.write(path, "# generated by nvidia-installer\nblacklist nouveau\noptions nouveau modeset=0\n")
        session.tell(texts.DISABLED.format(path))
    raise _Failed("")


def _check_tools(session: _Session, kernel: str) -> Run:
    yield 1.0
    present = dpkg.installed(session.node.files)
    for tool, package in (("cc", "gcc"), ("make", "make")):
        if package not in present:
            raise _Failed(texts.TOOL.format(tool, package))
    if "dkms" in session.options and "dkms" not in present:
        raise _Failed("Failed to find dkms on the system!")
    if not kernels.has_headers(session.node.files, kernel):
        raise _Failed(texts.HEADERS)
    return 0


def _drop_old(node: Node, kernel: str) -> None:
    """Take the installed driver away, whatever version it is."""
    old = driver.installed(node)
    if not old:
        return
    pair = ("nvidia", old)
    if node.files.exists(f"{dkms.TREE}/nvidia/{old}"):
        dkms.remove(node, pair)
    _drop_plain(node, kernel)
    if node.files.exists(f"/usr/src/nvidia-{old}"):
        node.files.remove(f"/usr/src/nvidia-{old}", recursive=True)
    driver.take_away(node)


def _plain(kernel: str) -> str:
    return f"/lib/modules/{kernel}/kernel/drivers/video"


def _drop_plain(node: Node, kernel: str) -> None:
    """Remove modules that were installed without DKMS."""
    for path in node.files.glob(f"{_plain(kernel)}/nvidia*.ko"):
        node.files.remove(path)
    if node.files.is_dir(f"/lib/modules/{kernel}"):
        kmod.index(node, kernel)


def _modules(session: _Session, kernel: str) -> Run:
    """Build and install the modules, with DKMS or without."""
    node, version = session.node, session.version
    pair = ("nvidia", version)
    driver.put_source(node, version, is_open=_is_open(session))
    try:
        if ("nvidia", version) not in [(one[0], one[1]) for one in dkms.added(node)]:
            dkms.add(node, pair)
        yield dkms.BUILD_SECONDS
        dkms.build(node, pair, kernel)
        dkms.install(node, pair, kernel)
    except dkms.DkmsFault as fault:
        session.complain("ERROR", f"Failed to run `/usr/sbin/dkms build -m nvidia -v {version} -k {kernel}`:\n"
                         f"Building module(s)...(bad exit status: 2)\nError! {fault}")  # fmt: skip
        raise _Failed(texts.NO_DKMS) from fault
    if "dkms" in session.options:
        session.tell(f"Kernel module compilation complete; registered with DKMS: nvidia/{version}.")
        return 0
    folder = _plain(kernel)
    node.files.mkdir(folder, parents=True)
    for name in modules.NVIDIA:
        node.files.write(f"{folder}/{name}.ko", node.files.read(f"/lib/modules/{kernel}/updates/dkms/{name}.ko"))
    dkms.remove(node, pair)
    kmod.index(node, kernel)
    session.tell("Kernel module compilation complete.")
    return 0


def _is_open(session: _Session) -> bool:
    """Which of its two module sources the installer takes: told, else by the cards; the open one from 560 on."""
    told = session.options.get("kernel-module-type")
    if told:
        return told == "open"
    if folder := session.options.get("kernel-module-build-directory"):
        return folder == "kernel-open"
    found = [pci.MODELS.get(pci.read(session.node.files, card, "device")) for card in pci.cards(session.node.files)]
    fits_both = all(model is None or "open" in model.sources for model in found)
    return int(session.version.partition(".")[0]) >= 560 and fits_both


def _uninstall(session: _Session) -> Run:
    node = session.node
    yield 3.0
    version = driver.installed(node)
    if not version:
        session.tell("There is no NVIDIA driver currently installed.")
        session.write_log()
        return 1
    if "skip-module-unload" not in session.options:
        for name in ("nvidia_peermem", "nvidia_uvm", "nvidia_drm", "nvidia_modeset", "nvidia"):
            if name in node.modules.loaded() and not node.modules.users(name) and not node.modules.held(name):
                node.modules.unload(name)
    _drop_old(node, node.kernel.release)
    session.tell(f"Uninstallation of existing driver: {texts.TITLE} ({version}) is complete.")
    session.write_log()
    return 0


def _uninstaller(node: Node, process: Process, /) -> Run:
    process.argv = [process.argv[0], "nvidia-uninstall", *process.argv[1:]]
    words = ["--uninstall", *process.argv[2:]]
    return (yield from _installer(node, process, words, driver.installed(node)))


def programs(node: Node) -> dict[str, Program]:
    return {runfile.PROGRAM: partial(_payload, node), "nvidia-uninstall": partial(_uninstaller, node)}
