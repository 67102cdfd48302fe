"""Scenarios that the sweeps over crashes and faults share: a site, a node, and what is to be done to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phoenix_hypervisor.plan.build import build
from phoenix_hypervisor.simulator.node import Node
from rig import HOST, SCRIPT, TARBALL, Rig, container, fitted, site_of, state, tree

Json = dict[str, Any]
DATA: Json = {"name": "data", "pool": "tank-lxc", "size_gb": 1, "mount_point": "/var/lib/data"}
UNDO: Json = {**HOST, "behavior": {"rollback_on_failure": True}}
FAILING = '#!/bin/sh\necho half >/root/half-done\necho "no luck" >&2\nexit 3\n'
PRECIOUS = ("/tank/lxc/subvol-950-disk-0/root/precious", "/tank/lxc/subvol-950-disk-1/precious")
"""What ``furnish`` leaves, as the node sees it."""


def everything(**fields: Any) -> Json:
    """A container that declares all that a configuration key, a raw line or a file of Proxmox's can say."""
    return container(
        950,
        clone_from_ctid="900",
        swap_mb=256,
        tags=["web"],
        features="fuse=1",
        boot_order=2,
        volumes=[DATA],
        lxc_options=["lxc.environment = A=b"],
        id_maps=[{"type": "both", "host_id": 1000, "container_id": 1000, "size": 1}],
        mount_points=[
            {"host_path": "/srv/media", "container_path": "/mnt/media", "owner_uid": 1000, "owner_gid": 1000}
        ],
        firewall={"enabled": True, "rules": [{"type": "in", "action": "ACCEPT", "proto": "tcp", "port": "80"}]},
        **fields,
    )


def base(**fields: Any) -> Json:
    return container(900, template=TARBALL, template_snapshot_name="base", storage_size_gb=4, **fields)


def small_tree() -> Json:
    """Two templates, a service with a feature and a script, and one that waits for it; all clones of snapshots."""
    found: Json = tree()["lxc_configs"]
    return found


def native_tree() -> Json:
    """Two templates of Proxmox's, one a clone of the other, and clones of both."""
    return {
        "900": base(volumes=[DATA]),
        "901": container(901, clone_from_ctid="900", is_template=True, cloning="native", tags=["second"]),
        "950": container(950, clone_from_ctid="901", cloning="native", application_script="app.sh"),
        "150": container(150, clone_from_ctid="900", cloning="native", volumes=[DATA]),
    }


def full_copies() -> Json:
    """Full copies: of a snapshot on ZFS, and of a container on a storage without snapshots."""
    plain = {"storage_pool": "plain", "cloning": "full"}
    return {
        "900": base(volumes=[DATA], pct_options=["protection=1"]),
        "950": container(950, clone_from_ctid="900", cloning="full"),
        "910": container(910, template=TARBALL, is_template=True, storage_size_gb=4, storage_pool="plain"),
        "960": container(960, clone_from_ctid="910", **plain),
    }


def declared() -> Json:
    return {"900": base(), "950": everything(application_script="app.sh")}


def changed() -> Json:
    """What ``declared`` has, otherwise: hot changes, a restart, a volume moved and one more, other raw lines."""
    fields = everything(application_script="app.sh")
    fields["volumes"] = [{**DATA, "size_gb": 2, "mount_point": "/srv/data"}, {**DATA, "name": "more"}]
    fields["lxc_options"] = ["lxc.environment = A=c"]
    fields["memory_mb"] = 2048
    fields["features"] = "keyctl=1"
    fields["id_maps"] = []
    fields["firewall"]["rules"][0]["port"] = "443"
    return {"900": base(), "950": fields}


def bare() -> Json:
    """What ``declared`` has, with nothing more declared than a container needs."""
    return {"900": base(), "950": container(950, clone_from_ctid="900")}


