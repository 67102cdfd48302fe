"""The models: hostile values are refused, whatever the field; messages are of one line and show no secret."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sites import Json, codes, container, loaded, lxc, template

HOSTILE = [
    "x; reboot",
    "$(reboot)",
    "`reboot`",
    "a'b",
    'a"b',
    "a\nb",
    "a\0b",
    "../../etc",
    "-rf",
    "a,b=c",
    "\u2028",
    "",
]
NETWORK = {"name": "eth0", "bridge": "vmbr0", "ip": "10.0.0.5/24"}
VOLUME = {"name": "data", "pool": "tank-lxc", "size_gb": 1, "mount_point": "/data"}
MOUNT = {"host_path": "/srv", "container_path": "/srv"}
RULE = {"type": "in", "action": "ACCEPT"}
DATASET = {"name": "a", "pool": "tank"}

IN_CONTAINER: dict[str, Any] = {
    "name": lambda value: {"name": value},
    "storage_pool": lambda value: {"storage_pool": value},
    "template": lambda value: {"template": value},
    "template volume": lambda value: {"template": f"local:vztmpl/{value}"},
    "snapshot": lambda value: {"is_template": True, "template_snapshot_name": value or "x"},
    "bridge": lambda value: {"network_config": {**NETWORK, "bridge": value}},
    "interface": lambda value: {"network_config": {**NETWORK, "name": value}},
    "ip": lambda value: {"network_config": {**NETWORK, "ip": value}},
    "gw": lambda value: {"network_config": {**NETWORK, "gw": value}},
    "nameservers": lambda value: {"network_config": {**NETWORK, "nameservers": [value]}},
    "mac": lambda value: {"mac_address": value},
    "static_ip": lambda value: {"static_ip": value},
    "script": lambda value: {"application_script": value},
    "tag": lambda value: {"tags": [value]},
    "feature": lambda value: {"features": [value]},
    "option": lambda value: {"pct_options": [value]},
    "option value": lambda value: {
        "pct_options": [f"protection={value}"] if value.startswith("-") or not value else ["x=" + value]
    },
    "raw line": lambda value: {"lxc_options": [value]},
    "gpu": lambda value: {"gpu_assignment": value or "x"},
    "volume": lambda value: {"volumes": [{**VOLUME, "name": value}]},
    "volume storage": lambda value: {"volumes": [{**VOLUME, "pool": value}]},
    "volume place": lambda value: {"volumes": [{**VOLUME, "mount_point": value}]},
    "volume absolute": lambda value: {"volumes": [{**VOLUME, "mount_point": f"/a/{value or '..'}"}]},
    "mount from": lambda value: {"mount_points": [{**MOUNT, "host_path": value}]},
    "mount to": lambda value: {"mount_points": [{**MOUNT, "container_path": value}]},
    "apparmor": lambda value: {"apparmor_profile": value},
    "port": lambda value: {"ports": [value]},
    "rule": lambda value: {"firewall": {"rules": [{**RULE, "action": value}]}},
    "rule source": lambda value: {"firewall": {"rules": [{**RULE, "source": value}]}},
    "rule port": lambda value: {"firewall": {"rules": [{**RULE, "port": value}]}},
    "rule proto": lambda value: {"firewall": {"rules": [{**RULE, "proto": value}]}},
    "model": lambda value: {"vllm_model": value},
    "dependency": lambda value: {"dependencies": [value]},
    "source": lambda value: {"clone_from_ctid": value},
}
IN_HOST: dict[str, Any] = {
    "user": lambda value: {"users": {"username": value}},
    "pool": lambda value: {"zfs": {"pools": [{"name": value}]}},
    "disk": lambda value: {"zfs": {"pools": [{"name": "tank", "disks": [value]}]}},
    "dataset": lambda value: {"zfs": {"datasets": [{**DATASET, "name": value}]}},
    "dataset pool": lambda value: {"zfs": {"datasets": [{**DATASET, "pool": value}]}},
    "property": lambda value: {"zfs": {"datasets": [{**DATASET, "properties": {"quota": value}}]}},
    "property name": lambda value: {"zfs": {"datasets": [{**DATASET, "properties": {value: "1"}}]}},
    "storage id": lambda value: {"proxmox_storage_ids": {"tank_a": value}},
    "export": lambda value: {"nfs": {"exports": [{"path": value}]}},
    "client": lambda value: {"nfs": {"exports": [{"path": "tank/a", "clients": [value]}]}},
    "export option": lambda value: {"nfs": {"exports": [{"path": "tank/a", "options": [value]}]}},
    "share": lambda value: {"samba": {"shares": [{"name": value, "path": "tank/a"}]}},
    "share user": lambda value: {"samba": {"shares": [{"path": "tank/a", "valid_users": [value]}]}},
    "timezone": lambda value: {"timezone": value},
    "domain": lambda value: {"domain_name": value},
    "registry": lambda value: {"network": {"external_registry_url": value}},
    "image": lambda value: {"docker": {"portainer_server_image": value}},
    "host bridge": lambda value: {"network": {"interfaces": {"name": value, "address": "10.0.0.1/24"}}},
    "subnet": lambda value: {"network": {"default_subnet": value}},
    "driver": lambda value: {"nvidia_driver": {"version": value}},
    "runfile": lambda value: {"nvidia_driver": {"runfile_url": value}},
    "shared folder": lambda value: {"shared_volumes": {"a": {"host_path": value}}},
    "shared place": lambda value: {"shared_volumes": {"a": {"host_path": "/a", "mounts": {"901": value}}}},
    "base": lambda value: {"mount_point_base": value},
    "token": lambda value: {"core_paths": {"hf_token_file": value}},
}
EMPTY_IS_NONE = {"gpu", "nameservers", "export option", "snapshot", "option value", "property"}


def hostile_containers() -> Iterator[Any]:
    for name, make in IN_CONTAINER.items():
        for value in HOSTILE:
            if value or name not in EMPTY_IS_NONE:
                yield pytest.param(make(value), id=f"{name}-{value!r}")


def hostile_hosts() -> Iterator[Any]:
    for name, make in IN_HOST.items():
        for value in HOSTILE:
            if not ((name == "client" and value == "") or (name == "export option" and value == "")):
                yield pytest.param(make(value), id=f"{name}-{value!r}")


@pytest.mark.parametrize("fields", list(hostile_containers()))
def test_a_hostile_value_in_a_container_is_refused(tmp_path: Path, fields: Json) -> None:
    found = loaded(
        tmp_path, None, lxc({900: template("base"), 901: container("web", **{"clone_from_ctid": 900, **fields})})
    )
    assert found.errors
    assert all(str(problem).isprintable() for problem in found.problems)


@pytest.mark.parametrize("host", list(hostile_hosts()))
def test_a_hostile_value_in_the_host_document_is_refused(tmp_path: Path, host: Json) -> None:
    found = loaded(tmp_path, host)
    assert found.errors
    assert all(str(problem).isprintable() for problem in found.problems)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"zfs": []}, '"zfs" must be an object, not a list.'),
        ({"zfs": {"pools": {}}}, '"pools" must be a list, not an object.'),
        ({"zfs": {"pools": ["tank"]}}, '"pools"[0] must be an object, not a string.'),
        ({"behavior": {"debug_mode": 1}}, '"debug_mode" must be true or false, not an integer.'),
        ({"timezone": None, "version": 1}, '"version" must be a string, not an integer.'),
        (
            {"network": {"portainer_server_port": 70000}},
            '"portainer_server_port" cannot be 70000: it must be at most 65535.',
        ),
        ({"zfs": {"pools": [{}]}}, 'the field "name" is missing in "pools"[0].'),
        ({"zfs": {"arc_max_gb": 0}}, '"arc_max_gb" cannot be 0: it must be more than 0.'),
        (
            {"shared_volumes": {"a": {"host_path": "/a", "huost_path": 1}}},
            'there is no field "huost_path" here.',
        ),
        ({"domain_name": "-x"}, '"domain_name" cannot be "-x": it does not look like a domain name.'),
    ],
)
def test_messages_are_for_people(tmp_path: Path, document: Json, message: str) -> None:
    assert [problem.message for problem in loaded(tmp_path, document).problems] == [message]


def test_numbers_stand_as_strings_where_the_seeds_write_them_so(tmp_path: Path) -> None:
    host = {"network": {"portainer_server_port": "9443"}}
    containers = lxc(
        {
            900: template("base"),
            901: container("a", clone_from_ctid="900", dependencies=["900"], vllm_model="m", vllm_port="8000"),
        }
    )
    assert loaded(tmp_path, host, containers).errors == ()
    assert codes(loaded(tmp_path, host, lxc({900: template("base", cores="2")}))) == ["type"]


def test_null_is_absent(tmp_path: Path) -> None:
    assert loaded(tmp_path, {"timezone": None, "nfs": None}, lxc({900: template("base", cores=None)})).problems == ()


def test_a_wrong_name_in_a_shared_volume_brings_the_right_one(tmp_path: Path) -> None:
    (problem,) = loaded(tmp_path, {"shared_volumes": {"a": {"host_path": "/a", "mount": {}}}}).problems
    assert (problem.path, problem.hint) == ("shared_volumes.a.mount", 'Did you mean "mounts"?')
