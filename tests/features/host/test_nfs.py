"""What a simulated node serves by NFS: a file of ours that is in force, and files of others as they were."""

from __future__ import annotations

from typing import Any

import pytest

from features.host.converging import changes, converge, look
from phoenix_hypervisor.features.host.nfs import Nfs, feature, resources
from phoenix_hypervisor.plan.slices import part_from
from phoenix_hypervisor.resource import Resource
from phoenix_hypervisor.resources.exports import PATH
from phoenix_hypervisor.simulator.node import Node

ZFS = {"pools": [{"name": "tank"}], "datasets": [{"name": "media", "pool": "tank"}]}
FOREIGN = {
    "/etc/exports": "/srv/theirs \\\n\t10.9.9.0/24(ro,no_subtree_check)\n",
    "/etc/exports.d/theirs.exports": "# theirs\n/srv/theirs 10.8.8.8(rw,no_subtree_check)\n",
}


def asked(*exports: dict[str, Any], **fields: Any) -> list[Resource]:
    piece = {"exports": list(exports), "zfs": ZFS, "default_subnet": "10.0.0.0/24", **fields}
    return list(resources(Nfs.model_validate(piece)))


def fresh(version: int = 9) -> Node:
    """A node with folders to be served, foreign exports, and sources that answer."""
    node = Node.new(version=version)
    assert node.run(["sh", "-c", "rm -f /etc/apt/sources.list.d/*enterprise* /etc/apt/sources.list.d/ceph*"]).ok
    for folder in ("/tank/media", "/tank/a b", "/srv/theirs", "/etc/exports.d"):
        node.files.mkdir(folder, parents=True)
    for path, text in FOREIGN.items():
        node.files.write(path, text)
    return node


def in_force(node: Node) -> list[str]:
    """Paths and clients that the server knows, but those of others."""
    rows = node.run(["cut", "-d", "(", "-f", "1", "/var/lib/nfs/etab"]).stdout.splitlines()
    return sorted(row for row in rows if "theirs" not in row)


def assert_foreign(node: Node) -> None:
    assert {path: node.files.read(path) for path in FOREIGN} == FOREIGN


@pytest.mark.parametrize("version", [8, 9])
def test_exports_are_written_and_in_force(version: int) -> None:
    node = fresh(version)
    exports = (
        {"path": "tank/media", "options": "ro,noatime"},
        {"path": "/tank/a b", "clients": ["10.1.1.1", "*"]},
        {"path": "tank/media/new", "clients": ["@lab"], "mode": "0750", "group": "adm"},
    )
    converge(node, asked(*exports))
    assert node.files.read(PATH).splitlines()[1:] == [
        "/tank/media 10.0.0.0/24(ro,no_subtree_check)",
        '"/tank/a b" 10.1.1.1(rw,sync,no_subtree_check) *(rw,sync,no_subtree_check)',
        "/tank/media/new @lab(rw,sync,no_subtree_check)",
    ]
    assert in_force(node) == [
        "/tank/a\\040b\t*",
        "/tank/a\\040b\t10.1.1.1",
        "/tank/media\t10.0.0.0/24",
        "/tank/media/new\t@lab",
    ]
    assert node.run(["stat", "-c", "%G %a", "/tank/media/new"]).stdout == "adm 750\n"
    assert (
        node.run(["systemctl", "is-active", "nfs-server"]).ok and node.run(["systemctl", "is-enabled", "nfs-server"]).ok
    )
    assert_foreign(node)


def test_what_is_no_longer_declared_goes_and_the_server_stays() -> None:
    node = fresh()
    converge(node, asked({"path": "tank/media"}, {"path": "/tank/a b"}))
    converge(node, asked({"path": "tank/media"}))
    assert in_force(node) == ["/tank/media\t10.0.0.0/24"]
    converge(node, asked())
    assert in_force(node) == []
    assert not node.files.exists(PATH)
    assert node.run(["systemctl", "is-active", "nfs-server"]).ok
    assert_foreign(node)