@dataclass(frozen=True)
class Scenario:
    """``before`` is applied first, if anything; then the sweep is over what brings the node to ``after``."""

    after: Callable[[], Json]
    before: Callable[[], Json] | None = None
    undo: bool = False
    """Whether what fails is taken back."""
    rebuild: tuple[int, ...] = ()
    script: str = SCRIPT
    """The application script of CT 950."""

    @property
    def fails(self) -> bool:
        return self.script == FAILING

    def prepare(self, folder: Path) -> Rig:
        """The rig before the sweep, its node as ``before`` and people have made it."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "app.sh").write_text(SCRIPT)
        node = Node.new()
        node.add_storage("plain", "dir", "images,rootdir", path="/srv/plain")
        first = self.before or self.after
        host = UNDO if self.undo else HOST
        rig = fitted(site_of(folder, {"lxc_configs": first()}, host), node)
        if self.before is not None:
            rig.converge()
            furnish(node)
        (folder / "app.sh").write_text(self.script)
        rig.site = site_of(folder, {"lxc_configs": self.after()}, host)
        if self.rebuild:
            plan = build(rig.site, rig.look(), rebuild=self.rebuild)
            rig.distort = lambda _: plan
        return rig


def furnish(node: Node) -> None:
    """Leave something of people's in the volumes of CT 950, if it runs."""
    script = "for folder in /root /var/lib/data; do if [ -d $folder ]; then echo precious >$folder/precious; fi; done"
    node.run(["pct", "exec", "950", "--", "sh", "-c", script])


LEFT = (
    "/etc/pve/lxc/*",
    "/etc/pve/firewall/*",
    "/srv/*",
    "/srv/plain/images/*/*",
    "/var/lib/phoenix_hypervisor/creating/[0-9]*",
)


def end(node: Node) -> dict[str, Any]:
    """All that a run leaves on the node, whose order and times do not matter."""
    files = node.files
    ids = {path: files.read(path) for path in ("/etc/subuid", "/etc/subgid") if files.exists(path)}
    rules = {path: files.read(path) for path in files.glob("/etc/pve/firewall/*.fw")}
    mounts = [
        line for line in node.run(["cat", "/proc/self/mountinfo"]).stdout.splitlines() if " /var/lib/lxc/" in line
    ]
    there = {pattern: [path for path in sorted(files.glob(pattern)) if not path.endswith(".new")] for pattern in LEFT}
    return {**state(node), **there, "ids": ids, "rules": rules, "mounts": mounts}


def without_leftovers(found: dict[str, Any]) -> dict[str, Any]:
    """Volumes of a run that was cut off while it was undone may stay, as unused ones: nothing is lost."""

    def plain(text: str) -> str:
        return re.sub(r"subvol-950-disk-[2-9]", "MADE", re.sub(r"unused\d+: .*\n", "", text))

    guests = {path: plain(text) for path, text in found["guests"].items()}
    return {**found, "guests": guests, "zfs": sorted({plain(line) for line in found["zfs"]})}


def finished(rig: Rig, scenario: Scenario, folder: Path) -> dict[str, Any]:
    """The end of a run that succeeds, after which nothing is to be done, and nothing of people's is lost."""
    (folder / "etc/app.sh").write_text(SCRIPT)
    rig.distort = lambda plan: plan
    rig.converge()
    plan = rig.plan()
    assert plan.empty, (plan.steps, plan.blocked)
    if scenario.before is not None and not scenario.rebuild:
        assert [path for path in PRECIOUS if not rig.node.files.exists(path)] == []
    found = end(rig.node)
    assert not [path for path, text in found["guests"].items() if "\nlock: " in f"\n{text}"]
    return without_leftovers(found) if scenario.fails else found


SCENARIOS = {
    "small": Scenario(small_tree),
    "native": Scenario(native_tree),
    "full": Scenario(full_copies),
    "declared": Scenario(declared),
    "changed": Scenario(changed, declared),
    "no longer declared": Scenario(bare, declared),
    "with a restore point": Scenario(changed, declared, undo=True),
    "put back": Scenario(changed, declared, undo=True, script=FAILING),
    "destroyed again": Scenario(native_tree, undo=True, script=FAILING),
    "made anew": Scenario(native_tree, native_tree, rebuild=(150, 900, 901, 950)),
}
