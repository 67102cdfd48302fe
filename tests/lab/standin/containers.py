"""Containers that ``lxc`` runs, behind the names by which the simulated ``pct`` asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phoenix_hypervisor.proxmox.guest import parse
from phoenix_hypervisor.proxmox.properties import parse_properties
from phoenix_hypervisor.simulator.call import Call, Handler, Work
from phoenix_hypervisor.simulator.failures import PveError
from phoenix_hypervisor.simulator.guests import Guests, Running, check_lock
from phoenix_hypervisor.simulator.idmap import IdMap
from phoenix_hypervisor.simulator.pct import power
from phoenix_hypervisor.simulator.pct.mounting import root_path
from phoenix_hypervisor.simulator.tree import Tree

if TYPE_CHECKING:
    from .node import LabNode

_SHARE = "/usr/share/lxc/config"
_ABSENT = ("enter", "push", "pull", "move-volume", "console", "df", "fsck", "fstrim", "cpusets", "migrate")


class LxcContainers(dict[int, Running]):
    """The containers that run now. Putting one in starts it, taking one out stops it."""

    def __init__(self, node: LabNode) -> None:
        super().__init__()
        self._node = node
        for name in node.command(("lxc-ls", "--running", "-1")).stdout.split():
            if name.isdigit() and node.guests.exists(int(name)):
                super().__setitem__(int(name), _running(node, int(name)))

    def __setitem__(self, ctid: int, running: Running) -> None:
        config = Path(f"{self._node.folder}/var/lib/lxc/{ctid}/config")
        config.write_text("".join(f"{key} = {value}\n" for key, value in _lines(self._node, running)))
        done = self._node.command(("lxc-start", "-n", str(ctid)))
        if done.rc:
            raise PveError(f"{done.stderr}startup for container '{ctid}' failed")

    def pop(self, ctid: int, *default: Any) -> Any:
        self._node.command(("lxc-stop", "-n", str(ctid), "-k"))
        return super().pop(ctid, *default)


class LxcGuests(Guests):
    """The configurations are the cluster's files; what runs is asked of lxc."""

    def __init__(self, node: LabNode) -> None:
        super().__init__(node.cluster, lambda: node.clock)
        self._node = node

    @property
    def running(self) -> dict[int, Running]:
        return LxcContainers(self._node)


def _running(node: LabNode, ctid: int) -> Running:
    section = parse(node.guests.text(ctid)).current
    pid = node.command(("lxc-info", "-n", str(ctid), "-p", "-H")).stdout.strip()
    name = section.options.get("hostname", f"CT{ctid}")
    return Running(node.started, int(pid or 0), name, dict(section.options), section.raw, Tree())


def _lines(node: LabNode, running: Running) -> Iterator[tuple[str, str]]:
    """The configuration for Debian's lxc: Proxmox's own includes and hooks are not there."""
    options = running.options
    ids = IdMap.of(options, running.raw)
    yield "lxc.include", f"{_SHARE}/common.conf"
    if ids.ranges:
        yield "lxc.include", f"{_SHARE}/userns.conf"
    if "nesting=1" in options.get("features", ""):
        yield "lxc.include", f"{_SHARE}/nesting.conf"
    yield "lxc.apparmor.profile", "unconfined"
    yield "lxc.uts.name", running.hostname
    if not any(key == "lxc.idmap" for key, _value in running.raw):
        for one in ids.ranges:
            yield "lxc.idmap", f"{one.kind} {one.inside} {one.outside} {one.count}"
    if _limits_memory(node):
        yield "lxc.cgroup2.memory.max", str(int(options.get("memory", "512")) << 20)
    yield "lxc.rootfs.path", f"dir:{_place(node, options['rootfs'])}"
    for key in sorted(key for key in options if key.startswith("mp")):
        target = parse_properties(options[key], "volume")["mp"].strip("/")
        yield "lxc.mount.entry", f"{_place(node, options[key])} {target} none bind,create=dir 0 0"
    for key in sorted(key for key in options if key.startswith("net")):
        yield from _net(key[3:], parse_properties(options[key]))
    yield from running.raw


