"""A slice that is given by itself: what it leaves out is not known, so nothing on the node goes because of it (S2)."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from features.host.converging import changes, converge
from phoenix_hypervisor.cli.fitting import fit
from phoenix_hypervisor.config.source import read_source
from phoenix_hypervisor.features.registry import of_host
from phoenix_hypervisor.plan.host import hidden, parts
from phoenix_hypervisor.plan.slices import part_from, plain_json, slice_from, slice_values
from phoenix_hypervisor.resource import Feature
from phoenix_hypervisor.simulator import persistence
from phoenix_hypervisor.simulator.node import Node
from rig import load_site

ADMIN = {"shell": "/bin/sh", "groups": ["lab"], "pve_role": "PVEAuditor", "pve_path": "/vms"}
FEATURES = sorted(of_host())
ROWS = ("pools", "datasets", "exports", "shares")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> tuple[str, dict[str, Any]]:
    """A node as the example declares it, in text; and feature to its slice of the whole document."""
    folder = tmp_path_factory.mktemp("lab")
    document: Any = read_source(repository / "examples/ai-lab/phoenix_hypervisor_config.json", "host").data
    document["users"] |= ADMIN
    document["nfs"]["exports"][0]["clients"] = ["10.77.0.9"]
    document["nfs"]["exports"].append({"path": "deep/models/more"})
    document["samba"]["shares"].append({"path": "deep/models/more", "options": "writable=yes"})
    (folder / "phoenix_hypervisor_config.json").write_text(json.dumps(document))
    site, node = load_site(folder), Node.new()
    fit(site, node)
    for part in parts(site, lambda _name: hidden):
        converge(node, part.resources)
    slices = {
        name: {field: plain_json(value, hidden) for field, value in slice_values(feature, {"host": site.host}).items()}
        for name, feature in of_host().items()
    }
    return persistence.dumps(node), slices


def pieces(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same without each one of its fields, alone and with all the others after it; and of its rows.

    A row can be left out as a whole, too, where others are left: an empty list says that there are none.
    """
    names = list(value)
    for at, name in enumerate(names):
        yield {key: each for key, each in value.items() if key != name}
        yield {key: value[key] for key in names[:at]}
        for index, row in enumerate(value[name] if name in ROWS else ()):
            if len(value[name]) > 1:
                yield {**value, name: [each for each in value[name] if each is not row]}
            for key in row:
                less = copy.deepcopy(value)
                del less[name][index][key]
                yield less


def established(feature: Feature, piece: dict[str, Any], node: Node) -> list[str] | None:
    """The commands that the slice asks for; None where it is refused."""
    try:
        found = part_from(feature, piece)
    except ValidationError:
        return None
    if feature.is_empty(found) or any(feature.lacks(found)):
        return None
    return [str(command) for command in changes(node, feature.resources(found))]


@pytest.mark.parametrize("name", FEATURES)
def test_what_a_slice_leaves_out_changes_nothing(name: str, lab: tuple[str, dict[str, Any]]) -> None:
    text, slices = lab
    node, feature, judged = persistence.loads(text, Node), of_host()[name], 0
    assert established(feature, slices[name], node) == []
    for piece in pieces(slices[name]):
        commands = established(feature, piece, node)
        assert not commands, piece
        judged += commands is not None
    assert judged, "every piece was refused"


@pytest.mark.parametrize("name", ["admin_user", "nfs", "samba", "zfs"])
def test_a_whole_document_takes_back_what_it_leaves_out(name: str, lab: tuple[str, dict[str, Any]]) -> None:
    text, slices = lab
    node, feature = persistence.loads(text, Node), of_host()[name]
    siblings = {key: value for key, value in slices[name].items() if key in feature.siblings}
    assert changes(node, feature.resources(slice_from(feature, siblings)))


@pytest.mark.parametrize(
    ("name", "piece", "missing"),
    [
        ("nfs", {"exports": [{"path": "deep/models"}], "zfs": None, "mount_point_base": None}, "no clients"),
        ("nfs", {"exports": [{"path": "deep/models", "clients": ["*"]}]}, "cannot be told"),
        ("samba", {"shares": [{"path": "/srv/x", "valid_users": ["ann"]}]}, "cannot be told"),
        ("samba", {"shares": [{"path": "/srv/x"}], "zfs": None, "mount_point_base": None}, "who may use"),
        ("admin_user", {"sudo_access": True}, "username is missing"),
        ("nvidia", {"install": True}, "version is missing"),
        ("zfs", {"datasets": [{"name": "a/b", "pool": "tank", "proxmox_storage_type": "dir"}]}, "id of the storage"),
    ],
)
def test_what_a_slice_cannot_do_without_is_told(name: str, piece: dict[str, Any], missing: str) -> None:
    feature = of_host()[name]
    assert [missing in lack.what for lack in feature.lacks(part_from(feature, piece))] == [True]


def test_a_path_on_a_dataset_with_a_place_of_its_own_needs_no_base() -> None:
    feature = of_host()["nfs"]
    placed = {"name": "x", "pool": "tank", "properties": {"mountpoint": "/srv/x"}}
    piece = {"exports": [{"path": "tank/x/a", "clients": ["*"]}], "zfs": {"datasets": [placed]}}
    assert not list(feature.lacks(part_from(feature, piece)))
    del placed["properties"]
    assert [lack.hint for lack in feature.lacks(part_from(feature, piece))] == [
        "Add mount_point_base of the document beside it."
    ]


def test_null_declares_that_there_is_none() -> None:
    feature = of_host()["zfs"]
    piece = part_from(feature, {"arc_max_gb": None, "pools": []})
    assert piece.knows("arc_max_gb") and not piece.knows("datasets")
    assert slice_from(feature, {}).knows("datasets")
