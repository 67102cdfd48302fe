"""A node of Proxmox VE 8 differs from one of 9 where the real ones do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phoenix_hypervisor.proxmox.guest import parse
from phoenix_hypervisor.simulator.contract import verbs
from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.simulator.persistence import NodeFileError
from simulator.small import TARBALL, create

CT = "150"


def node_of(version: int) -> Node:
    """A node with CT 150, of which nothing was said."""
    node = Node.new(version=version)
    node.add_tarball(TARBALL)
    assert node.run(create(150)).ok
    return node


@pytest.fixture(scope="module")
def eight() -> Node:
    return node_of(8)


@pytest.fixture(scope="module")
def nine() -> Node:
    return node_of(9)


@pytest.mark.parametrize(
    ("command", "on_eight", "on_nine"),
    [
        ("pveversion", "pve-manager/8.4.0/ec58e45e1bcdf2ac (running kernel: 6.8.12-9-pve)", "pve-manager/9.2.11/"),
        ("uname -r", "6.8.12-9-pve", "6.17.2-1-pve"),
        ("uname -v", "#1 SMP PREEMPT_DYNAMIC PMX 6.8.12-9 ", "#1 SMP PREEMPT_DYNAMIC PMX 6.17.2-1 "),
        ("cat /proc/sys/kernel/osrelease", "6.8.12-9-pve", "6.17.2-1-pve"),
        ("cat /etc/debian_version", "12.10\n", "13.2\n"),
        ("sh -c '. /etc/os-release; echo $VERSION_ID $VERSION_CODENAME $ID'", "12 bookworm debian", "13 trixie debian"),
        ("zpool version", "zfs-2.2.7-pve2\nzfs-kmod-2.2.7-pve2\n", "zfs-2.3."),
        ("sh -c 'cd /etc/apt; ls sources.list.d'", "ceph.list\n", "ceph.sources\ndebian.sources\n"),
        ("head -n 1 /etc/apt/sources.list", "deb http://deb.debian.org/debian bookworm main", ""),
        ("sed -n 3p /etc/apt/sources.list.d/debian.sources", "", "Suites: trixie trixie-updates\n"),
    ],
)
def test_what_it_says_of_itself(eight: Node, nine: Node, command: str, on_eight: str, on_nine: str) -> None:
    for node, said in ((eight, on_eight), (nine, on_nine)):
        result = node.run(("sh", "-c", command))
        assert result.stdout.startswith(said) and bool(result.stdout) == bool(said)


def test_package_lists_come_from_the_archive_of_debian(eight: Node, nine: Node) -> None:
    assert "http://deb.debian.org/debian bookworm InRelease" in eight.run(("apt-get", "update")).stdout
    assert "http://deb.debian.org/debian trixie InRelease" in nine.run(("apt-get", "update")).stdout


def test_a_container_runs_the_kernel_of_its_node(eight: Node) -> None:
    eight.run(("pct", "start", CT))
    assert eight.run(("pct", "exec", CT, "--", "uname", "-r")).stdout == "6.8.12-9-pve\n"


def test_a_container_is_privileged_on_eight_when_nothing_is_said(eight: Node, nine: Node) -> None:
    configs = [parse(node.files.read(f"/etc/pve/lxc/{CT}.conf")).current for node in (eight, nine)]
    assert [config.get("unprivileged") for config in configs] == [None, "1"]
    assert eight.run(create(160, "--unprivileged", "1")).ok
    assert "unprivileged: 1\n" in eight.files.read("/etc/pve/lxc/160.conf")


NEW_OPTIONS = [
    ("pct", "set", CT, "--entrypoint", "/sbin/init"),
    ("pct", "set", CT, "--env", "A=b"),
    (*create(170), "--entrypoint", "/sbin/init"),
    (*create(171), "--ha-managed", "0"),
    ("pvesm", "set", "local-zfs", "--zfs-base-path", "/dev/zvol"),
    ("pvesm", "set", "local", "--snapshot-as-volume-chain", "0"),
]


@pytest.mark.parametrize("argv", NEW_OPTIONS, ids=lambda argv: f"{argv[0]} {argv[1]} {argv[-2]}")
def test_an_option_that_eight_lacks_is_an_unknown_one(eight: Node, argv: tuple[str, ...]) -> None:
    option = argv[-2].lstrip("-")
    said = eight.run(argv)
    unknown = eight.run((*argv[:-2], "--nonsense", argv[-1]))
    assert said.rc == unknown.rc == 2
    assert said.stderr == unknown.stderr.replace("nonsense", option)
    assert said.stderr.startswith(f"Unknown option: {option}\n400 unable to parse option\n")
    assert option in verbs(argv[0])[argv[1]].options, "nine has it"


def test_an_option_that_eight_lacks_cannot_be_taken_out(eight: Node, nine: Node) -> None:
    said = eight.run(("pct", "set", CT, "--delete", "entrypoint"))
    assert said.rc == 255 and "unknown option 'entrypoint'" in said.stderr
    assert "unknown option" not in nine.run(("pct", "set", CT, "--delete", "entrypoint")).stderr


@pytest.mark.parametrize(
    ("option", "value", "key"),
    [
        ("--net1", "name=eth1,bridge=vmbr0,host-managed=1", "host-managed"),
        ("--mp0", "/srv,mp=/srv,idmap=passthrough", "idmap"),
        ("--mp0", "/srv,mp=/srv,keepattrs=1", "keepattrs"),
    ],
)
def test_a_sub_key_that_eight_lacks_is_an_unknown_one(eight: Node, option: str, value: str, key: str) -> None:
    node = node_of(9)
    assert node.run(("pct", "set", CT, option, value)).ok
    said = eight.run(("pct", "set", CT, option, value))
    assert said.rc == 2
    assert f"{option.lstrip('-')}.{key}: property is not defined in schema and the schema does not" in said.stderr
    assert eight.run(("pct", "set", CT, option, value.rpartition(",")[0])).ok


@pytest.mark.parametrize(("version", "reads"), [(8, ["sa", "on", "on"]), (9, ["on", "dir", "on"])])
def test_extended_attributes_read_back_as_the_zfs_of_the_release_has_them(version: int, reads: list[str]) -> None:
    node, found = Node.new(version=version), []
    for value in ("sa", "dir", "on"):
        assert node.run(("zfs", "set", f"xattr={value}", "rpool/data")).ok
        found.append(node.run(("zfs", "get", "-H", "-o", "value", "xattr", "rpool/data")).stdout.strip())
    assert found == reads


def test_zpool_status_has_no_json_on_eight(eight: Node) -> None:
    said = eight.run(("zpool", "status", "-j", "--json-int"))
    assert said.rc == 2 and said.stderr.startswith("invalid option 'j'\n")
    assert eight.run(("zpool", "status")).ok


def test_the_release_is_kept_in_the_file(eight: Node, tmp_path: Path) -> None:
    path = tmp_path / "node.json"
    eight.save(path)
    loaded = Node.load(path)
    assert loaded.release.version == 8
    assert loaded.run(("pveversion",)).stdout == eight.run(("pveversion",)).stdout
    assert loaded.run(("pct", "set", CT, "--env", "A=b")).rc == 2
    value = json.loads(path.read_text())
    path.write_text(json.dumps({**value, "pve": 7}))
    with pytest.raises(NodeFileError, match="damaged"):
        Node.load(path)
    del value["pve"]
    path.write_text(json.dumps(value))
    assert Node.load(path).release.version == 9, "a file of before"
