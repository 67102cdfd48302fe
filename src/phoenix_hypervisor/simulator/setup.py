"""What Proxmox writes into a container's root file system: names, networks, keys. Source: PVE::LXC::Setup."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping

from phoenix_hypervisor.proxmox.properties import parse_properties
from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.tarballs import System
from phoenix_hypervisor.simulator.tree import Entry, Tree

HOST_KEYS = ("ed25519", "ecdsa", "rsa")
_KEY_NAMES = {"ed25519": "ssh-ed25519", "ecdsa": "ecdsa-sha2-nistp256", "rsa": "ssh-rsa"}
_MARK = "# --- BEGIN PVE ---\n{}# --- END PVE ---\n"


def write_names(tree: Tree, options: Mapping[str, str], ctid: int, clock: float) -> None:
    """/etc/hostname and /etc/hosts."""
    name = options.get("hostname", f"CT{ctid}")
    short = name.partition(".")[0]
    nets = (parse_properties(text) for key, text in options.items() if key.startswith("net"))
    addresses = [net.get("ip", "").partition("/")[0] for net in nets]
    own = next((one for one in addresses if one and one[0].isdigit()), "127.0.1.1")
    names = name if name == short else f"{name} {short}"
    _put(tree, "/etc/hostname", f"{short}\n", clock)
    _put(tree, "/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n" + _MARK.format(f"{own} {names}\n"), clock)


def write_resolver(tree: Tree, options: Mapping[str, str], node: Filesystem, clock: float) -> None:
    """/etc/resolv.conf: the container's own servers, else the node's."""
    servers = options.get("nameserver", "")
    domain = options.get("searchdomain", "")
    text = "".join(f"nameserver {server}\n" for server in servers.replace(",", " ").split())
    if not text and node.exists("/etc/resolv.conf"):
        text = node.read("/etc/resolv.conf")
    search = f"search {domain}\n" if domain else ""
    _put(tree, "/etc/resolv.conf", _MARK.format(search + text), clock)


def write_networks(tree: Tree, options: Mapping[str, str], ostype: str, clock: float) -> None:
    """The interfaces, as ifupdown has them on Debian and systemd-networkd on Ubuntu."""
    nets = [parse_properties(options[key]) for key in sorted(options) if key.startswith("net")]
    if ostype == "ubuntu":
        for net in nets:
            _put(tree, f"/etc/systemd/network/{net['name']}.network", _networkd(net), clock)
    elif ostype == "debian":
        body = "".join(_ifupdown(net) for net in nets)
        _put(tree, "/etc/network/interfaces", f"auto lo\niface lo inet loopback\n\n{body}", clock)


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


def write_host_key(tree: Tree, kind: str, hostname: str, entropy: str, clock: float) -> str:
    """Make an SSH host key; its fingerprint."""
    secret = base64.b64encode(bytes.fromhex(entropy)).decode()
    encoded = base64.b64encode(hashlib.sha256(entropy.encode()).digest()).decode()
    public = f"{_KEY_NAMES[kind]} {encoded} root@{hostname}\n"
    path = f"/etc/ssh/ssh_host_{kind}_key"
    _put(
        tree,
        path,
        f"-----BEGIN OPENSSH PRIVATE KEY-----\n{secret}\n-----END OPENSSH PRIVATE KEY-----\n",
        clock,
        0o600,
    )
    _put(tree, f"{path}.pub", public, clock)
    digest = hashlib.sha256(base64.b64decode(public.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def write_password(tree: Tree, password: str, clock: float) -> None:
    hashed = "$y$simulated$" + hashlib.sha256(password.encode()).hexdigest()
    entry = tree.get("/etc/shadow")
    lines = entry.data.splitlines() if entry else []
    lines = [f"root:{hashed}:20000:0:99999:7:::" if line.startswith("root:") else line for line in lines]
    _put(tree, "/etc/shadow", "".join(f"{line}\n" for line in lines), clock, 0o640)


def write_authorized_keys(tree: Tree, keys: str, clock: float) -> None:
    tree.put("/root/.ssh", Entry("directory", mode=0o700))
    _put(tree, "/root/.ssh/authorized_keys", keys if keys.endswith("\n") else f"{keys}\n", clock, 0o600)


def clear_machine_id(tree: Tree, clock: float, text: str = "") -> None:
    """Make init draw a new machine id at the next boot."""
    if "/etc/machine-id" in tree:
        _put(tree, "/etc/machine-id", text, clock)


def boot(tree: Tree, entropy: Callable[[], str], clock: float) -> None:
    """What init writes when it starts: the machine id, where there is none."""
    entry = tree.get("/etc/machine-id")
    if entry is None or entry.data.strip() in ("", "uninitialized"):
        _put(tree, "/etc/machine-id", f"{entropy()[:32]}\n", clock, 0o444)


def detect(tree: Tree) -> tuple[str, int | None]:
    """The ``ostype`` that a root file system shows, and its version of systemd, as far as there is one."""
    entry = tree.get("/etc/os-release")
    words = dict(line.split("=", 1) for line in (entry.data if entry else "").splitlines() if "=" in line)
    system = System(f"{words.get('ID', 'unmanaged')}-{words.get('VERSION_ID', '')}".replace('"', ""))
    return system.ostype, system.systemd


def _put(tree: Tree, path: str, text: str, clock: float, mode: int | None = None) -> None:
    before = tree.get(path)
    if before is not None and before.kind == "file" and before.data == text:
        return
    tree.put(path, Entry("file", text, mode or (before.mode if before else 0o644), mtime=clock))
