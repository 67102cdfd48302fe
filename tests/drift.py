"""The examples with every kind of field declared, converged once; and what people change on a node beside Phoenix."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.config.source import read_source
from phoenix_hypervisor.features.lifecycle.marks import record_of
from phoenix_hypervisor.features.lifecycle.options import mount_properties
from phoenix_hypervisor.proxmox.guest import GuestConfig, Section, parse
from phoenix_hypervisor.simulator.node import Node
from rig import Rig, fitted, site_of

Json = dict[str, Any]
WAYS = ("snapshot", "native", "full")
HOST, LXC = "phoenix_hypervisor_config.json", "phoenix_lxc_configs.json"


# -- what is declared


def documents(folder: Path) -> tuple[Json, Json]:
    """The host document and the container document of a folder."""
    host, lxc = (read_source(folder / name, name).data for name in (HOST, LXC))
    assert host is not None and lxc is not None
    return host, lxc


def cloned(host: Json, way: str) -> Json:
    """The host document with a way of cloning for all."""
    defaults = host.get("proxmox_defaults", {})
    return {**host, "proxmox_defaults": {**defaults, "lxc": {**defaults.get("lxc", {}), "cloning": way}}}


def enriched(lxc: Json, pool: str) -> Json:
    """The container document with every kind of field that reconciliation knows, in every container."""
    found = deepcopy(lxc)
    for number, (ctid, fields) in enumerate(found["lxc_configs"].items()):
        shared = {"host_path": f"/srv/shared-{ctid}", "container_path": "/mnt/shared", "owner_uid": 1000}
        volumes = [
            {"name": name, "pool": pool, "size_gb": 2, "mount_point": f"/srv/{name}"} for name in ("data", "logs")
        ]
        fields |= {
            "swap_mb": 256,
            "volumes": [*fields.get("volumes", ()), *volumes],
            "mount_points": [{**shared, "owner_gid": 1001}, {"host_path": "/srv/all", "container_path": "/mnt/all"}],
            "lxc_options": ["lxc.environment = A=b", "lxc.cap.drop: sys_time"],
            "id_maps": [{"type": "both", "host_id": 1000, "container_id": 1000, "size": 2}],
            "apparmor_profile": "generated",
            "tags": [*fields.get("tags", ()), "Lab", f"n{number}"],
            "start_at_boot": fields.get("start_at_boot", True),
            "boot_order": 10 + number,
            "boot_delay": 4,
            "pct_options": [*fields.get("pct_options", ()), "cpuunits=50", "tty=3", "searchdomain=lab.example"],
            "firewall": {
                "enabled": True,
                "rules": [
                    {"type": "in", "action": "ACCEPT", "proto": "tcp", "port": "22", "comment": "ssh, from all"},
                    {"type": "in", "action": "DROP", "source": "10.9.0.0/16"},
                    {"type": "out", "action": "ACCEPT", "dest": "10.8.0.1"},
                ],
            },
        }
        fields["network_config"]["nameservers"] = "10.7.7.7 10.7.7.8"
    return found


POOLS = {"ai-lab": "lab-volumes", "2025-09-01": "lxc-disks"}
"""Where the volumes of an example go."""


@dataclass(frozen=True)
class Ground:
    """An example with everything declared, converged on a node whose state is kept in a file."""

    site: Site
    file: Path
    host: Json
    lxc: Json

    @classmethod
    def lay(cls, example: Path, way: str, folder: Path) -> Ground:
        shutil.copytree(example, folder, dirs_exist_ok=True)
        host, lxc = documents(example)
        host, lxc = cloned(host, way), enriched(lxc, POOLS[example.name])
        rig = fitted(site_of(folder, lxc, host))
        rig.converge()
        for ctid in rig.site.containers:
            for mount, path in _volumes(rig.node, ctid).items():
                rig.node.files.write(f"{path}/written", f"{ctid} in {mount}\n")
        rig.node.save(folder / "node.json")
        return cls(rig.site, folder / "node.json", host, lxc)

    def rig(self) -> Rig:
        """The site on its node, as it was left."""
        return Rig(self.site, Node.load(self.file))


def configuration(node: Node, ctid: int) -> GuestConfig:
    return parse(node.files.read(f"/etc/pve/lxc/{ctid}.conf"))


def _volumes(node: Node, ctid: int) -> dict[str, str]:
    """Mount point to the folder on the node at which its volume is mounted."""
    mounts = mounts_of(configuration(node, ctid).current)
    return {mount: node.storages.path(found["volume"]) for mount, found in mounts.items() if ":" in found["volume"]}


def mounts_of(section: Section) -> dict[str, dict[str, str]]:
    """Mount point to the properties of its ``mpN``."""
    found = [mount_properties(value) for key, value in section.options.items() if re.fullmatch(r"mp\d+", key)]
    return {each["mp"]: each for each in found}


# -- what people do


@dataclass(frozen=True)
class Drift:
    """Something that is done to a container on the node, beside Phoenix: a shell text whose ``$1`` is the CTID.

    ``$conf`` is its configuration, ``at PATH`` the key of the mount point there, ``volume PATH`` what is mounted there.
    """

    text: str

    def __str__(self) -> str:
        return self.text

    def do(self, node: Node, ctid: int) -> Result:
        return node.run(["sh", "-s", "--", str(ctid)], stdin=f"{_PREAMBLE}{self.text}\n")


_PREAMBLE = r"""set -eu
conf=/etc/pve/lxc/$1.conf
fw=/etc/pve/firewall/$1.fw
current() { sed '/^\[/,$d' "$conf"; }
at() { current | grep "^mp.*mp=$1\(,\|\$\)" | head -n 1 | cut -d: -f1; }
volume() { current | grep "^mp.*mp=$1\(,\|\$\)" | head -n 1 | sed 's/^[^:]*: //' | cut -d, -f1; }
runs() { lxc-ls --running -1 | grep -qx "$1"; }
stopped() {
  if runs "$1"; then touch /tmp/ran; pct stop "$1"; fi
}
again() {
  if [ -e /tmp/ran ]; then rm /tmp/ran; pct start "$1"; fi
}
"""

VALUES = {
    "memory": ["333", "49"],
    "swap": ["0", "99"],
    "cores": ["7"],
    "hostname": ["drifted"],
    "onboot": ["0", "1"],
    "startup": ["order=77", "order=10,up=4", "up=1"],
    "nameserver": ["9.9.9.9", "10.7.7.8 10.7.7.7"],
    "searchdomain": ["drifted.example"],
    "cpuunits": ["77"],
    "tty": ["5"],
    "features": ["fuse=1", "nesting=1", "nesting=1,keyctl=1,mount=nfs", "nesting=0"],
    "tags": ["phoenix", "phoenix;theirs;n0"],
    "net0": ["name=eth9,bridge=vmbr0", "name=eth0,bridge=vmbr0,ip=10.1.1.1/24,rate=5", "name=eth0,bridge=vmbr0"],
}
"""Keys that the documents declare, and what they drift to."""
KEYS = (
    *(f"pct set $1 --{key} '{value}'" for key, values in VALUES.items() for value in values),
    *(f"pct set $1 --delete {key}" for key in VALUES if key not in ("memory", "tags")),
    "pct set $1 --delete cores,nameserver,net0,startup,tty --memory 64 --features fuse=1",
    "pct set $1 --features fuse=1; pct set $1 --revert features",
    "pct set $1 --tty 4; pct set $1 --delete tty",
    "sed -i '/^cores/d; /^tty/d; s/^nameserver: .*/nameserver: 1.1.1.1/' $conf",
)
MARK = (
    *(f"pct set $1 --description '{text}'" for text in ("theirs", "Managed by Phoenix Hypervisor.")),
    "pct set $1 --description 'Managed by Phoenix Hypervisor. Keys: nonsense, memory. Volumes: x=y, =, data=mp99.'",
    "pct set $1 --delete description",
    "pct set $1 --delete tags",
    "pct set $1 --tags theirs",
    "sed -i 's/Keys%3A [a-z0-9, ]*/Keys%3A cores/' $conf",
    "sed -i '0,/^#/s//#Ask the night shift.\\n#/' $conf",
)
ADDITIONS = (
    *(f"pct set $1 --{key}" for key in ("timezone host", "cpulimit 2", "cmode shell", "debug 1", "protection 1")),
    "pct set $1 --net1 name=eth1,bridge=vmbr0,ip=10.99.0.7/24",
    "mkdir -p /srv/theirs; pct set $1 --mp9 /srv/theirs,mp=/theirs",
    "pct set $1 --mp8 local-zfs:1,mp=/ours/too",
    "chown 0:0 /srv/all",
)
"""What nobody declares; it stays."""
VOLUMES = (
    "pct set $1 --delete $(at M)",
    "key=$(at M); stopped $1; pct set $1 --delete $key; again $1",
    "key=$(at M); pct set $1 --$key $(volume M),mp=/elsewhere",
    "key=$(at M); stopped $1; pct set $1 --$key $(volume M),mp=/elsewhere; again $1",
    "key=$(at M); pct set $1 --$key $(volume M),mp=M,ro=1",
    "key=$(at M); volume=$(volume M); stopped $1; pct set $1 --delete $key; pct set $1 --mp7 $volume,mp=M; again $1",
)
LOST = (
    "key=$(at M); volume=$(volume M); stopped $1; pct set $1 --delete $key; pct set $1 --mp7 $volume,mp=/there; again $1",
    "pct set $1 --delete $(at /srv/data),$(at /srv/logs)",
    "pct set $1 --delete $(at M); pct set $1 --delete description",
)
"""What only snapshots tell of."""
RAW = (
    "sed -i '/^lxc/d' $conf",
    "sed -i '/^lxc.idmap/d' $conf",
    "sed -i '0,/^lxc.environment/{/^lxc.environment/d}' $conf",
    "sed -i '0,/^lxc.mount.entry/{/^lxc.mount.entry/d}' $conf",
    "sed -i '0,/^lxc.cap.drop.*/s//lxc.cap.drop: sys_nice/' $conf",
    "sed -i '0,/^lxc.apparmor.*/s//lxc.apparmor.profile: unconfined/' $conf",
    "sed -i '0,/^lxc.idmap: u 1000.*/s//lxc.idmap: u 1000 3000 2/' $conf",
    "sed -i '0,/^lxc.cap/s//lxc.environment: X=y\\nlxc.cap/' $conf",
    "sed -i '1i lxc.prlimit.nofile: 999' $conf",
    "echo 'lxc.environment: END=1' >>$conf",
)
MOUNTS = (
    "chown 5:6 /srv/shared-$1",
    "chown :7 /srv/shared-$1",
    "rmdir /srv/shared-$1",
    "rmdir /srv/all",
    "sed -i '/:1000:/d' /etc/subuid",
    ": >/etc/subgid",
)
FIREWALL = (
    "rm $fw",
    "sed -i '/DROP/d' $fw",
    "sed -i 's/enable: 1/enable: 0/' $fw",
    "sed -i '/^#/d' $fw",
    "echo 'IN ACCEPT -p tcp -dport 8006' >>$fw",
    "printf '[OPTIONS]\\n\\nenable: 1\\n\\n[RULES]\\n\\nIN DROP\\n\\n' >$fw",
    ": >$fw",
)
STATE = (
    "if runs $1; then pct stop $1; else pct start $1; fi",
    "if runs $1; then pct set $1 --features fuse=1; pct reboot $1; fi",
)


def of_volumes(texts: tuple[str, ...]) -> list[str]:
    return [text.replace("M", mount) for text in texts for mount in ("/srv/data", "/srv/logs")]


def drifts() -> st.SearchStrategy[list[Drift]]:
    """One to four of them. Where the mark is lost, nothing else is by which Phoenix would know what is its own."""
    plain = (*KEYS, *RAW, *MOUNTS, *STATE, *ADDITIONS)
    known = (*plain, *of_volumes(VOLUMES), *FIREWALL)
    some = st.lists(st.sampled_from(known), min_size=1, max_size=4, unique=True)
    without_mark = st.tuples(st.lists(st.sampled_from(plain), max_size=2, unique=True), st.sampled_from(MARK))
    drawn = st.one_of(some, some, without_mark.map(lambda pair: [*pair[0], pair[1]]))
    return drawn.map(lambda texts: [Drift(text) for text in texts])


# -- what must hold afterwards


def wrong_after(ground: Ground, node: Node, touched: int, before: GuestConfig) -> list[str]:
    """What of the converged state no longer holds, or of what people added is gone; ``before`` is before the run."""
    reference = Node.load(ground.file)
    found = []
    for ctid in ground.site.containers:
        found += [f"{ctid}: {text}" for text in _wrong_of(reference, node, ctid)]
        if ctid != touched and _text(reference, ctid) != _text(node, ctid):
            found.append(f"{ctid}: its configuration was touched")
    after = configuration(node, touched)
    found += [f"{touched}: {text} is gone" for text in _lost(configuration(reference, touched), before, after)]
    if before.snapshots != after.snapshots:
        found.append(f"{touched}: its snapshots were touched")
    return found


def _text(node: Node, ctid: int) -> str:
    return node.files.read(f"/etc/pve/lxc/{ctid}.conf")


def _managed(reference: GuestConfig) -> frozenset[str]:
    return record_of(reference.current.description).keys | {"hostname", "memory", "features"}


def _wrong_of(reference: Node, node: Node, ctid: int) -> Iterator[str]:
    """What of a container is not as it was declared and made."""
    wanted, found = configuration(reference, ctid), configuration(node, ctid)
    for key in sorted(_managed(wanted) - {"lxc", "firewall"}):
        if not _agree(key, wanted.current.get(key), found.current.get(key)):
            yield f"{key} is {found.current.get(key)}, not {wanted.current.get(key)}"
    if found.current.raw != wanted.current.raw:
        yield f"raw lines are {found.current.raw}"
    if found.pending or found.pending_delete:
        yield "something is pending"
    records = [record_of(each.current.description) for each in (wanted, found)]
    if records[0].keys != records[1].keys or set(records[0].volumes) != set(records[1].volumes):
        yield f"its record is {records[1]}"
    yield from _wrong_volumes(reference, node, ctid)
    yield from _wrong_beside(reference, node, ctid)


def _agree(key: str, wanted: str | None, found: str | None) -> bool:
    """Whether a value says the same; of an interface, what people added is no concern."""
    if key == "tags":
        return set((wanted or "").split(";")) == set((found or "").split(";"))
    if key == "features":
        return found in (wanted, *(("nesting=0",) if wanted is None else ()))
    if key == "onboot":
        return (wanted or "0") == (found or "0")
    if key == "net0":
        return set((wanted or "").split(",")) <= set((found or "").split(","))
    return wanted == found


def _wrong_volumes(reference: Node, node: Node, ctid: int) -> Iterator[str]:
    wanted = mounts_of(configuration(reference, ctid).current)
    found = mounts_of(configuration(node, ctid).current)
    for mount, properties in wanted.items():
        if found.get(mount, {}).get("volume") != properties["volume"]:
            yield f"{mount} is {found.get(mount)}, not {properties}"
        elif node.files.read(f"{_volumes(node, ctid)[mount]}/written") != f"{ctid} in {mount}\n":
            yield f"{mount} has lost its data"
    unused = [value for key, value in configuration(node, ctid).current.options.items() if key.startswith("unused")]
    if unused:
        yield f"volumes are left unused: {unused}"


def _wrong_beside(reference: Node, node: Node, ctid: int) -> Iterator[str]:
    """What stands in other files of the node."""
    if _rules(node, ctid) != _rules(reference, ctid):
        yield "its firewall is another one"
    if node.guests.is_running(ctid) != reference.guests.is_running(ctid):
        yield f"it {'runs' if node.guests.is_running(ctid) else 'is stopped'}"
    if not node.files.is_dir("/srv/all"):
        yield "/srv/all is gone"
    folder = node.files.stat(f"/srv/shared-{ctid}")
    if folder is None or (folder.uid, folder.gid) != (1000, 1001):
        yield f"/srv/shared-{ctid} is {folder}"
    for name in ("subuid", "subgid"):
        if "root:1000:2" not in node.files.read(f"/etc/{name}"):
            yield f"root may not map its ids in /etc/{name}"


def _rules(node: Node, ctid: int) -> list[str]:
    """The lines of a firewall file that Proxmox keeps."""
    lines = node.files.read(f"/etc/pve/firewall/{ctid}.fw").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _lost(reference: GuestConfig, before: GuestConfig, after: GuestConfig) -> Iterator[str]:
    """What people set that nobody declares, and that is no longer there."""
    ours = {found["volume"] for found in mounts_of(reference.current).values()}
    for key, value in before.effective.options.items():
        is_ours = key.startswith("unused") or mount_properties(value).get("volume") in ours
        if key not in _managed(reference) and not is_ours and after.current.get(key) != value:
            yield f"{key} {value}"
    lines = [line for line in before.current.description.splitlines() if not line.startswith("Managed by")]
    if "\n".join(lines).strip() not in after.current.description:
        yield f"the description {lines}"
