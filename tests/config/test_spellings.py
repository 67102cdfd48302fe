"""Spec F4: every generation's spelling is read into the same container."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.config.site import Container, Mount, Site, Volume
from sites import TARBALL, Json, container, loaded, lxc, template, zfs


def site(folder: Path, containers: Json | None = None, host: Json | None = None) -> Site:
    found = loaded(folder, host, containers)
    assert found.errors == ()
    assert found.site is not None
    return found.site


def clone(folder: Path, host: Json | None = None, **fields: Any) -> Container:
    """Container 901, a clone of 900."""
    containers = lxc({900: template("base"), 901: container("web", clone_from_ctid=900, **fields)})
    return site(folder, containers, host).containers[901]


@pytest.mark.parametrize("value", [900, "900"])
@pytest.mark.parametrize("field", ["clone_from_ctid", "clone_from_template_ctid"])
def test_the_source(tmp_path: Path, field: str, value: object) -> None:
    containers = lxc({900: template("base"), 901: container("web", **{field: value})})
    web = site(tmp_path, containers).containers[901]
    assert (web.source, web.declared["clone_from_ctid"]) == (900, 900)
    assert "clone_from_template_ctid" not in web.declared
    assert web.place("clone_from_ctid").line > web.place().line


NETWORK = {"ip": "10.0.0.5/24", "gw": "10.0.0.1", "nameservers": ["8.8.8.8", "1.1.1.1"]}


@pytest.mark.parametrize(
    "spelling",
    [
        NETWORK,
        {**NETWORK, "name": "eth0", "bridge": "vmbr0"},
        {**NETWORK, "nameservers": "8.8.8.8 1.1.1.1"},
        {**NETWORK, "nameservers": "8.8.8.8,1.1.1.1"},
        "10.0.0.5/24,10.0.0.1,8.8.8.8 1.1.1.1",
        "10.0.0.5/24, 10.0.0.1, 8.8.8.8, 1.1.1.1",
    ],
)
def test_the_network(tmp_path: Path, spelling: object) -> None:
    network = clone(tmp_path, network_config=spelling, mac_address="52:54:00:aa:bb:cc").network
    assert network is not None
    assert (network.nameservers, network.address, network.version) == (("8.8.8.8", "1.1.1.1"), "10.0.0.5", 4)
    assert network.properties() == {
        "name": "eth0",
        "bridge": "vmbr0",
        "gw": "10.0.0.1",
        "hwaddr": "52:54:00:AA:BB:CC",
        "ip": "10.0.0.5/24",
        "type": "veth",
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"ip": "fd00::5/64", "gw": "fd00::1"}, {"ip6": "fd00::5/64", "gw6": "fd00::1"}),
        ({"ip": "dhcp"}, {"ip": "dhcp"}),
        ({"ip": "auto"}, {"ip6": "auto"}),
        ({"ip": "manual"}, {"ip": "manual"}),
        ({"ip": "dhcp", "vlan": 7, "mtu": 9000}, {"ip": "dhcp", "tag": "7", "mtu": "9000"}),
        ({}, {}),
    ],
)
def test_addresses_of_both_versions(tmp_path: Path, fields: Json, expected: Json) -> None:
    network = clone(tmp_path, network_config=fields).network
    assert network is not None
    assert network.properties() == {"name": "eth0", "bridge": "vmbr0", **expected, "type": "veth"}


@pytest.mark.parametrize(
    ("fields", "template_too", "snapshot"),
    [
        ({}, False, None),
        ({"is_template": False}, False, None),
        ({"is_template": True}, True, "configured-state"),
        ({"template_snapshot_name": "ready"}, True, "ready"),
        ({"is_template": True, "template_snapshot_name": "ready"}, True, "ready"),
    ],
)
def test_what_marks_a_template(tmp_path: Path, fields: Json, template_too: bool, snapshot: str | None) -> None:
    web = clone(tmp_path, **fields)
    assert (web.is_template, web.snapshot) == (template_too, snapshot)


GPUS: list[tuple[str | None, tuple[int, ...]]] = [
    (None, ()),
    ("none", ()),
    ("", ()),
    ("0", (0,)),
    ("0,1", (0, 1)),
    ("1, 0", (0, 1)),
    (" 0 , 1 ", (0, 1)),
]


@pytest.mark.parametrize(("text", "gpus"), GPUS)
def test_gpus(tmp_path: Path, text: str | None, gpus: tuple[int, ...]) -> None:
    containers = lxc({901: template("web", gpu_assignment=text)}, nvidia_driver_version="580.76.05")
    web = site(tmp_path, containers).containers[901]
    assert web.gpus == gpus
    assert web.features == (("nvidia",) if gpus else ())


DEFAULTS = {"proxmox_defaults": {"lxc": {"features": "nesting=1"}}}
PLAIN = {"proxmox_defaults": {"lxc": {}}}


@pytest.mark.parametrize(
    ("host", "fields", "features", "pct"),
    [
        (PLAIN, {}, (), {}),
        (PLAIN, {"features": "nesting=1,keyctl=1"}, ("docker",), {"keyctl": "1", "nesting": "1"}),
        (PLAIN, {"features": "nesting=1"}, ("docker",), {"keyctl": "1", "nesting": "1"}),
        (PLAIN, {"features": "fuse=1"}, (), {"fuse": "1"}),
        (PLAIN, {"features": ""}, (), {}),
        (PLAIN, {"features": ["docker"]}, ("docker",), {"keyctl": "1", "nesting": "1"}),
        (PLAIN, {"features": ["vllm", "own", "base_setup"]}, ("base_setup", "vllm", "own"), {}),
        (PLAIN, {"features": [], "pct_options": ["nesting=1"]}, (), {"nesting": "1"}),
        (PLAIN, {"pct_options": ["features=nesting=1,fuse=1"]}, (), {"fuse": "1", "nesting": "1"}),
        (PLAIN, {"portainer_role": "agent"}, ("docker", "portainer"), {"keyctl": "1", "nesting": "1"}),
        (PLAIN, {"portainer_role": "infrastructure"}, (), {}),
        (PLAIN, {"vllm_model": "a/b"}, ("vllm",), {}),
        (PLAIN, {"vllm_engine_config": {"model": "a/b"}}, ("vllm",), {}),
        (DEFAULTS, {}, (), {"nesting": "1"}),
        (DEFAULTS, {"features": ["base_setup"]}, ("base_setup",), {"nesting": "1"}),
        (DEFAULTS, {"features": ""}, (), {}),
        (DEFAULTS, {"features": "nesting=0"}, (), {}),
        ({"proxmox_defaults": {"lxc": {"nesting": 1}}}, {}, (), {"nesting": "1"}),
        ({"proxmox_defaults": {"lxc": {"nesting": 0}}}, {}, (), {}),
    ],
)  # fmt: skip
def test_features(tmp_path: Path, host: Json, fields: Json, features: tuple[str, ...], pct: dict[str, str]) -> None:
    if "own" in features:
        (tmp_path / "features.d").mkdir()
        manifest = '{"name": "own", "summary": "Mine.", "executable": "own.sh"}'
        (tmp_path / "features.d/own.json").write_text(manifest)
        (tmp_path / "features.d/own.sh").write_text("#!/bin/sh\n")
    web = clone(tmp_path, host, **fields)
    assert (web.features, web.pct_features) == (features, pct)


def test_docker_from_an_ancestor_keeps_what_it_needs(tmp_path: Path) -> None:
    containers = lxc(
        {900: template("base", features=["docker"]), 901: container("web", clone_from_ctid=900, features=[])}
    )
    web = site(tmp_path, containers).containers[901]
    assert (web.features, web.pct_features) == ((), {"keyctl": "1", "nesting": "1"})


def test_a_privileged_container_needs_no_keyctl(tmp_path: Path) -> None:
    containers = lxc({900: template("base", unprivileged=False, features=["docker"])})
    assert site(tmp_path, containers).containers[900].pct_features == {"nesting": "1"}


def test_volumes_and_mounts(tmp_path: Path) -> None:
    volume = {"name": "data", "pool": "tank-lxc", "size_gb": 4}
    host = {"shared_volumes": {"media": {"host_path": "/tank/media", "mounts": {"901": "/media/"}}}}
    web = clone(
        tmp_path,
        host,
        volumes=[{**volume, "mount_point": "/data/"}],
        zfs_volumes=[{**volume, "name": "more", "mount_point": "/more"}],
        mount_points=[{"host_path": "/srv", "container_path": "/srv", "owner_uid": 1000}],
    )
    assert web.volumes == (Volume("data", "tank-lxc", 4, "/data"), Volume("more", "tank-lxc", 4, "/more"))
    assert web.mounts == (Mount("/srv", "/srv", owner_uid=1000), Mount("/tank/media", "/media", shared="media"))
    assert [each["mount_point"] for each in web.declared["volumes"]] == ["/data", "/more"]
    assert web.place("volumes.0.mount_point").line < web.places.place("zfs_volumes.0.mount_point").line


def test_defaults_fill_what_a_container_omits(tmp_path: Path) -> None:
    host = {
        "zfs": zfs(),
        "proxmox_storage_ids": {"tank_lxc": "fast"},
        "proxmox_defaults": {
            "zfs_lxc_pool": "tank/lxc",
            "lxc": {
                "cores": 3,
                "memory_mb": 700,
                "network_config": "dhcp",
                "security": "unconfined",
                "cloning": "full",
            },
        },
    }
    base = {"template": TARBALL, "is_template": True}
    own = {"cores": 1, "memory_mb": 64, "network_config": {"bridge": "vmbr1"}, "cloning": "snapshot"}
    containers = lxc(
        {
            900: container("base", **base),
            901: container("web", clone_from_ctid=900, apparmor_profile="generated", **own),
        }
    )
    found = site(tmp_path, containers, host)
    one, other = found.containers[900], found.containers[901]
    assert one.network is not None
    assert other.network is not None
    assert (one.cores, one.memory_mb, one.network.ip, one.storage) == (3, 700, "dhcp", "fast")
    assert (one.apparmor_profile, one.cloning) == ("unconfined", "full")
    assert (other.cores, other.memory_mb, other.network.ip, other.network.bridge) == (1, 64, None, "vmbr1")
    assert (other.apparmor_profile, other.cloning) == ("generated", "snapshot")
    assert one.declared["network_config"] == {"name": "eth0", "bridge": "vmbr0", "ip": "dhcp"}
    assert found.storages["fast"].dataset == "tank/lxc"


def test_options_lines_and_limits(tmp_path: Path) -> None:
    web = clone(
        tmp_path,
        pct_options=["protection=1", "mp0=/srv,mp=/srv", "nesting=1"],
        lxc_options=["lxc.environment = A=b", "lxc.cap.drop: sys_admin"],
        tags=["B", "a", "b"],
        ready_timeout=30,
        dependencies=["900", 900],
        ports=[8080, "53:53/udp"],
    )
    assert web.options == {"protection": "1", "mp0": "/srv,mp=/srv"}
    assert web.lxc_options == (("lxc.environment", "A=b"), ("lxc.cap.drop", "sys_admin"))
    assert (web.tags, web.dependencies, web.ports) == (("a", "b"), (900,), ("8080", "53:53/udp"))
    assert (web.ready_timeout, web.ready_interval) == (30, 5)


def test_the_nested_firewall_is_the_firewall(tmp_path: Path) -> None:
    found = site(tmp_path, host={"shared_volumes": {"firewall": {"enabled": False}, "a": {"host_path": "/a"}}})
    assert found.firewall is not None
    assert found.firewall.enabled is False
    assert list(found.shared_volumes) == ["a"]


def test_scripts_are_looked_for_in_the_folder_and_beside_it(tmp_path: Path) -> None:
    etc, bin_folder = tmp_path / "etc", tmp_path / "bin"
    bin_folder.mkdir()
    for name in ("phoenix_hypervisor_setup_901.sh", "app.sh"):
        (bin_folder / name).write_text("#!/bin/sh\n")
    web = clone(etc, application_script="app.sh")
    assert web.setup_script == bin_folder / "phoenix_hypervisor_setup_901.sh"
    missing = loaded(etc, None, lxc({900: template("b", application_script="absent.sh")}))
    assert [(each.code, each.severity) for each in missing.problems] == [("script-missing", "error")]


def test_a_path_below_the_default_place_is_read_below_the_folder(tmp_path: Path) -> None:
    found = site(tmp_path, host={"version": "1"})
    assert found.local("/usr/local/phoenix_hypervisor/etc/token") == tmp_path / "token"
    assert found.local("/root/token") == Path("/root/token")


def test_a_default_storage_may_be_named_itself(tmp_path: Path) -> None:
    host = {"zfs": zfs(), "proxmox_defaults": {"zfs_lxc_pool": "tank-lxc"}}
    containers = lxc({900: container("base", template=TARBALL, is_template=True)})
    assert site(tmp_path, containers, host).containers[900].storage == "tank-lxc"


def test_only_a_number_makes_a_setup_script(tmp_path: Path) -> None:
    for name in ("phoenix_hypervisor_setup_web.sh", "phoenix_hypervisor_setup_901.sh"):
        (tmp_path / name).write_text("#!/bin/sh\n")
    assert clone(tmp_path).setup_script == tmp_path / "phoenix_hypervisor_setup_901.sh"


@pytest.mark.parametrize("manifest", ["{", "[]", '{"name": 3}', "{}"])
def test_a_manifest_that_cannot_be_read_declares_no_feature(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "features.d").mkdir()
    (tmp_path / "features.d/own.json").write_text(manifest)
    found = loaded(tmp_path, None, lxc({900: template("base", features=["own"])}))
    told = {problem.code for problem in found.errors if problem.place.file.endswith("own.json")}
    assert told and {problem.code for problem in found.problems} - told == {"feature-unknown"}
