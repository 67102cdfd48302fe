"""Storages of Proxmox: made, their content reconciled, those of others left alone."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from features.host.converging import changes, converge, look
from phoenix_hypervisor.command import Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.resource import Verdict
from phoenix_hypervisor.resources.storage import NODE, STORAGES, Storage
from phoenix_hypervisor.simulator.node import Node

CFG = "/etc/pve/storage.cfg"


def node(version: int = 9) -> Node:
    made = Node.new(version=version)
    made.add_pool("tank", 1 << 40)
    made.add_dataset("tank/lxc")
    return made


def pooled(**fields: Any) -> Storage:
    return Storage(
        **{"name": "lab", "type": "zfspool", "options": {"pool": "tank/lxc"}, "content": ("rootdir",)} | fields
    )


def said(made: Node, storage: Storage) -> Verdict:
    return storage.verdict(look(made, [storage]))


@pytest.mark.parametrize("version", [8, 9])
@pytest.mark.parametrize(
    ("storage", "words"),
    [
        (pooled(), ("zfspool", "lab", "--pool", "tank/lxc", "--content", "rootdir", "--sparse", "1")),
        (pooled(content=None), ("zfspool", "lab", "--pool", "tank/lxc", "--sparse", "1")),
        (
            Storage(name="iso", type="dir", options={"path": "/tank/lxc"}, content=("iso", "vztmpl")),
            ("dir", "iso", "--path", "/tank/lxc", "--content", "iso,vztmpl", "--is_mountpoint", "yes"),
        ),
    ],
)
def test_it_is_added_and_found_again(storage: Storage, words: tuple[str, ...], version: int) -> None:
    made = node(version)
    before = made.files.read(CFG)
    (command,) = converge(made, [storage])
    assert command.argv == ("pvesm", "add", *words)
    assert made.files.read(CFG).startswith(before.rstrip("\n"))


def test_its_content_is_reconciled() -> None:
    made = node()
    converge(made, [pooled()])
    assert changes(made, [pooled(content=None)]) == []
    (command,) = converge(made, [pooled(content=("images", "rootdir"))])
    assert command.argv == ("pvesm", "set", "lab", "--content", "images,rootdir")


def test_what_is_not_declared_of_its_content_stays_and_is_told() -> None:
    made = node()
    converge(made, [pooled(content=("images",))])
    (command,) = converge(made, [pooled()])
    assert command.argv == ("pvesm", "set", "lab", "--content", "images,rootdir")
    (kept,) = said(made, pooled()).kept
    assert kept.what == "the storage lab takes images, too" and "pvesm set lab --content rootdir" in kept.reason
    assert said(made, pooled(content=None)).kept == ()


SHARED = Storage(name="far", type="nfs", options={"server": "10.0.0.9", "export": "/x"}, content=("iso",))


@pytest.mark.parametrize(
    ("storage", "added"),
    [
        (pooled(), ("--nodes", "pve1")),
        (Storage(name="iso", type="dir", options={"path": "/tank/lxc"}), ("--nodes", "pve1")),
        (SHARED, ("--content", "iso")),
    ],
)
def test_in_a_cluster_what_lies_on_one_node_is_for_that_node_only(storage: Storage, added: tuple[str, str]) -> None:
    made = node()
    made.files.write("/etc/pve/corosync.conf", "nodelist {\n}\n")
    (command,) = changes(made, [storage])
    assert command.argv[-2:] == added
    if storage is not SHARED:
        converge(made, [storage])


def test_one_that_is_for_other_nodes_only_becomes_this_ones_too() -> None:
    made = node()
    made.files.write(CFG, made.files.read(CFG) + "zfspool: lab\n\tpool tank/lxc\n\tcontent images\n\tnodes pve2,pve3\n")
    verdict = said(made, pooled())
    assert verdict.reason == "it takes images; it is for pve2, pve3 only"
    assert "nodes: pve2,pve3 -> pve2,pve3,pve1" in verdict.detail
    (command,) = converge(made, [pooled()])
    assert command.argv == ("pvesm", "set", "lab", "--content", "images,rootdir", "--nodes", "pve2,pve3,pve1")


@pytest.mark.parametrize(
    ("storage", "told"),
    [
        (pooled(options={"pool": "tank"}), "with the pool tank/lxc, not tank"),
        (Storage(name="lab", type="dir", options={"path": "/x"}), "is a zfspool, not a dir"),
    ],
)
def test_another_one_of_that_id_is_an_obstacle(storage: Storage, told: str) -> None:
    made = node()
    converge(made, [pooled()])
    (obstacle,) = said(made, storage).obstacles
    assert told in obstacle.reason
    assert "proxmox_storage_ids" in obstacle.hint


def test_a_path_with_a_slash_at_its_end_is_the_same() -> None:
    made = node()
    made.files.write(CFG, made.files.read(CFG) + "dir: iso\n\tpath /tank/lxc/\n\tcontent iso\n")
    assert said(made, Storage(name="iso", type="dir", options={"path": "/tank/lxc"}, content=("iso",))).obstacles == ()


def test_one_that_is_disabled_is_told() -> None:
    made = node()
    converge(made, [pooled()])
    assert made.run(["pvesm", "set", "lab", "--disable", "1"]).ok
    assert "the storage lab is disabled" in said(made, pooled()).kept[0].what
    assert changes(made, [pooled()]) == []


@pytest.mark.parametrize("name", ["-x", "a;b", "a b", "x", "tank/a", ""])
def test_what_is_no_id_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        pooled(name=name)


def test_a_node_that_does_not_tell_is_a_clear_error() -> None:
    with pytest.raises(NodeError, match=r"storage\.cfg"):
        STORAGES.parse(Result(1, "", "Transport endpoint is not connected"))
    assert STORAGES.parse(Result(0, "garbage\n")) == {}
    with pytest.raises(NodeError, match="name"):
        NODE.parse(Result(0, ""))
