"""The recordings of Proxmox's own commands, and the simulated nodes that they start from."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phoenix_hypervisor.simulator.disks.model import sign
from phoenix_hypervisor.simulator.node import Node

Rename = Callable[[str], str]

TOOLS = frozenset({"pct", "pvesm", "pveam", "pvesh", "zfs", "zpool", "lxc-attach", "lxc-ls", "lxc-info", "pveversion"})
_IN_SHELL = re.compile(rf"(?<![\w/.-])({'|'.join(sorted(TOOLS))})(?![\w/.-])")
TARBALL = "local:vztmpl/debian-13-minimal_13.7-1_amd64.tar.zst"
MAC_900 = "BC:24:11:61:30:C9"


@dataclass(frozen=True)
class Record:
    """One command as it was recorded."""

    id: str
    argv: tuple[str, ...]
    shell: str
    rc: int
    stdout: str
    stderr: str

    @property
    def is_of_tools(self) -> bool:
        """Whether it runs one of the tools, itself or in a shell."""
        return self.argv[0] in TOOLS if self.argv else bool(_IN_SHELL.search(self.shell))

    def renamed(self, rename: Rename) -> Record:
        return Record(
            self.id,
            tuple(rename(word) for word in self.argv),
            rename(self.shell),
            self.rc,
            rename(self.stdout),
            rename(self.stderr),
        )


def read(folder: Path, file: str) -> list[Record]:
    lines = [json.loads(line) for line in (folder / file).read_text().splitlines()]
    return [
        Record(
            one["id"],
            tuple(one.get("argv") or ()),
            one.get("shell") or "",
            one["rc"],
            one["stdout"],
            one["stderr"],
        )
        for one in lines
    ]


# -- other names

_WORDS = {
    "local-zfs": "lucid-zfs",
    "tank-zfs": "vast-zfs",
    "small": "spare",
    "viaapi": "viaweb",
    "nosuchstore": "missingplace",
    "rpool": "spool",
    "tank": "vast",
    "rpool/data": "spool/dato",
    "/media": "/movie",
    "tank/media": "vast/movie",
    "tank/src": "vast/sra",
    "tank/src-clone": "vast/sra-clone",
    "td2": "te2",
    "td": "te",
    "tz2": "uz2",
    "tz3": "uz3",
    "h1": "j1",
    "h2": "j2",
    "pve1": "hyp3",
    "pve2": "hyp4",
    "vmbr0": "vmbr4",
    "vmbr9": "vmbr8",
    "newname": "altname",
    "configured-state": "finished-state",
    "later": "morning",
    "own": "pwn",
    "live": "mine",
    "withraw": "withtag",
    "afterkill": "aftercut",
    "s1": "t1",
    "s2": "t2",
    "a-b": "b-c",
    "768": "896",
    "640": "672",
    "700": "724",
    "4G": "7G",
    "5G": "8G",
    "6G": "9G",
    "4.0G": "7.0G",
    "3.9G": "6.9G",
    "4294967296": "7516192768",
    "400M": "300M",
    "419430400": "314572800",
    "/data": "/dato",
    "/gone": "/lost",
    "debian-13-minimal_13.7-1_amd64": "debian-13-minimal_13.9-4_amd64",
}
_HOSTS = re.compile(r"^(base|src)$|((?:hostname: |root@|  ))(base|src)\b")
"""Host names that are words of Proxmox's own texts as well."""
_IDS = re.compile(r"(?:(?<=\":)|(?<=[a-z]:)|(?<![0-9.:]))9([0-9]{2})(?![0-9])")
_SIZES = {"zfs:4": "zfs:7", "tank-zfs:1,": "tank-zfs:2,", "size=1G": "size=2G"}
_TOKEN = re.compile(
    "|".join(
        rf"(?<![A-Za-z0-9_.]){re.escape(word)}(?![A-Za-z0-9_.])"
        if word[0] != "/"
        else rf"{re.escape(word)}(?![A-Za-z0-9_.])"
        for word in sorted(_WORDS, key=len, reverse=True)
    )
)


def renamed(text: str) -> str:
    """The text with other ids, names, sizes, storages, pools, bridges and addresses, in the same order of sorting."""
    for old, new in _SIZES.items():
        text = text.replace(old, new)
    text = _TOKEN.sub(lambda match: _WORDS[match[0]], text)
    text = _HOSTS.sub(lambda match: f"{match[2] or ''}{(match[1] or match[3])[:-1]}o", text)
    text = text.replace("10.10.10.", "10.20.30.")
    return _IDS.sub(r"7\1", text)


def same(text: str) -> str:
    return text


# -- what differs from one run to the next

