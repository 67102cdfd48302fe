"""What Proxmox writes into a container's root file system: names, networks, keys. Source: PVE::LXC::Setup."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from phoenix_hypervisor.proxmox.properties import parse_properties
from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.tarballs import System
from phoenix_hypervisor.simulator.tree import Entry, Tree

HOST_KEYS = ("ed25519", "ecdsa", "rsa")
_KEY_NAMES = {"ed25519": "ssh-ed25519", "ecdsa": "ecdsa-sha2-nistp256", "rsa": "ssh-rsa"}
_BEGIN, _END = "# --- BEGIN PVE ---\n", "# --- END PVE ---\n"
_MARK = f"{_BEGIN}{{}}{_END}"
_LOCAL = "127.0.0.1 localhost\n::1 localhost\n"

_PRESET_FROM = 252
"""The systemd of Debian 12; Ubuntu's is newer from 23.04 on."""
_PRESET = """\
# Added by PVE at create-time for first-boot configuration.
enable container-getty@.service
disable getty@.service
disable sys-kernel-config.mount
disable sys-kernel-debug.mount
{} systemd-networkd.service
"""


@dataclass(frozen=True, slots=True)
class Root:
    """A root file system to write into, at a time, as the container's root."""

    tree: Tree
    clock: float
    owner: int = 0

    def put(self, path: str, text: str, mode: int | None = None) -> None:
        """Write a file, where it holds something else."""
        before = self.tree.get(path)
        if before is not None and before.kind == "file" and before.data == text:
            return
        kept = mode or (before.mode if before else 0o644)
        self.tree.put(path, Entry("file", text, kept, self.owner, self.owner, self.clock))


def write_names(root: Root, options: Mapping[str, str], ctid: int) -> None:
    """/etc/hostname and /etc/hosts, in which lines of others stay."""
    name = options.get("hostname", f"CT{ctid}")
    short = name.partition(".")[0]
    nets = (parse_properties(text) for key, text in options.items() if key.startswith("net"))
    addresses = [net.get("ip", "").partition("/")[0] for net in nets]
    own = next((one for one in addresses if one and one[0].isdigit()), "127.0.1.1")
    names = name if name == short else f"{name} {short}"
    root.put("/etc/hostname", f"{short}\n")
    entry = root.tree.get("/etc/hosts")
    before, _, rest = (entry.data if entry else _LOCAL).partition(_BEGIN)
    root.put("/etc/hosts", before + _MARK.format(f"{own} {names}\n") + rest.partition(_END)[2])


def write_resolver(root: Root, options: Mapping[str, str], node: Filesystem) -> None:
    """/etc/resolv.conf: the container's own servers, else the node's."""
    servers = options.get("nameserver", "")
    domain = options.get("searchdomain", "")
    text = "".join(f"nameserver {server}\n" for server in servers.replace(",", " ").split())
    if not text and node.exists("/etc/resolv.conf"):
        text = node.read("/etc/resolv.conf")
    search = f"search {domain}\n" if domain else ""
    root.put("/etc/resolv.conf", _MARK.format(search + text))


def write_networks(root: Root, options: Mapping[str, str], ostype: str) -> None:
    """The interfaces, as ifupdown has them on Debian and systemd-networkd on Ubuntu."""
    nets = [parse_properties(options[key]) for key in sorted(options) if key.startswith("net")]
    if ostype == "ubuntu":
        for net in nets:
            root.put(f"/etc/systemd/network/{net['name']}.network", _networkd(net))
    elif ostype == "debian":
        body = "".join(_ifupdown(net) for net in nets)
        root.put("/etc/network/interfaces", f"auto lo\niface lo inet loopback\n\n{body}")


def _networkd(net: Mapping[str, str]) -> str:
    address = net.get("ip", "")
    lines = ["DHCP = ipv4"] if address == "dhcp" else [f"Address = {address}"] if "/" in address else []
    lines += [f"Gateway = {net['gw']}"] if "gw" in net else []
    return f"[Match]\nName = {net['name']}\n\n[Network]\n" + "".join(f"{line}\n" for line in lines)


