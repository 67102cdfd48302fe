"""The node goes down and comes up again."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from phoenix_hypervisor.proxmox.properties import parse_properties
from phoenix_hypervisor.simulator.debian import jobs, units
from phoenix_hypervisor.simulator.hardware import ifupdown, interfaces, kernels, modconf, pci, timers
from phoenix_hypervisor.simulator.hardware import units as own
from phoenix_hypervisor.simulator.hardware.modules import FOLDER, ModuleFault
from phoenix_hypervisor.simulator.locks import Locks
from phoenix_hypervisor.simulator.process import Process, Program, Run
from phoenix_hypervisor.simulator.zfs.arc import Arc

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

DOWN, UP, DROPS = 30.0, 55.0, 40.0
"""Seconds until the old kernel is gone, from then to the network, and until a connection is seen to be gone."""
LOST = 255
"""What a command ends with whose connection drops."""
_DEVICES = frozenset(
    f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty", "fuse", "net/tun", "kvm", "zfs")
)
_RUN = ("/run/lock/lxc", "/run/systemd/units", "/run/network")


def reboot(node: Node) -> None:
    """Stop everything, start the next kernel, its modules, the network, the enabled units, the guests with onboot."""
    _go_down(node)
    node.set_clock(node.clock + DOWN)
    node.started = node.clock
    run_kernel(node, kernels.next_at_boot(node.files))
    if node.files.exists("/etc/kernel/next-boot-pin"):
        node.files.remove("/etc/kernel/next-boot-pin")
    load_modules(node)
    node.set_clock(node.clock + UP)
    bring_network_up(node)
    for run in _started(node):
        while True:
            try:
                node.set_clock(node.clock + next(run))
            except StopIteration:
                break


def _go_down(node: Node) -> None:
    node.guests.running.clear()
    node.timers.clear()
    node.locks = Locks()
    node.files.locks.clear()
    node.boots += 1
    files, tree = node.files, node.root
    for path in [path for top in ("/run", "/tmp") for path in tree.below(top)]:  # noqa: S108
        del tree[path]
    for path in _RUN:
        files.mkdir(path, parents=True)
    for path in [path for path in tree.below("/dev") if _is_gone(tree[path].kind, tree[path].data, path)]:
        del tree[path]
    for path in tree.below(FOLDER):
        del tree[path]
    fresh = Arc()
    fresh.memory = node.arc.memory
    vars(node.arc).update(vars(fresh))
    for card in pci.devices(files):
        pci.release(files, card)
    for name in node.network.links():
        if node.network.is_bridge(name) or "." in name:
            node.network.remove(name)
        else:
            node.network.release(name)
            node.network.drop(name)
            node.network.set_up(name, up=False)


def _is_gone(kind: str, data: str, path: str) -> bool:
    return kind == "file" or (kind == "device" and data.startswith("c") and path not in _DEVICES)


def run_kernel(node: Node, release: str) -> None:
    """Let a kernel run: what /proc says of it."""
    kernel = kernels.version(node, release)
    digest = sha256(f"{node.seed}:boot:{node.started}".encode()).hexdigest()
    texts = {
        "sys/kernel/osrelease": kernel.release,
        "sys/kernel/version": kernel.version,
        "sys/kernel/random/boot_id": str(uuid.UUID(digest[:32], version=4)),
        "version": f"Linux version {kernel.release} (build@proxmox) {kernel.version}",
    }
    for name, text in texts.items():
        node.files.mkdir(f"/proc/{name}".rpartition("/")[0], parents=True)
        node.files.write(f"/proc/{name}", f"{text}\n")


def load_modules(node: Node) -> None:
    """What the initramfs loads with its own modprobe.d, then what udev and systemd load with the present one."""
    held = kernels.initramfs(node.files, node.kernel.release)
    config = modconf.parse(held.config.items())
    for name in (*held.modules, *kernels.BASE[:1], *_for_cards(node, kernels.IN_INITRAMFS + held.modules)):
        _load(node, name, config)
    config = node.modules.config()
    for name in (*kernels.BASE, *_for_cards(node, ()), *_listed(node)):
        _load(node, name, config)


def _for_cards(node: Node, held: tuple[str, ...]) -> Iterator[str]:
    """The modules that udev loads for the graphics cards; of those in the initramfs, where some are named."""
    for name in ("nouveau", "nvidia", "nvidia_drm") if pci.cards(node.files) else ():
        if not held or name in held:
            yield name


def _listed(node: Node) -> Iterator[str]:
    """The modules of /etc/modules and /etc/modules-load.d."""
    for path in ("/etc/modules", *node.files.glob("/etc/modules-load.d/*.conf")):
        entry = node.files.stat(path)
        for line in (entry.data if entry else "").splitlines():
            if line.strip() and line.strip()[0] not in "#;":
                yield line.split()[0]


def _load(node: Node, name: str, config: modconf.Config) -> None:
    plain = config.alias.get(modconf.plain(name), modconf.plain(name))
    if plain in config.blacklist or plain in config.install:
        return
    try:
        node.modules.load(plain, config)
    except ModuleFault:
        return


def bring_network_up(node: Node) -> None:
    """What networking.service does: the interfaces marked auto, after what they need."""
    if not node.network.exists("lo"):
        node.network.add("lo", "00:00:00:00:00:00")
    node.network.set_up("lo", up=True)
    found = interfaces.Interfaces(node.files).stanzas.values()
    for stanza in sorted((one for one in found if one.auto), key=lambda one: bool(one.ports)):
        ifupdown.bring_up(node, stanza)


def _started(node: Node) -> Iterator[Run]:
    """The enabled units of the administrator in their order, with the guests where they belong."""
    wanted = own.of_administrator(node)
    guests = [] if units.is_masked(node, own.GUESTS) else [own.GUESTS]
    for name in own.in_order(node, [*(one for one in wanted if one != own.GUESTS), *guests]):
        yield _guests(node) if name == own.GUESTS else _unit(node, name)


def _unit(node: Node, name: str) -> Run:
    yield from jobs.start(node.start([name]), name)
    return 0


def _guests(node: Node) -> Run:
    """Start the containers with onboot, by their startup order, then by id."""

    def order(ctid: int) -> tuple[int, int]:
        startup = parse_properties(node.guests.load(ctid).current.get("startup") or "", "order").get("order", "")
        return int(startup) if startup.isdigit() else 1 << 31, ctid

    chosen = [ctid for ctid in node.guests.ids() if node.guests.load(ctid).current.get("onboot") == "1"]
    for ctid in sorted(chosen, key=order):
        process = node.start(["pct", "start", str(ctid)])
        process.top = False
        yield from node.programs["pct"](process)
    return 0


# -- the programs


def _down(node: Node) -> Run:
    """Reboot; the process ends with its connection, and whoever comes before the node is there again waits."""
    yield 0.3
    began = node.clock
    reboot(node)
    node.ready = node.clock
    node.set_clock(began)
    yield DROPS
    return LOST


def _reboot(node: Node, process: Process, /) -> Run:
    if any(word not in ("-f", "--force", "--reboot", "--no-wall") for word in process.argv[1:]):
        yield 0.01
        process.complain(f"reboot: unrecognized option '{process.argv[-1]}'\n")
        return 1
    return (yield from _down(node))


def _shutdown(node: Node, process: Process, /) -> Run:
    words = [word for word in process.argv[1:] if word != "--no-wall"]
    if words[:1] in (["-r"], ["--reboot"]) and words[1:2] in (["now"], ["+0"]):
        return (yield from _down(node))
    if words[:1] in (["-r"], ["--reboot"]) and (found := timers.seconds(f"{(words[1:2] or ['+1'])[0].lstrip('+')}min")):
        yield 0.05
        node.timers.append(timers.Timer("systemd-shutdown", node.clock + found, ("reboot",)))
        units.set_active(node, "systemd-shutdown.timer", True)
        process.complain("Reboot scheduled, use 'shutdown -c' to cancel.\n")
        return 0
    yield 0.01
    if words == ["-c"]:
        units.set_active(node, "systemd-shutdown.timer", False)
        return 0
    process.complain(f"shutdown: the simulated node only restarts: {' '.join(words)}\n")
    return 1


def _systemctl(node: Node, inner: Program, process: Process, /) -> Run:
    """systemctl of the node: it also reboots."""
    words = [word for word in process.argv[1:] if not word.startswith("-")]
    if words == ["reboot"]:
        return (yield from _down(node))
    status = yield from inner(process)
    timers.settle(node)
    return status


def programs(node: Node, systemctl: Program) -> dict[str, Program]:
    return {
        "reboot": partial(_reboot, node),
        "shutdown": partial(_shutdown, node),
        "systemctl": partial(_systemctl, node, systemctl),
    }