def part(*exports: dict[str, Any], **fields: Any) -> list[Resource]:
    """What a slice that was given by itself asks for."""
    return list(feature.resources(part_from(feature, {"exports": list(exports), "zfs": ZFS, **fields})))


HERE = {"path": "tank/media", "clients": ["10.1.1.1"], "options": ["ro"]}
OTHER = {"path": "/tank/a b", "clients": ["*"], "options": ["ro", "sync"]}
HERE_LINE = "/tank/media 10.1.1.1(ro,no_subtree_check)"
OTHER_LINE = '"/tank/a b" *(ro,sync,no_subtree_check)'
SUBNET = {"default_subnet": "10.0.0.0/24"}


@pytest.mark.parametrize(
    ("given", "fields", "lines"),
    [
        ({"path": "tank/media"}, SUBNET, [HERE_LINE, OTHER_LINE]),
        ({"path": "/tank/a b"}, SUBNET, [HERE_LINE, OTHER_LINE]),
        (
            {"path": "tank/media", "clients": ["10.2.2.2"]},
            {},
            ["/tank/media 10.2.2.2(ro,no_subtree_check)", OTHER_LINE],
        ),
        (
            {"path": "tank/media", "options": ["rw", "async"]},
            SUBNET,
            ["/tank/media 10.1.1.1(rw,async,no_subtree_check)", OTHER_LINE],
        ),
        (
            {"path": "tank/media", "clients": ["*"], "options": []},
            {},
            ["/tank/media *(rw,sync,no_subtree_check)", OTHER_LINE],
        ),
        (
            {"path": "tank/media/new"},
            SUBNET,
            [HERE_LINE, OTHER_LINE, "/tank/media/new 10.0.0.0/24(rw,sync,no_subtree_check)"],
        ),
    ],
)
def test_a_slice_changes_what_it_says_of_an_export_and_leaves_the_others(
    given: dict[str, Any], fields: dict[str, Any], lines: list[str]
) -> None:
    node = fresh()
    converge(node, asked(HERE, OTHER))
    before = node.files.read(PATH)
    commands = converge(node, part(given, **fields, mount_point_base=None))
    assert node.files.read(PATH).splitlines()[1:] == lines
    assert (commands == []) == (node.files.read(PATH) == before)
    assert {row.partition("\t")[0] for row in in_force(node)} >= {"/tank/media", "/tank/a\\040b"}


def test_a_slice_on_a_node_without_exports_writes_its_own() -> None:
    node = fresh()
    converge(node, part({"path": "tank/media"}, **SUBNET, mount_point_base=None))
    assert node.files.read(PATH).splitlines()[1:] == ["/tank/media 10.0.0.0/24(rw,sync,no_subtree_check)"]
    assert node.files.read(PATH).startswith("#")


def test_an_empty_slice_does_nothing_on_a_fresh_node() -> None:
    assert changes(Node.new(), resources(Nfs())) == []


def test_what_the_server_refuses_is_taken_back() -> None:
    node = fresh()
    converge(node, asked({"path": "tank/media"}))
    before = node.files.read(PATH)
    *written, told = changes(node, asked({"path": "tank/media"}, {"path": "/tank/absent"}))
    assert all(node.run(command.argv, command.stdin).ok for command in written)
    result = node.run(told.argv, told.stdin)
    assert not result.ok and "Failed to stat /tank/absent" in result.stderr
    assert node.files.read(PATH) == before
    assert in_force(node) == ["/tank/media\t10.0.0.0/24"]
    assert changes(node, asked({"path": "tank/media"})) == []


def test_a_first_file_that_the_server_refuses_is_taken_away() -> None:
    node = fresh()
    converge(node, asked({"path": "tank/media"}))
    converge(node, asked())
    commands = changes(node, asked({"path": "/tank/absent"}))
    assert [node.run(command.argv, command.stdin).ok for command in commands] == [True, True, False]
    assert not node.files.exists(PATH)


