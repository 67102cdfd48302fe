"""Sites of which the node's own part matters, on fresh simulated nodes; and what of a node a run may have changed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from phoenix_hypervisor.cli.fitting import fit
from phoenix_hypervisor.documents.secrets import Secret
from phoenix_hypervisor.simulator.node import Node
from rig import Rig, load_site

CANARIES: Mapping[str, str] = {
    "password_hash": "$6$canarysalt$CanaryHashThatMustBeSeenNowhere",
    "password": "canary-password-that-must-be-seen-nowhere",
}
FOREIGN: Mapping[str, str] = {
    "/etc/exports": "/srv/theirs 10.9.9.0/24(ro,no_subtree_check)\n",
    "/etc/exports.d/theirs.exports": "# theirs\n/srv/theirs 10.8.8.8(rw,no_subtree_check)\n",
    "/etc/sudoers.d/theirs": "%theirs ALL=(ALL:ALL) ALL\n",
    "/etc/apt/sources.list.d/theirs.list": "# deb http://theirs.example/debian stable main\n",
    "/etc/modprobe.d/theirs.conf": "# theirs\noptions kvm nested=1\n",
    "/etc/network/interfaces.d/theirs": "# nothing here\n",
    "/etc/logrotate.d/theirs": "/var/log/theirs.log {\n\tweekly\n}\n",
}
"""Files of somebody else, with their content."""


def hosts_of(folder: Path, source: Path, version: int = 9, *, furnished: bool = True) -> Rig:
    """The host document of a folder alone, on a fresh node with the disks that it names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("phoenix_hypervisor_config.json", "hypervisor_config.json"):
        if (source / name).exists():
            shutil.copy(source / name, folder / name)
    site = load_site(folder)
    node = Node.new(version=version)
    if furnished:
        fit(site, node)
    return Rig(site, node, whole=True, secrets=canary)


def canary(secret: Secret) -> str | None:
    """Every secret of the example: its hash is one by its looks."""
    return CANARIES["password_hash" if "HASH" in secret.reference else "password"]


def with_foreign(node: Node) -> None:
    """Somebody else's files, shares, storages, users and datasets."""
    node.files.mkdir("/srv/theirs", parents=True)
    for path, text in FOREIGN.items():
        node.files.mkdir(path.rpartition("/")[0], parents=True)
        node.files.write(path, text, mode=0o440 if "sudoers" in path else 0o644)
    node.add_dataset("rpool/theirs", compression="zstd")
    node.files.write("/rpool/theirs/data", "theirs\n")
    node.add_storage("theirs", "dir", "iso", path="/srv/theirs-iso")


_DUE = ("/run/phoenix_hypervisor/due", "/var/lib/phoenix_hypervisor/due")
_NOISE = re.compile(r"^/etc/(?:pve/\.version|ssh/|machine-id|zfs/|\.pwd\.lock|g?shadow|passwd-|group-)")


def end_of(node: Node) -> dict[str, Any]:
    """What a run of the node's own part leaves, without what differs from run to run (times, salts, serial numbers)."""
    files = {}
    for path in sorted(_below(node, "/etc")):
        entry = node.files.stat(path, follow=False)
        if entry is not None and entry.kind != "directory" and not _NOISE.match(path):
            files[path] = (entry.kind, entry.data, entry.mode, entry.uid, entry.gid)
    ask = lambda *argv: node.run(list(argv)).stdout  # noqa: E731
    return {
        "files": files,
        "datasets": ask(
            "zfs", "get", "-H", "-o", "name,property,value,source", "compression,recordsize,quota,mountpoint"
        ),
        "pools": sorted(node.zfs.pools),
        "exports": sorted(ask("exportfs", "-s").splitlines()),
        "units": ask("systemctl", "list-units", "--type=service", "--no-legend"),
        "due": [name for folder in _DUE if node.files.exists(folder) for name in node.files.list(folder)],
        "users": [line.split(":")[:2] for line in ask("pdbedit", "-L").splitlines()],
        "drafts": [path for path in _below(node, "/etc") if "phoenix~" in path],
    }


def _below(node: Node, folder: str) -> list[str]:
    found = []
    for name in node.files.list(folder):
        path = f"{folder}/{name}"
        found.append(path)
        entry = node.files.stat(path, follow=False)
        if entry is not None and entry.kind == "directory":
            found += _below(node, path)
    return found
