"""What is taken out of the host document: ours and harmless goes, what holds data is told and stays, as does the rest.

Every item of the example is taken out once.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hosts import FOREIGN, canary, hosts_of, with_foreign
from phoenix_hypervisor.config.source import read_source
from phoenix_hypervisor.simulator.node import Node
from rig import Rig, load_site

EXAMPLE = Path(__file__).parents[2] / "examples/ai-lab"
Document = dict[str, Any]
DESTROYS = (
    *("zpool destroy", "zfs destroy", "zfs rename", "zfs rollback", "pvesm remove", "pvesm free", "userdel"),
    *("smbpasswd -x", "pdbedit -x", "pveum user delete", "apt-get remove", "apt-get purge", "wipefs", "mkfs"),
)
KEYS = "/home/labadmin/.ssh/authorized_keys"
MOUNTS = ("/swift/lxc", "/swift/volumes", *(f"/mnt/pve/deep/{name}" for name in ("library", "backups", "models")))


@dataclass(frozen=True)
class Removal:
    """What is taken out: the document without it, what is gone then, and what is told of what stays."""

    what: str
    without: Document
    gone: Callable[[Node], bool] = lambda _: True
    told: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.what


def without(document: Document, *path: str | int) -> Document:
    """A copy without what stands at that place."""
    made = copy.deepcopy(document)
    place: Any = made
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return made


def without_datasets(document: Document, *names: str) -> Document:
    """A copy without these datasets, and without what is served of them."""
    made = copy.deepcopy(document)
    found = {f"{each['pool']}/{each['name']}": each for each in made["zfs"]["datasets"]}
    made["zfs"]["datasets"] = [each for name, each in found.items() if name not in names]
    for part, served in (("nfs", "exports"), ("samba", "shares")):
        made[part][served] = [each for each in made[part][served] if each["path"] not in names]
    for name in names:
        made["proxmox_storage_ids"].pop(name.replace("/", "_"), None)
    if "deep/models" in names:
        del made["shared_volumes"]
    if "swift/lxc" in names:
        del made["proxmox_defaults"]["zfs_lxc_pool"]
    return made


def said(node: Node, *argv: str) -> str:
    return str(node.run(argv).stdout)


def absent(path: str, text: str = "") -> Callable[[Node], bool]:
    return lambda node: not node.files.exists(path) or (text != "" and text not in node.files.read(path))


def unsaid(text: str, *argv: str) -> Callable[[Node], bool]:
    return lambda node: text not in said(node, *argv)


def unset(name: str, key: str) -> Callable[[Node], bool]:
    """It is inherited again, or stands at what means nothing."""

    def gone(node: Node) -> bool:
        value, source = said(node, "zfs", "get", "-H", "-o", "value,source", key, name).strip().split("\t")
        return source != "local" or value in ("none", "on")

    return gone


def _datasets(document: Document) -> Iterator[Removal]:
    """With a dataset its storage is no longer declared either; what serves it is taken out, too."""
    for number, dataset in enumerate(document["zfs"]["datasets"]):
        name = f"{dataset['pool']}/{dataset['name']}"
        storage = document["proxmox_storage_ids"].get(name.replace("/", "_"))
        told = (f"the dataset {name} is no longer declared", *([f"the storage {storage} on {name}"] if storage else ()))
        yield Removal(f"dataset {name}", without_datasets(document, name), told=told)
        for key in (pair.partition("=")[0] for pair in dataset["properties"].split(",")):
            kept = [pair for pair in dataset["properties"].split(",") if not pair.startswith(f"{key}=")]
            made = copy.deepcopy(document)
            made["zfs"]["datasets"][number]["properties"] = ",".join(kept)
            yield Removal(f"{key} of {name}", made, unset(name, key))
        if storage:
            made = without(document, "zfs", "datasets", number, "proxmox_storage_type")
            del made["zfs"]["datasets"][number]["proxmox_content_type"]
            del made["proxmox_storage_ids"][name.replace("/", "_")]
            yield Removal(f"storage {storage}", made, told=(f"the storage {storage} on {name}",))


def _served(document: Document) -> Iterator[Removal]:
    for number, export in enumerate(document["nfs"]["exports"]):
        path = f"/mnt/pve/{export['path']}"
        yield Removal(f"export {path}", without(document, "nfs", "exports", number), unsaid(path, "exportfs", "-s"))
    for number, share in enumerate(document["samba"]["shares"]):
        gone = unsaid(f"[{share['name']}]", "testparm", "-s")
        yield Removal(f"share {share['name']}", without(document, "samba", "shares", number), gone)
    yield Removal("samba", without(document, "samba"), unsaid("[projects]", "testparm", "-s"), ("Samba user labadmin",))
    yield Removal("nfs", without(document, "nfs"), absent("/etc/exports.d/phoenix.exports"))


def _admin(document: Document) -> Iterator[Removal]:
    drop_in = absent("/etc/sudoers.d/phoenix-labadmin")
    yield Removal("user", without(document, "users"), drop_in, ("user labadmin",))
    yield Removal("key", without(document, "users", "ssh_public_key"), absent(KEYS, "ssh-ed25519"))
    refused = copy.deepcopy(document)
    refused["users"]["sudo_access"] = False
    yield Removal("sudo", refused, drop_in)
    yield Removal("password of the user", without(document, "users", "password_hash"))
    yield Removal("password for Samba", without(document, "samba", "password"), told=("Samba user labadmin",))


def _others(document: Document) -> Iterator[Removal]:
    yield Removal("zfs", without(without(without(document, "zfs"), "nfs"), "samba") | {"shared_volumes": {}},
                  told=("the dataset deep/models", "the storage lab-lxc", "the dataset swift/lxc"))  # fmt: skip
    limit = without(document, "zfs", "arc_max_gb")
    yield Removal("limit of the ARC", limit, absent("/etc/modprobe.d/zfs.conf", "17179869184"))
    for number, pool in enumerate(document["zfs"]["pools"]):
        own = [each for each in document["zfs"]["datasets"] if each["pool"] == pool["name"]]
        names = [f"{pool['name']}/{each['name']}" for each in own]
        made = without_datasets(without(document, "zfs", "pools", number), *names)
        yield Removal(f"pool {pool['name']}", made, told=tuple(f"the dataset {name}" for name in names))
        for key in ("ashift", "autotrim", "compression"):
            if key in pool:
                yield Removal(f"{key} of {pool['name']}", without(document, "zfs", "pools", number, key))
    driver = without(document, "nvidia_driver")
    yield Removal("nvidia", driver, told=("still keeps nouveau away, as driver",))
    for key in ("timezone", "domain_name"):
        yield Removal(key, without(document, key))
    yield Removal("interface", without(document, "network", "interfaces"))


def removals() -> list[Removal]:
    document = read_source(EXAMPLE / "phoenix_hypervisor_config.json", "host").data or {}
    parts = (_datasets, _served, _admin, _others)
    return [each for part in parts for each in part(document)]


@dataclass(frozen=True)
class Before:
    """The whole example, applied to a node of which somebody else has a part; and data in its datasets."""

    file: Path
    foreign: Mapping[str, str]


def foreign(node: Node) -> dict[str, str]:
    lines = node.files.read("/etc/pve/storage.cfg").partition("dir: theirs")[2].partition("\n\n")[0]
    keys = "".join(line for line in node.files.read(KEYS).splitlines(keepends=True) if "theirs" in line)
    files = {path: node.files.read(path) for path in FOREIGN}
    data = {path: node.files.read(f"{path}/data") for path in MOUNTS}
    return {**files, **data, "storage": lines, "keys": keys, "dataset": said(node, "zfs", "get", "all", "rpool/theirs")}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Before:
    folder = tmp_path_factory.mktemp("before")
    rig = hosts_of(folder / "etc", EXAMPLE)
    with_foreign(rig.node)
    rig.converge()
    for place in MOUNTS:
        rig.node.files.write(f"{place}/data", f"what nobody may lose: {place}\n")
    rig.node.files.write(KEYS, "ssh-rsa AAAA theirs\n", append=True)
    rig.node.save(folder / "node.json")
    return Before(folder / "node.json", foreign(rig.node))


@pytest.mark.parametrize("removal", removals(), ids=str)
def test_what_is_taken_out_goes_or_is_told_and_no_data_is_lost(
    tmp_path: Path, before: Before, removal: Removal
) -> None:
    (tmp_path / "phoenix_hypervisor_config.json").write_text(json.dumps(removal.without))
    rig = Rig(load_site(tmp_path), Node.load(before.file), whole=True, secrets=canary)
    guarded = (rig.node.storages.all().keys(), set(rig.node.zfs.datasets), said(rig.node, "getent", "passwd"))
    rig.converge()
    assert not [line for line in rig.ran if line.startswith(DESTROYS)]
    assert removal.gone(rig.node), "it is still there"
    left = rig.plan()
    assert (left.steps, left.refused) == ((), ())
    kept = " ".join(each.change.what for each in left.kept)
    assert [text for text in removal.told if text not in kept] == []
    assert foreign(rig.node) == before.foreign
    assert guarded == (rig.node.storages.all().keys(), set(rig.node.zfs.datasets), said(rig.node, "getent", "passwd"))
    node = Node.load(before.file)
    assert said(node, "id", "labadmin") == said(rig.node, "id", "labadmin") != ""