def _limits_memory(node: LabNode) -> bool:
    """Whether the control groups of this kernel's version 2 have it."""
    control = Path(f"{node.folder}/sys/fs/cgroup/cgroup.subtree_control")
    return control.exists() and "memory" in control.read_text().split()


def _place(node: LabNode, text: str) -> str:
    volume = parse_properties(text, "volume")["volume"]
    return volume if volume.startswith("/") else node.storages.path(volume)


def _net(number: str, net: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield f"lxc.net.{number}.type", "veth"
    yield f"lxc.net.{number}.link", net.get("bridge", "vmbr0")
    yield f"lxc.net.{number}.name", net["name"]
    yield f"lxc.net.{number}.hwaddr", net.get("hwaddr", "")
    yield f"lxc.net.{number}.flags", "up"


# -- verbs


def _check_running(call: Call, kind: str = "CT") -> None:
    if not call.guests.is_running(call.ctid):
        raise PveError(f"{kind} {call.ctid} not running")


def _shutdown(call: Call, seconds: str) -> None:
    node: Any = call.node
    done = node.command(("lxc-stop", "-n", str(call.ctid), "--nokill", "--timeout", seconds))
    if done.rc and call.flag("forceStop"):
        done = node.command(("lxc-stop", "-n", str(call.ctid), "-k"))
    if done.rc:
        raise PveError(f"command 'lxc-stop -n {call.ctid} --nokill --timeout {seconds}' failed: exit code {done.rc}")


def shutdown(call: Call) -> Work:
    yield 0.0
    _check_running(call)
    with (yield from call.lock_configuration()):
        check_lock(call.guests.load(call.ctid))
        _shutdown(call, call.get("timeout", "60"))
    return 0


def reboot(call: Call) -> Work:
    yield 0.0
    _check_running(call, "VM")
    with (yield from call.lock_configuration()):
        check_lock(call.guests.load(call.ctid))
        _shutdown(call, call.get("timeout", "60"))
    yield from power.launch(call)
    return 0


def execute(call: Call) -> Work:
    yield 0.0
    call.guests.load(call.ctid)
    if not call.guests.is_running(call.ctid):
        raise PveError(f"container '{call.ctid}' not running!")
    node: Any = call.node
    clear = [] if call.get("keep-env", "1") == "1" else ["--clear-env"]
    done = node.command(("lxc-attach", "-n", str(call.ctid), *clear, "--", *call.extra))
    call.process.say(done.stdout)
    call.process.complain(done.stderr)
    return int(done.rc)


def mount(call: Call) -> Work:
    node: Any = call.node
    with (yield from call.lock_configuration()):
        config = call.guests.load(call.ctid)
        check_lock(config)
        call.save(replace(config, current=config.current.with_options(lock="mounted")))
        Path(root_path(call.ctid)).mkdir(parents=True, exist_ok=True)
        done = node.command(("mount", "--bind", _place(node, config.current.options["rootfs"]), root_path(call.ctid)))
        if done.rc:
            call.complain("mounting container failed")
            raise PveError(done.stderr.strip())
    call.say(f"mounted CT {call.ctid} in '{root_path(call.ctid)}'")
    return 0


def unmount(call: Call) -> Work:
    node: Any = call.node
    with (yield from call.lock_configuration()):
        config = call.guests.load(call.ctid)
        if config.current.get("lock") != "mounted":
            raise PveError("no lock found trying to remove 'mounted' lock")
        node.command(("umount", root_path(call.ctid)))
        call.save(replace(config, current=config.current.with_options(lock=None)))
    return 0


def _absent(call: Call) -> Work:
    yield 0.0
    raise PveError("this verb of pct has no stand-in in the lab")


HANDLERS: Mapping[str, Handler] = {
    **dict.fromkeys(_ABSENT, _absent),
    "shutdown": shutdown,
    "reboot": reboot,
    "exec": execute,
    "mount": mount,
    "unmount": unmount,
}
"""The verbs that are not the simulator's own."""
