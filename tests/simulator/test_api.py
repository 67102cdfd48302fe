"""``pvesh`` beyond the recordings: what changes with the node, how it prints, what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from phoenix_hypervisor.simulator.node import Node
from simulator.asking import ok
from simulator.small import TARBALL, small_node

GUEST = "/nodes/pve1/lxc/101"


def _get(node: Node, path: str, *words: str) -> Any:
    return json.loads(ok(node, "pvesh", "get", path, *words, "--output-format", "json"))


def test_a_running_container() -> None:
    node = small_node()
    node.clock += 60
    state = _get(node, f"{GUEST}/status/current")
    assert (state["status"], state["vmid"], state["name"], state["uptime"]) == ("running", 101, "ct101", 60)
    assert state["pid"] == node.guests.running[101].pid
    assert {one["vmid"]: one["status"] for one in _get(node, "/nodes/localhost/lxc")} == {
        101: "running",
        102: "stopped",
    }
    [one] = [one for one in _get(node, "/cluster/resources", "--type", "vm") if one["vmid"] == 101]
    assert (one["id"], one["status"], one["template"]) == ("lxc/101", "running", 0)


def test_a_configuration_with_what_is_pending() -> None:
    node = small_node()
    ok(node, "pct", "set", "101", "--features", "nesting=1,keyctl=1", "--description", "two\nlines", "--onboot", "1")
    node.files.write("/etc/pve/lxc/102.conf", "lxc.mount.entry: /srv srv none bind 0 0\n", append=True)
    whole = _get(node, f"{GUEST}/config")
    assert (whole["features"], whole["onboot"], whole["description"]) == ("nesting=1,keyctl=1", 1, "two\nlines\n")
    assert _get(node, f"{GUEST}/config", "--current", "1")["features"] == "nesting=1"
    assert {"key": "features", "value": "nesting=1", "pending": "nesting=1,keyctl=1"} in _get(node, f"{GUEST}/pending")
    assert _get(node, "/nodes/pve1/lxc/102/config")["lxc"] == [["lxc.mount.entry", "/srv srv none bind 0 0"]]
    assert whole["digest"] == node.guests.digest(101)


def test_snapshots_through_the_api() -> None:
    node = small_node()
    said = ok(node, "pvesh", "create", f"{GUEST}/snapshot", "--snapname", "one", "--description", "first")
    assert said.startswith("UPID:pve1:")
    one, here = _get(node, f"{GUEST}/snapshot")
    assert (one["name"], one["description"], here["name"], here["parent"]) == ("one", "first\n", "current", "one")
    assert _get(node, f"{GUEST}/config", "--snapshot", "one")["snaptime"] == one["snaptime"]


def test_storages_and_what_they_hold() -> None:
    node = small_node()
    [one] = _get(node, "/nodes/pve1/storage", "--storage", "local-zfs")
    assert (one["active"], one["content"], one["used"] + one["avail"]) == (1, "images,rootdir", one["total"])
    ok(node, "pct", "template", "102")
    ok(node, "pct", "clone", "102", "150")
    held = {one["name"]: one for one in _get(node, "/nodes/pve1/storage/local-zfs/content", "--content", "rootdir")}
    assert held["subvol-150-disk-0"]["volid"] == "local-zfs:basevol-102-disk-0/subvol-150-disk-0"
    assert held["subvol-150-disk-0"]["parent"] == "basevol-102-disk-0@__base__"
    [tarball] = _get(node, "/nodes/pve1/storage/local/content")
    assert (tarball["volid"], tarball["content"], tarball["format"]) == (TARBALL, "vztmpl", "tzst")


def test_without_pvestatd_nothing_is_known_of_states() -> None:
    node = small_node()
    node.files.mkdir("/run/systemd/units", parents=True)
    node.files.write("/run/systemd/units/pvestatd.service", "inactive")
    assert {one["status"] for one in _get(node, "/cluster/resources", "--type", "vm")} == {"unknown"}


def test_the_next_id_is_the_clusters() -> None:
    node = small_node()
    node.files.mkdir("/etc/pve/nodes/other/qemu-server", parents=True)
    node.files.write("/etc/pve/nodes/other/qemu-server/100.conf", "")
    assert ok(node, "pvesh", "get", "/cluster/nextid") == "103\n"
    assert ok(node, "pvesh", "get", "/cluster/nextid", "--vmid", "200") == "200\n"


def test_text_is_a_table() -> None:
    assert ok(small_node(), "pvesh", "get", "/version") == (
        "┌─────────┬──────────────────┐\n"
        "│ key     │ value            │\n"
        "╞═════════╪══════════════════╡\n"
        "│ release │ 9.2              │\n"
        "├─────────┼──────────────────┤\n"
        "│ repoid  │ 14a22df35955d97d │\n"
        "├─────────┼──────────────────┤\n"
        "│ version │ 9.2.11           │\n"
        "└─────────┴──────────────────┘\n"
    )


@pytest.mark.parametrize(
    ("words", "rc", "said"),
    [
        (("get",), 2, "400 not enough arguments\npvesh get <api_path> [OPTIONS] [FORMAT_OPTIONS]\n"),
        (("get", "/version", "--output-format"), 2, "Option output-format requires an argument\n"),
        (("get", "/nodes/pve1/lxc/101/nosuch"), 1, "No 'get' handler defined for '/nodes/pve1/lxc/101/nosuch'\n"),
        (("create", "/version"), 1, "No 'create' handler defined for '/version'\n"),
        (("ls", "/version"), 1, "resource '/version' does not define child links\n"),
        (("create", "/nodes/pve1/lxc/101/snapshot"), 2, "400 not enough arguments\n"),
        (("get", "/nodes/pve1/lxc/101/config", "--snapshot", "no"), 2, "snapshot 'no' does not exist\n"),
        (("get", "/cluster/nextid", "--vmid", "101"), 255, "400 Parameter verification failed.\nvmid: VM 101 already"),
        (("frobnicate",), 255, "ERROR: unknown command 'pvesh frobnicate'\n"),
    ],
)
def test_refusals(words: tuple[str, ...], rc: int, said: str) -> None:
    result = small_node().run(("pvesh", *words))
    assert (result.rc, result.stdout) == (rc, "")
    assert result.stderr.startswith(said)
