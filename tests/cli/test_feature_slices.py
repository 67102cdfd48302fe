"""Slices that ``phoenix feature run`` judges as it does documents (spec S2), and what it tells of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Phoenix, Said
from phoenix_hypervisor.simulator.node import Node

DISKS = ["/dev/disk/by-id/ata-A_1", "/dev/disk/by-id/ata-B_2"]
POOL = {"name": "tank", "raid_level": "mirror", "disks": DISKS}
HERE = {"zfs": {"pools": [POOL]}, "mount_point_base": None}


def run(phoenix: Phoenix, folder: Path, name: str, piece: Any, *options: object) -> Said:
    file = folder / "slice.json"
    file.write_text(piece if isinstance(piece, str) else json.dumps(piece))
    return phoenix("feature", "run", name, "--config", file, "--on", f"sim:{folder}/node.json", *options)


WRONG: dict[str, tuple[str, Any, str]] = {
    "a mirror of one disk": ("zfs", {"pools": [{**POOL, "disks": DISKS[:1]}]}, "mirror needs at least 2 disks"),
    "a pool called mirror": ("zfs", {"pools": [{**POOL, "name": "mirror"}]}, '"name" cannot be "mirror"'),
    "a disk outside its folder": (
        "zfs",
        {"pools": [{**POOL, "raid_level": "single", "disks": ["/dev/disk/by-id/../../etc/passwd"]}]},
        'slice.json:1:63: error: "disks"[0] cannot be',
    ),
    "backups on volumes": (
        "zfs",
        {
            "datasets": [
                {"name": "x", "pool": "tank", "proxmox_storage_type": "zfspool", "proxmox_content_type": "backup"}
            ]
        },
        "a zfspool holds images and rootdir only",
    ),
    "a pool twice": ("zfs", {"pools": [POOL, {"name": "tank"}]}, "error: the pool tank stands twice. [value]"),
    "an unknown field": ("zfs", {"pool": []}, 'there is no field "pool" here. [unknown-field] Did you mean "pools"?'),
    "a field of nothing": ("zfs", {"xyz": []}, "See: phoenix feature schema zfs"),
    "a section that holds more than the slice": (
        "initial_setup",
        {"interfaces": {"name": "vmbr0", "address": "10.0.0.2/24"}, "default_subnet": "10.0.0.0/24"},
        "jq '{repository, timezone, domain_name, interfaces: .network.interfaces}' FILE.",
    ),
    "a section of another feature": ("samba", {"xyz": 1}, "jq '.samba + {admin: .users.username, zfs, mount_poi"),
    "a text for a number": ("zfs", {"arc_max_gb": "16"}, '"arc_max_gb" must be a number, not a string. [type]'),
    "a share of a file": (
        "samba",
        {"shares": [{"path": "/etc/passwd", "valid_users": ["ann"]}], **HERE},
        'no declared dataset or pool gives "/etc/passwd".',
    ),
    "an option that is none": (
        "nfs",
        {"exports": [{"path": "tank", "clients": ["*"], "options": ["rwx"]}], **HERE},
        '"rwx" is no option of exports(5).',
    ),
    "an export twice": (
        "nfs",
        {"exports": [{"path": "tank", "clients": ["*"]}] * 2, **HERE},
        'error: the export "tank" stands twice.',
    ),
    "an export for nobody": (
        "nfs",
        {"exports": [{"path": "tank"}], **HERE},
        "tank has no clients. [missing-field] Give it some, or add default_subnet beside exports.",
    ),
    "nobody": ("admin_user", {"sudo_access": True}, "username is missing. [missing-field] Add it"),
    "an address that is no host's": (
        "initial_setup",
        {"interfaces": {"name": "vmbr0", "address": "10.0.0.0/24"}},
        "10.0.0.0/24 is the address of the network itself.",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_slice_is_judged_before_there_is_a_node(phoenix: Phoenix, tmp_path: Path, what: str) -> None:
    name, piece, text = WRONG[what]
    said = run(phoenix, tmp_path, name, piece)
    assert said.code == 2
    assert text in said.err
    assert said.err.endswith("phoenix: 1 error in the configuration. Nothing was touched.\n")
    assert not (tmp_path / "node.json").exists()


def test_what_stands_in_a_whole_document_is_judged_too_as_far_as_it_is_the_features(
    phoenix: Phoenix, tmp_path: Path
) -> None:
    document = {"version": "1", "zfs": {"pools": [{**POOL, "disks": DISKS[:1]}]}, "users": {"username": "ann"}}
    assert "mirror needs at least 2 disks" in run(phoenix, tmp_path, "zfs", document).err
    assert run(phoenix, tmp_path, "admin_user", document).code == 0


def test_a_secret_in_the_slice_itself_is_told_once(phoenix: Phoenix, tmp_path: Path) -> None:
    said = run(phoenix, tmp_path, "samba", {"user": "ann", "password": "canary"})
    assert said.code == 0
    assert "[literal-secret]" in said.err and "canary" not in said.out + said.err


@pytest.mark.parametrize(
    ("name", "piece"),
    [
        ("zfs", {"datasets": [{"name": "tank/x"}]}),
        ("zfs", {"arc_max": "34359738368", "pools": []}),
        ("zfs", {"dataset_storage_types": []}),
        ("nfs", {"shares": [{"path": "tank/x"}]}),
        ("nvidia", {"driver_version": "580.76.05"}),
    ],
)
def test_a_slice_of_the_older_shape_is_refused_in_one_sentence(
    phoenix: Phoenix, tmp_path: Path, name: str, piece: Any
) -> None:
    said = run(phoenix, tmp_path, name, piece)
    assert said.code == 2
    (line,) = said.err.splitlines()
    assert "is of the older shape" in line and "Give the whole document" in line


@pytest.mark.parametrize(
    ("piece", "text"),
    [
        ("null", "null is no slice of nfs: what it was taken from has no nfs."),
        ("", "the slice of nfs is empty."),
        ("{}", "the slice of nfs is empty."),
        ('{"version": "1", "users": {"username": "ann"}}', "there is no nfs in it."),
    ],
)
def test_what_is_not_there_is_told_as_such(phoenix: Phoenix, tmp_path: Path, piece: str, text: str) -> None:
    said = run(phoenix, tmp_path, "nfs", piece)
    assert said.code == 2
    assert text in said.err and "at least {}" not in said.err


def test_a_document_that_declares_no_exports_takes_them_back(phoenix: Phoenix, tmp_path: Path) -> None:
    document = {"version": "1", "nfs": {"exports": [{"path": "tank", "clients": ["*"]}]}, "zfs": {"pools": [POOL]}}
    assert run(phoenix, tmp_path, "nfs", document).code == 0
    said = run(phoenix, tmp_path, "nfs", {**document, "nfs": {"exports": []}})
    assert said.out.startswith("- nfs: exports: removed (no longer declared)\n")


def test_what_was_done_failed_and_was_skipped_is_told_by_its_name(phoenix: Phoenix, tmp_path: Path) -> None:
    assert phoenix("sim", "new", tmp_path / "node.json").code == 0
    said = run(phoenix, tmp_path, "samba", {"user": "ann", "password": {"file": "/nope"}})
    assert said.code == 1
    assert said.out.startswith("+ samba: user ann: made\n")
    failed, skipped = (line for line in said.err.splitlines() if line.startswith(("FAILED", "SKIPPED")))
    assert failed.startswith("FAILED samba: samba: apt-get update: ")
    assert '"repository": "no-subscription", and run initial_setup first' in failed
    assert skipped == "SKIPPED samba: Samba user ann: samba: samba failed"


def test_a_change_is_told_with_what_was_wrong(phoenix: Phoenix, tmp_path: Path) -> None:
    piece: dict[str, Any] = {"pools": [POOL], "datasets": [{"name": "x", "pool": "tank", "properties": "quota=1G"}]}
    run(phoenix, tmp_path, "zfs", piece)
    piece["datasets"][0]["properties"] = "quota=2G"
    assert "~ zfs: dataset tank/x: changed (its quota differs)\n" in run(phoenix, tmp_path, "zfs", piece).out
    assert Node.load(tmp_path / "node.json").run(["zfs", "get", "-Ho", "value", "quota", "tank/x"]).stdout == "2G\n"


@pytest.mark.parametrize("piece", ["null", "", "{}"])
def test_how_to_take_a_slice_is_told_to_who_gave_none(phoenix: Phoenix, tmp_path: Path, piece: str) -> None:
    said = run(phoenix, tmp_path, "admin_user", piece)
    assert said.code == 2 and "Take it with: jq .users FILE. See: phoenix feature schema admin_user" in said.err


def test_what_a_slice_looks_like_is_told_once(phoenix: Phoenix, tmp_path: Path) -> None:
    said = run(phoenix, tmp_path, "initial_setup", {"nfs_server": "10.0.0.2", "portainer_server_ip": "10.0.0.3"})
    assert (said.code, said.err.count("there is no field"), said.err.count("Take it with")) == (2, 2, 1)


def test_a_slice_of_several_sections_is_taken_as_told(phoenix: Phoenix, tmp_path: Path) -> None:
    piece = {"repository": "no-subscription", "timezone": "UTC", "domain_name": None, "interfaces": None}
    assert run(phoenix, tmp_path, "initial_setup", piece).code == 0
    assert "  Its slice: jq '{repository, timezone," in phoenix("feature", "show", "initial_setup").out
