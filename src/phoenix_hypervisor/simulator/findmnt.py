"""``findmnt`` of a container: what LXC and systemd mount in each, and the container's own volumes and binds."""

from __future__ import annotations

import getopt
from collections.abc import Callable

from phoenix_hypervisor.simulator import durations
from phoenix_hypervisor.simulator.container import Container
from phoenix_hypervisor.simulator.process import Process, Program, Run
from phoenix_hypervisor.simulator.tables import aligned

_LXCFS = ("cpuinfo", "diskstats", "loadavg", "meminfo", "slabinfo", "stat", "swaps", "uptime")
_DEVICES = ("full", "null", "random", "tty", "urandom", "zero")
_CREDENTIALS = ("systemd-journald", "systemd-networkd", "container-getty@2", "console-getty", "container-getty@1")
STANDARD: tuple[tuple[str, str, str], ...] = (
    ("/dev", "none", "tmpfs"),
    ("/proc", "proc", "proc"),
    ("/proc/sys/net", "proc[/sys/net]", "proc"),
    ("/proc/sys", "proc[/sys]", "proc"),
    ("/proc/sysrq-trigger", "proc[/sysrq-trigger]", "proc"),
    ("/sys", "sysfs", "sysfs"),
    ("/sys/devices/virtual/net", "sysfs[/devices/virtual/net]", "sysfs"),
    ("/sys/fs/fuse/connections", "fusectl", "fusectl"),
    ("/dev/.lxc/proc", "proc", "proc"),
    ("/dev/.lxc/sys", "sys", "sysfs"),
    ("/sys/fs/cgroup", "none", "cgroup2"),
    *((f"/proc/{name}", f"lxcfs[/proc/{name}]", "fuse.lxcfs") for name in _LXCFS),
    ("/sys/devices/system/cpu", "lxcfs[/sys/devices/system/cpu]", "fuse.lxcfs"),
    *((f"/dev/{name}", f"udev[/{name}]", "devtmpfs") for name in _DEVICES),
    ("/dev/pts", "devpts", "devpts"),
    ("/dev/ptmx", "devpts[/ptmx]", "devpts"),
    ("/dev/console", "devpts[/0]", "devpts"),
    ("/dev/tty1", "devpts[/1]", "devpts"),
    ("/dev/tty2", "devpts[/2]", "devpts"),
    ("/proc/sys/kernel/random/boot_id", "none[/.lxc-boot-id]", "tmpfs"),
    ("/dev/shm", "tmpfs", "tmpfs"),  # noqa: S108
    ("/run", "tmpfs", "tmpfs"),
    ("/run/lock", "tmpfs", "tmpfs"),
    ("/dev/mqueue", "mqueue", "mqueue"),
    ("/tmp", "tmpfs", "tmpfs"),  # noqa: S108
    *((f"/run/credentials/{name}.service", "ramfs", "ramfs") for name in _CREDENTIALS),
)
Kind = Callable[[str], str]
_COLUMNS = ("TARGET", "SOURCE", "FSTYPE")


def of_host(kind: Kind) -> Program:
    """``findmnt`` of a host, which knows the type of what is mounted from a source."""

    def run(process: Process, /) -> Run:
        yield durations.LXC_TOOL
        return _tell(process, kind)

    return run


def _tell(process: Process, kind: Kind) -> int:
    """``findmnt [-rn] [-o COLUMNS] [TARGET]`` as a list; exit 1 where nothing is mounted at the target."""
    longs = ["noheadings", "raw", "list", "output=", "mountpoint="]
    given, rest = getopt.gnu_getopt(process.argv[1:], "rnlo:T:M:", longs)
    options = dict(given)
    rows = _rows(process, kind)
    target = options.get("-M") or options.get("--mountpoint") or (rest[0] if rest else "")
    if target:
        rows = [row for row in rows if row[0] == target]
    wanted = (options.get("-o") or options.get("--output") or ",".join(_COLUMNS)).upper().split(",")
    chosen = [index for name in wanted for index, column in enumerate(_COLUMNS) if column == name]
    table = [[row[index] for index in chosen] for row in rows]
    head = [] if "-n" in options or "--noheadings" in options else [[_COLUMNS[index] for index in chosen]]
    if "-r" in options or "--raw" in options:
        process.say("".join(" ".join(line) + "\n" for line in [*head, *table]))
    elif table:
        process.say(aligned([*head, *table], gap=" "))
    return 0 if rows else 1


def _rows(process: Process, kind: Kind) -> list[tuple[str, str, str]]:
    machine = process.machine
    if isinstance(machine, Container):
        sources = [(point, source, "zfs") for point, source in machine.sources.items()]
        return [*sources[:1], *STANDARD, *sources[1:]]
    mounts = machine.files.mounts
    return [(mount.path, mount.source or "/dev/root", kind(mount.source)) for mount in mounts]


findmnt: Program = of_host(lambda source: "zfs" if source else "ext4")