_CHANGING: tuple[tuple[str, str], ...] = (
    (r"(?i)\b[0-9a-f]{2}(:[0-9a-f]{2}){5}\b", "MAC"),
    (r"SHA256:\S+", "HASH"),
    (r"^[0-9a-f]{32}$", "MACHINE-ID"),
    (r"snaptime: \d+", "snaptime: TIME"),
    (r"running kernel: [^)]*", "running kernel"),
    (r"\w{3} \d\d \d\d:\d\d", "TIME"),
    (r"\(\d+MiB, [\d.]+[KMG]iB/s\)", "SPEED"),
    (r"^(disk|diskread|diskwrite|mem|netin|netout|pid|uptime): \d+$", r"\1: N"),
    (r"USAGE: (.|\n)*", "USAGE"),
    (r'("version": )\d+', r"\1N"),
    (r"^(Number of .*?|Total .*?|Literal .*?|File list .*?): [\d,].*$", r"\1: N"),
    (r"^(sent|total size is) .*$", r"\1 N"),
    (r"(\d\.\dG)( +[\d.]+[KMGT]?B?){3} /$", r"\1 N /"),
    (r"(active)( +\d+){3} +[\d.]+%$", r"\1 N"),
    (r"(UPID:\w+)(:[0-9A-F]{8}){3}", r"\1:N"),
)
_FIGURES = frozenset(
    {"avail", "digest", "disk", "maxdisk", "mem", "memhost", "snaptime", "total", "used", "used_fraction"}
    | {"alloc_space", "guid", "pool_guid"}
)
_SESSION = re.compile(r"^(XDG_|SSH_|MOTD_SHOWN|OLDPWD|SHLVL|_=)")
_MEASURED = frozenset({"used", "refer", "avail", "creation", "guid", "alloc", "free"})


def comparable(record: Record, text: str) -> str:
    """A text without ids of the moment, times, speeds, hashes, MAC addresses and bytes in use."""
    if record.argv[:1] in (("pvesh",), ("zpool",)) and text[:1] in ("{", "["):
        text = json.dumps(_plain(json.loads(text)), sort_keys=True)
    for pattern, put in _CHANGING:
        text = re.sub(pattern, put, text, flags=re.MULTILINE)
    if record.argv[:2] == ("zfs", "list") and "-o" in record.argv:
        text = _unmeasured(text, record.argv[record.argv.index("-o") + 1].split(","))
    if record.argv[:2] == ("zpool", "list") and "-o" in record.argv:
        text = _unmeasured(text, record.argv[record.argv.index("-o") + 1].split(","))
    if record.argv[:2] == ("zpool", "get"):
        text = re.sub(r"^(\S+\t(free|allocated|guid|load_guid))\t\d+", r"\1\tN", text, flags=re.MULTILINE)
    if record.argv[:2] == ("pct", "df"):
        text = re.sub(" +", " ", text)
    if record.argv[-1:] == ("env",):
        text = "".join(sorted(line for line in text.splitlines(True) if not _SESSION.match(line)))
    return _listed_ids_sorted(_key_lines_sorted(of_disks(text)))


_RANDOM: tuple[tuple[str, str], ...] = (
    (r"(?i)\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UUID"),
    (r"\b\w{6}(-\w{4}){5}-\w{6}\b", "UUID"),
    (r'("uuid": ")\d+"', r'\1GUID"'),
    (r'(UUID(?:_SUB)?=")\d+"', r'\1GUID"'),
    (r"^( +id: )\d+$", r"\1GUID"),
    (r"zfs-[0-9a-f]{16}", "zfs-NUMBER"),
    (r"^(size +4 +)\d+$", r"\1BYTES"),
    (r"^(l\S+ \d root root) +", r"\1 "),
)
"""What two disks with the same on them do not have in common, the ARC's size, and how ``ls`` pads."""


def of_disks(text: str) -> str:
    """A text without the numbers that are drawn for each disk, file system and pool."""
    for pattern, put in _RANDOM:
        text = re.sub(pattern, put, text, flags=re.MULTILINE)
    return text


