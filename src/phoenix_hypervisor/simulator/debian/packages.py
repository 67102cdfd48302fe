"""The packages that the simulated archive has, and what installing them costs and brings."""

from __future__ import annotations

import re
from dataclasses import dataclass

from phoenix_hypervisor.simulator.debian.catalogue import ROWS
from phoenix_hypervisor.simulator.releases import RELEASES


@dataclass(frozen=True, slots=True)
class Package:
    """A package of an archive: version, seconds to fetch and set up, what it depends on, the units it brings.

    ``collection`` and ``component`` are where it is found; ``suites`` the suites that have it, all when empty.
    """

    name: str
    version: str
    seconds: float = 1.0
    depends: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    collection: str = "debian"
    component: str = "main"
    suites: tuple[str, ...] = ()


_SHELVES: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        [
            "docker-buildx-plugin",
            "docker-ce",
            "docker-ce-cli",
            "docker-compose-plugin",
            "docker-ce-rootless-extras",
            "containerd.io",
        ],
        ("docker", ""),
    ),
    **dict.fromkeys(
        ["nvidia-container-toolkit", "libnvidia-container-tools", "libnvidia-container1"],
        ("nvidia", ""),
    ),
    **dict.fromkeys(
        ["ifupdown2", "libpve-storage-perl", "lxc-pve", "lxcfs", "zfs-initramfs", "zfs-zed", "zfsutils-linux"],
        ("pve", ""),
    ),
    "cuda-toolkit-12-8": ("cuda", ""),
    "cuda-toolkit-13-0": ("cuda", ""),
    "intel-microcode": ("debian", "non-free-firmware"),
    "amd64-microcode": ("debian", "non-free-firmware"),
    "firmware-misc-nonfree": ("debian", "non-free-firmware"),
    "nvidia-driver": ("debian", "non-free"),
    "zfs-dkms": ("debian", "contrib"),
}
"""The collection and component of what is not in Debian's main."""
_SUITES = {
    "docker-cli": ("trixie", "stable", "forky", "testing", "sid"),
    "docker-compose-v2": ("focal", "jammy", "noble", "oracular", "plucky"),
    "pve-headers": ("bookworm",),
}
CONFLICTS: dict[str, tuple[str, ...]] = {
    "chrony": ("systemd-timesyncd",),
    "systemd-timesyncd": ("chrony",),
    "docker.io": ("docker-ce", "containerd.io"),
    "docker-ce": ("docker.io",),
    "containerd.io": ("containerd", "runc"),
    "containerd": ("containerd.io",),
}
PACKAGED: dict[str, str] = {
    "chronyc": "chrony",
    "chronyd": "chrony",
    "exportfs": "nfs-kernel-server",
    "logrotate": "logrotate",
    "nmbd": "samba",
    "pdbedit": "samba",
    "python3": "python3",
    "rpcinfo": "rpcbind",
    "showmount": "nfs-common",
    "smbcontrol": "samba",
    "smbd": "samba",
    "smbpasswd": "samba-common-bin",
    "smbstatus": "samba",
    "ssh-keygen": "openssh-client",
    "testparm": "samba-common-bin",
    "visudo": "sudo",
}
"""Programs that a machine has only with the package that brings them."""


def _package(row: str) -> Package:
    name, version, seconds, depends, units = [*row.split(), "-", "-"][:5]
    ours = re.match(r"(pve|proxmox)-", name) is not None
    collection, component = _SHELVES.get(name, ("pve", "") if ours else ("debian", "main"))
    suites = _SUITES.get(name, ())
    return Package(name, version, float(seconds), _list(depends), _list(units), collection, component, suites)


def _list(text: str) -> tuple[str, ...]:
    return () if text == "-" else tuple(text.split(","))


def _kernels() -> list[Package]:
    """The kernels of Proxmox's releases with their headers, and the packages that follow their series."""
    found = []
    for release in RELEASES.values():
        kernel, suites = release.kernel.release, (release.codename,)
        version, series = kernel.removesuffix("-pve"), ".".join(kernel.split(".")[:2])
        for kind, name, seconds in (("headers", f"proxmox-headers-{kernel}", 5.0),
                                    ("kernel", f"proxmox-kernel-{kernel}-signed", 12.0)):  # fmt: skip
            found.append(Package(name, version, seconds, (), (), "pve", "", suites))
            found.append(Package(f"proxmox-{kind}-{series}", version, 0.3, (name,), (), "pve", "", suites))
    return found


ARCHIVE: dict[str, Package] = {found.name: found for found in [*map(_package, ROWS.strip().splitlines()), *_kernels()]}
BASE_UNITS = {
    "cron": ("cron",),
    "dbus": ("dbus",),
    "openssh-server": ("ssh",),
    "systemd": ("systemd-journald", "systemd-logind", "systemd-networkd"),
}
"""Units of packages that a root file system comes with."""


def depends(name: str, kernel: str) -> tuple[str, ...]:
    """What a package depends on; on a machine with that kernel."""
    found = ARCHIVE.get(name)
    return tuple(one.replace("$(uname-r)", kernel) for one in found.depends) if found else ()


def with_dependencies(names: list[str], installed: set[str], kernel: str) -> list[Package]:
    """What is to be installed for these, dependencies first; what is there already is left out."""
    found: dict[str, Package] = {}

    def add(name: str) -> None:
        if name in found or name in installed or name not in ARCHIVE:
            return
        for other in depends(name, kernel):
            add(other)
        found[name] = ARCHIVE[name]

    for name in names:
        add(name)
    return list(found.values())