def test_a_folder_that_is_gone_later_does_not_undo_the_file() -> None:
    node = fresh()
    converge(node, asked({"path": "tank/media"}))
    assert node.run(["sh", "-c", "exportfs -ua; rmdir /tank/media"]).ok
    (command,) = changes(node, asked({"path": "tank/media"}))
    assert not node.run(command.argv, command.stdin).ok
    assert node.files.exists(PATH)


def test_a_run_that_was_cut_off_goes_on() -> None:
    node = fresh()
    converge(node, asked({"path": "tank/media"}))
    wanted = asked({"path": "tank/media"}, {"path": "/tank/a b"})
    *written, _told = changes(node, wanted)
    assert all(node.run(command.argv, command.stdin).ok for command in written)
    assert in_force(node) == ["/tank/media\t10.0.0.0/24"]
    assert len(converge(node, wanted)) == 1
    assert len(in_force(node)) == 2


def test_options_that_a_cut_off_run_wrote_come_into_force() -> None:
    node = fresh()
    converge(node, asked({"path": "tank/media", "options": "rw"}))
    wanted = asked({"path": "tank/media", "options": "ro"})
    *written, _told = changes(node, wanted)
    assert all(node.run(command.argv, command.stdin).ok for command in written)
    assert len(converge(node, wanted)) == 1
    (row,) = [
        row for row in node.run(["cat", "/var/lib/nfs/etab"]).stdout.splitlines() if row.startswith("/tank/media")
    ]
    assert "(ro," in row


def test_what_the_server_refuses_after_a_cut_off_run_is_taken_back_to_what_was_in_force() -> None:
    node = fresh()
    converge(node, asked({"path": "tank/media"}))
    before = node.files.read(PATH)
    first = changes(node, asked({"path": "/tank/a b"}))[:-1]
    assert all(node.run(command.argv, command.stdin).ok for command in first)
    refused = changes(node, asked({"path": "tank/media"}, {"path": "/tank/absent"}))
    assert not all(node.run(command.argv, command.stdin).ok for command in refused)
    assert node.files.read(PATH) == before


def test_faults_of_other_files_are_not_ours() -> None:
    node = fresh()
    broken = "/srv/absent *(rw)\n/srv/theirs *(rw,nosuch)\n/srv/theirs 10.9.9.0/24(rw)\n"
    node.files.write("/etc/exports.d/theirs.exports", broken)
    converge(node, asked({"path": "tank/media"}))
    assert node.files.read("/etc/exports.d/theirs.exports") == broken
    assert in_force(node)[-1:] == ["/tank/media\t10.0.0.0/24"]


def test_what_somebody_else_exports_to_the_same_client_stands_in_the_way() -> None:
    node = fresh()
    node.files.write("/etc/exports", '"/tank/media" \\\n  10.9.9.9(ro) 10.0.0.0/24(ro) # theirs\n')
    wanted = asked({"path": "tank/media"})
    facts = look(node, wanted)
    found = [each.reason for one in wanted for each in one.verdict(facts).obstacles]
    assert found == ["/etc/exports exports /tank/media to 10.0.0.0/24 already"]


def test_a_foreign_file_in_our_place_is_left_alone() -> None:
    node = fresh()
    node.files.write(PATH, "/srv/theirs 10.7.7.7(ro)\n")
    wanted = asked({"path": "tank/media"})
    assert [each for one in wanted for each in one.verdict(look(node, wanted)).obstacles]
    assert changes(node, asked()) == []


def test_exports_for_nobody_are_told_and_left_out() -> None:
    wanted = asked({"path": "tank/media"}, default_subnet=None)
    assert [each.kind for each in wanted] == ["exports"]
    node = fresh()
    assert changes(node, wanted) == []
    assert "nobody" in wanted[0].verdict(look(node, wanted)).notes[0]


def test_datasets_come_first() -> None:
    (exports,) = [
        each for each in asked({"path": "tank/media/a"}, mount_point_base="/mnt/pve") if each.kind == "exports"
    ]
    assert "zfs.dataset:tank/media" in exports.needs()
    assert "export-folder:/mnt/pve/tank/media/a" in exports.needs()