def _ifupdown(net: Mapping[str, str]) -> str:
    address = net.get("ip", "manual")
    kind = "static" if "/" in address else address
    lines = [f"\taddress {address}\n"] if kind == "static" else []
    lines += [f"\tgateway {net['gw']}\n"] if "gw" in net else []
    return f"auto {net['name']}\niface {net['name']} inet {kind}\n{''.join(lines)}\n"


def write_host_key(root: Root, kind: str, hostname: str, entropy: str) -> str:
    """Make an SSH host key; its fingerprint."""
    secret = base64.b64encode(bytes.fromhex(entropy)).decode()
    encoded = base64.b64encode(hashlib.sha256(entropy.encode()).digest()).decode()
    public = f"{_KEY_NAMES[kind]} {encoded} root@{hostname}\n"
    path = f"/etc/ssh/ssh_host_{kind}_key"
    root.put(
        path,
        f"-----BEGIN OPENSSH PRIVATE KEY-----\n{secret}\n-----END OPENSSH PRIVATE KEY-----\n",
        0o600,
    )
    root.put(f"{path}.pub", public)
    digest = hashlib.sha256(base64.b64decode(public.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def write_password(root: Root, password: str) -> None:
    hashed = "$y$simulated$" + hashlib.sha256(password.encode()).hexdigest()
    entry = root.tree.get("/etc/shadow")
    lines = entry.data.splitlines() if entry else []
    lines = [f"root:{hashed}:20000:0:99999:7:::" if line.startswith("root:") else line for line in lines]
    root.put("/etc/shadow", "".join(f"{line}\n" for line in lines), 0o640)


def write_authorized_keys(root: Root, keys: str) -> None:
    root.tree.put("/root/.ssh", Entry("directory", "", 0o700, root.owner, root.owner, root.clock))
    root.put("/root/.ssh/authorized_keys", keys if keys.endswith("\n") else f"{keys}\n", 0o600)


def clear_machine_id(root: Root, text: str = "") -> None:
    """Make init draw a new machine id at the next boot; it would take D-Bus's, where that has one of its own."""
    dbus = root.tree.get("/var/lib/dbus/machine-id")
    if dbus is not None and dbus.kind == "file":
        del root.tree["/var/lib/dbus/machine-id"]
    if "/etc/machine-id" in root.tree:
        root.put("/etc/machine-id", text)


def write_preset(root: Root, ostype: str, systemd: int | None) -> None:
    """Which units the first start enables, where there is a recent systemd: ifupdown is Debian's network, not networkd.

    Source: PVE::LXC::Setup::Base, setup_systemd_preset; Setup::Debian and Setup::Ubuntu, setup_init.
    """
    if systemd is not None and systemd >= _PRESET_FROM and ostype in ("debian", "ubuntu"):
        for folder in ("/etc/systemd", "/etc/systemd/system-preset"):
            if folder not in root.tree:
                root.tree[folder] = Entry("directory", "", 0o755, root.owner, root.owner, root.clock)
        verb = "enable" if ostype == "ubuntu" else "disable"
        root.put("/etc/systemd/system-preset/00-pve.preset", _PRESET.format(verb))


def boot(root: Root, entropy: Callable[[], str]) -> None:
    """What init writes when it starts: the machine id, where there is none."""
    entry = root.tree.get("/etc/machine-id")
    if entry is None or entry.data.strip() in ("", "uninitialized"):
        root.put("/etc/machine-id", f"{entropy()[:32]}\n", 0o444)


def detect(tree: Tree) -> tuple[str, int | None]:
    """The ``ostype`` that a root file system shows, and its version of systemd, as far as there is one."""
    entry = tree.get("/etc/os-release")
    words = dict(line.split("=", 1) for line in (entry.data if entry else "").splitlines() if "=" in line)
    system = System(f"{words.get('ID', 'unmanaged')}-{words.get('VERSION_ID', '')}".replace('"', ""))
    return system.ostype, system.systemd