def _plain(value: Any, key: str = "") -> Any:
    """A JSON value without measured figures; lists that have the order of a hash are sorted."""
    if isinstance(value, dict):
        return {name: _plain(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return sorted((_plain(one) for one in value), key=lambda one: json.dumps(one, sort_keys=True))
    if key == "content":
        return ",".join(sorted(value.split(",")))
    return type(value).__name__ if key in _FIGURES and value else value


def _unmeasured(text: str, columns: list[str]) -> str:
    lines = []
    for line in text.splitlines():
        cells = zip(columns, line.split("\t"), strict=True)
        lines.append("\t".join("N" if column in _MEASURED and cell != "-" else cell for column, cell in cells))
    return "\n".join(lines)


def _listed_ids_sorted(text: str) -> str:
    """``.vmlist`` has the order of a hash."""
    lines = text.splitlines()
    ids = [index for index, line in enumerate(lines) if re.match(r'^"\d+": \{', line)]
    for index, line in zip(ids, sorted(lines[index].rstrip(",}") for index in ids), strict=True):
        lines[index] = line
    return "\n".join(lines)


def _key_lines_sorted(text: str) -> str:
    """SSH host keys are made in the order of a Perl hash."""
    lines = text.splitlines()
    keys = [index for index, line in enumerate(lines) if line.startswith("Creating SSH host key")]
    pairs = sorted(lines[index : index + 2] for index in keys)
    for index, pair in zip(keys, pairs, strict=True):
        lines[index : index + 2] = pair
    return "\n".join(lines)


# -- the nodes


def _node(rename: Rename) -> Node:
    """A node with the two storages, bridge and tarball of the recorded ones."""
    node = Node.new(rename("pve1"), seed=7, clock=1_795_208_000.0)
    assert node.run(("zpool", "destroy", "rpool")).ok
    node.remove_disk("ata-SYSTEM_SSD_0001")
    _add_root_disk(node)
    disks = [node.add_disk(f"virtio-pvedisk{number}", 8 << 30) for number in (1, 2, 3, 4)]
    node.add_pool(rename("rpool"), 8_053_063_680, disks=disks[2:3])
    node.add_pool(rename("tank"), 8_053_063_680, disks=disks[:2], layout="mirror")
    node.zfs.pools[rename("tank")].properties["ashift"] = "12"
    for key, value in {"compression": "lz4", "atime": "off", "xattr": "sa", "acltype": "posixacl"}.items():
        node.zfs.assign(rename("tank"), {key: value})
    for dataset in ("rpool/data", "tank/media", "tank/src"):
        node.add_dataset(rename(dataset))
    node.zfs.take(rename("tank/src@s1"), {})
    node.zfs.clone(rename("tank/src@s1"), rename("tank/src-clone"), {})
    node.files.write(
        "/etc/pve/storage.cfg",
        rename(
            "zfspool: local-zfs\n\tpool rpool/data\n\tcontent images,rootdir\n\tmountpoint /rpool/data\n\tsparse 1\n\n"
            "dir: local\n\tpath /var/lib/vz\n\tcontent iso,snippets,backup,vztmpl\n\tprune-backups keep-all=1\n\n"
            "zfspool: tank-zfs\n\tpool tank\n\tcontent rootdir,images\n\tmountpoint /tank\n\tsparse 1\n\n"
        ),
    )
    if rename("vmbr0") != "vmbr0":
        node.files.remove("/sys/class/net/vmbr0", recursive=True)
        node.add_bridge(rename("vmbr0"))
    node.add_tarball(rename(TARBALL))
    return node


def _add_root_disk(node: Node) -> None:
    """vda, which has no name by id, and on which the recorded nodes run."""
    node.disks.add("virtio-", 12 << 30, "", "")
    node.files.remove("/dev/disk/by-id/virtio-")
    root = node.disks.devices["vda"]
    root.by_id, root.mounts = "", ["/"]
    node.disks.write(root, sign(root.size, "ext4", uuid=node.disks.uuid(), label="pveroot", block=4096))
    node.disks.settle(root)


def _container(node: Node, rename: Rename, *argv: str) -> None:
    result = node.run([rename(word) for word in argv])
    assert result.ok, result.stderr


def _create(ctid: int, address: int, hostname: str, place: str = "local-zfs:4") -> tuple[str, ...]:
    net = f"name=eth0,bridge=vmbr0,gw=10.10.10.1,ip=10.10.10.{address}/24,hwaddr={MAC_900}"
    return (
        *("pct", "create", str(ctid), TARBALL, "--rootfs", place, "--hostname", hostname, "--memory", "512"),
        *("--cores", "1", "--features", "nesting=1", "--unprivileged", "1", "--net0", net),
    )


def node_a(rename: Rename = same) -> Node:
    """The start of node-a: CT 900 runs."""
    node = _node(rename)
    _container(node, rename, *_create(900, 90, "ct900"))
    _container(node, rename, "pct", "start", "900")
    node.clock += 300
    return node


def node_b(rename: Rename = same) -> Node:
    """The start of node-b: CTs 960 to 962, stopped, the first with three snapshots; pvestatd does not run."""
    node = _node(rename)
    node.add_storage(rename("small"), "zfspool", "rootdir", pool=rename("tank"))
    for ctid, name in ((960, "ct960"), (961, "full961"), (962, "snap962")):
        _container(node, rename, *_create(ctid, 60 + ctid - 960, name))
    for name in ("s1", "s2", "a-b"):
        _container(node, rename, "pct", "snapshot", "960", name)
    run_pvestatd(node, running=False)
    return node


def run_pvestatd(node: Node, *, running: bool) -> None:
    """Start or stop the daemon that tells the cluster of states."""
    node.files.mkdir("/run/systemd/units", parents=True)
    node.files.write("/run/systemd/units/pvestatd.service", "active" if running else "inactive")
