"""What a fresh installation of Proxmox VE has on its disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.debian import fresh
from phoenix_hypervisor.simulator.disks import tables
from phoenix_hypervisor.simulator.disks.model import sign
from phoenix_hypervisor.simulator.hardware import boot, kernels
from phoenix_hypervisor.simulator.tree import Entry, Tree

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node
    from phoenix_hypervisor.simulator.releases import Release

_FOLDERS = (
    "/bin", "/boot", "/dev/disk/by-id", "/etc/modprobe.d", "/etc/network", "/etc/apt/sources.list.d", "/home",
    "/media", "/mnt", "/opt", "/proc", "/root", "/run/lock/lxc", "/sbin", "/srv", "/sys/bus/pci/devices",
    "/sys/class/net", "/sys/block", "/usr/bin", "/usr/local/bin", "/usr/sbin", "/var/lib/lxc", "/var/lib/vz/dump",
    "/var/lib/vz/template/cache", "/var/lib/vz/template/iso", "/var/lib/vz/snippets", "/var/lock/pve-manager",
    "/var/log/pve/tasks",
)  # fmt: skip
_DEVICES = {"null": "c 1 3", "zero": "c 1 5", "full": "c 1 7", "random": "c 1 8", "urandom": "c 1 9", "tty": "c 5 0"}
_STORAGES = """dir: local
\tpath /var/lib/vz
\tcontent iso,vztmpl,backup

zfspool: local-zfs
\tpool rpool/data
\tsparse
\tcontent images,rootdir

"""
_LISTS = "/etc/apt/sources.list.d"
_NIC = "enp1s0"
_INTERFACES = f"""auto lo
iface lo inet loopback

iface {_NIC} inet manual

source /etc/network/interfaces.d/*
"""


def root_tree(name: str, release: Release) -> Tree:
    """The root file system."""
    kernel, system = release.kernel.release, f"{release.debian.partition('.')[0]} ({release.codename})"
    tree = Tree()
    for folder in _FOLDERS:
        tree.put(folder, Entry("directory", mode=0o755))
    for folder in ("/tmp", "/var/tmp"):  # noqa: S108
        tree.put(folder, Entry("directory", mode=0o1777))
    for device, numbers in _DEVICES.items():
        tree.put(f"/dev/{device}", Entry("device", numbers, 0o666))
    for device, numbers in {"fuse": "c 10 229", "net/tun": "c 10 200", "kvm": "c 10 232"}.items():
        tree.put(f"/dev/{device}", Entry("device", numbers, 0o666))
    texts = {
        "/etc/hostname": f"{name}\n",
        "/etc/hosts": f"127.0.0.1 localhost.localdomain localhost\n10.0.0.2 {name}.local {name}\n",
        "/etc/debian_version": f"{release.debian}\n",
        "/etc/os-release": f'PRETTY_NAME="Debian GNU/Linux {system}"\nNAME="Debian GNU/Linux"\n'
        f'VERSION_ID="{system.split()[0]}"\nVERSION="{system}"\nVERSION_CODENAME={release.codename}\nID=debian\n',
        "/etc/network/interfaces": _INTERFACES,
        "/etc/resolv.conf": "nameserver 10.0.0.1\n",
        "/etc/subuid": "root:100000:65536\n",
        "/etc/subgid": "root:100000:65536\n",
        "/proc/sys/kernel/osrelease": f"{kernel}\n",
        "/proc/version": f"Linux version {kernel} (build@proxmox)\n",
        **_package_sources(release),
    }
    for path, text in texts.items():
        tree.put(path, Entry("file", text))
    fresh.put(tree, release, name)
    return tree


def _package_sources(release: Release) -> dict[str, str]:
    """The files that name Debian's, Proxmox's and Ceph's archives: deb822 or one-line lists."""
    debian, security = "http://deb.debian.org/debian", "http://security.debian.org/debian-security"
    proxmox, code = "https://enterprise.proxmox.com/debian", release.codename
    ours = {
        "pve-enterprise": (f"{proxmox}/pve", "pve-enterprise"),
        "ceph": (f"{proxmox}/ceph-squid", "enterprise"),
    }
    if not release.deb822:
        of_debian = ((debian, code), (debian, f"{code}-updates"), (security, f"{code}-security"))
        lines = [f"deb {place} {suite} main contrib non-free-firmware\n" for place, suite in of_debian]
        lists = {f"{_LISTS}/{name}.list": f"deb {place} {code} {part}\n" for name, (place, part) in ours.items()}
        return {"/etc/apt/sources.list": "\n".join(lines), **lists}
    parts = "main contrib non-free-firmware"
    stanzas = (
        _stanza(debian, f"{code} {code}-updates", parts, "debian"),
        _stanza(security, f"{code}-security", parts, "debian"),
    )
    files = {f"{_LISTS}/{name}.sources": _stanza(place, code, part, "proxmox") for name, (place, part) in ours.items()}
    return {f"{_LISTS}/debian.sources": "\n".join(stanzas), **files}


def _stanza(place: str, suites: str, components: str, signer: str) -> str:
    keyring = f"/usr/share/keyrings/{signer}-archive-keyring.gpg"
    return f"Types: deb\nURIs: {place}\nSuites: {suites}\nComponents: {components}\nSigned-By: {keyring}\n"


def install(node: Node) -> None:
    """Fit a new node with what the installer sets up: pool, storages, the first bridge."""
    disk = node.add_disk("ata-SYSTEM_SSD_0001", 512 << 30)
    system = node.disks.devices["sda"]
    node.disks.partition(system, tables.of_installer(system.size), seed="system")
    node.disks.write(system.parts[1], sign(system.parts[1].size, "vfat", uuid="5C1A-7F0E", block=512))
    node.add_pool("rpool", 476 << 30, disks=[f"{disk}-part3"])
    for device in system.everything():
        node.disks.settle(device)
    for key, value in (("compression", "on"), ("atime", "off")):
        node.zfs.assign("rpool", {key: value})
    node.zfs.create("rpool/data", {})
    node.files.write("/etc/pve/storage.cfg", _STORAGES)
    node.files.write("/etc/pve/user.cfg", "user:root@pam:1:0:::root@localhost::\n")
    node.files.write("/etc/pve/datacenter.cfg", "keyboard: en-us\n")
    kernels.install(node)
    for name in ("lo", _NIC):
        node.network.add(name, "00:00:00:00:00:00" if name == "lo" else "")
        node.network.set_up(name, up=True)
    node.network.add_address("lo", "127.0.0.1/8")
    node.add_bridge("vmbr0", "10.0.0.2/24", "10.0.0.1", port=_NIC)
    boot.run_kernel(node, node.release.kernel.release)
    boot.load_modules(node)
