"""Docker in containers: from where it comes, what is merged, what is proved, and what is said when it does not run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.features.container.docker import Docker, carries, feature, resources
from phoenix_hypervisor.features.container.docker.daemon import Daemon, merged
from phoenix_hypervisor.features.container.docker.engine import Engine, is_version, packages_of
from phoenix_hypervisor.features.container.docker.state import STATE, State
from phoenix_hypervisor.machine import Facts
from phoenix_hypervisor.resources.distribution import DISTRIBUTION, Distribution
from phoenix_hypervisor.simulator.faults import Fault, Kind
from rig import HOST, Rig, container, fitted, site_of
from scenarios import base
from within import of

BROKEN = (
    "docker: Error response from daemon: failed to create task for container: failed to create shim task: OCI runtime "
    "create failed: runc create failed: unable to start container process: error during container init: open sysctl "
    "net.ipv4.ip_unprivileged_port_start file: reopen fd 8: permission denied: unknown"
)
TOKEN = "/etc/phoenix-docker-token"
SETTINGS = "/etc/docker/daemon.json"
attach, inside = of(950)


def rig_of(folder: Path, host: dict[str, Any] | None = None, **fields: Any) -> Rig:
    declared = {"clone_from_ctid": "900", "features": ["docker"], **fields}
    containers = {"900": base(is_template=True), "950": container(950, **declared)}
    documents: dict[str, Any] = {"lxc_configs": containers}
    if "gpu_assignment" in fields:
        documents["nvidia_driver_version"] = "580.76.05"
    return fitted(site_of(folder, documents, {**HOST, **(host or {})}))


def again(rig: Rig) -> None:
    """Establish the layer once more on what is there."""
    inside(rig, "rm", "-rf", "/var/lib/phoenix/layers/docker")
    rig.converge()


def settings(rig: Rig) -> Any:
    return json.loads(inside(rig, "cat", SETTINGS))


@pytest.mark.parametrize(
    ("declared", "package"), [({}, "docker.io"), ({"docker": {"source": "docker"}}, "docker-ce")], ids=["own", "docker"]
)
def test_docker_runs_with_its_command_line_and_compose(tmp_path: Path, declared: Any, package: str) -> None:
    rig = rig_of(tmp_path / "etc", declared)
    rig.converge()
    assert inside(rig, "docker", "info", "--format", "{{.Driver}}") == "overlay2\n"
    assert inside(rig, "docker", "compose", "version").startswith("Docker Compose version v2.")
    assert inside(rig, "systemctl", "is-enabled", "docker") == "enabled\n"
    assert inside(rig, "dpkg-query", "-W", "-f", "${db:Status-Status}", package) == "installed"
    assert not attach(rig, "test", "-e", SETTINGS).ok, "nothing has to be set"
    assert "docker" not in rig.plan().unmanaged
    assert rig.plan().empty


def test_on_debian_the_command_line_has_a_package_of_its_own(tmp_path: Path) -> None:
    debian = "local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst"
    rig = rig_of(tmp_path / "etc", clone_from_ctid=None, template=debian, storage_size_gb=4, is_template=True)
    rig.converge()
    assert inside(rig, "docker", "compose", "version", "--short") == "2.26.1\n"
    assert inside(rig, "dpkg-query", "-W", "-f", "${db:Status-Status}", "docker-cli") == "installed"


def test_a_key_that_is_not_dockers_is_not_trusted(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", {"docker": {"source": "docker"}})
    url = "https://download.docker.com/linux/ubuntu/gpg"
    rig.node.internet[url] = "-----BEGIN PGP PUBLIC KEY BLOCK-----\nkeyring of somebody\n"
    summary = rig.apply()
    assert f"{url}: this is not the key 9DC8" in summary.failed["950:docker"]
    assert not attach(rig, "test", "-e", "/etc/apt/keyrings/docker.asc").ok


def test_a_declared_version_is_installed_and_another_one_said(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", {"docker": {"source": "docker", "version": "28.5.1"}})
    rig.converge()
    inside(rig, "sed", "-i", "s/5:28.5.1-1/5:27.5.1-1/", "/var/lib/dpkg/status")
    again(rig)
    assert inside(rig, "docker", "version", "--format", "{{.Server.Version}}") == "28.5.1\n"
    rig.site = rig_of(tmp_path / "other", {"docker": {"source": "docker", "version": "27.0.0"}}).site
    said = rig.apply().failed["950:docker"]
    assert "docker-ce 27.0.0 is not in the package sources; there is: 5:28.5.1-1" in said


def test_another_source_takes_the_place_of_the_first(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    rig.site = rig_of(tmp_path / "other", {"docker": {"source": "docker"}}).site
    rig.converge()
    assert inside(rig, "docker", "version", "--format", "{{.Server.Version}}") == "28.5.1\n"
    known = inside(rig, "dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n").splitlines()
    assert not {"docker.io installed", "docker-compose-v2 installed"} & set(known)
    assert rig.plan().empty


def test_settings_of_others_stay(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", gpu_assignment="0")
    rig.converge()
    others = '{"log-opts": {"max-size": "10m"}, "runtimes": {"crun": {"path": "/usr/bin/crun"}}}'
    inside(rig, "sh", "-c", f"echo '{others}' >{SETTINGS}")
    again(rig)
    assert settings(rig) == {
        "log-opts": {"max-size": "10m"},
        "runtimes": {
            "crun": {"path": "/usr/bin/crun"},
            "nvidia": {"args": [], "path": "nvidia-container-runtime"},
        },
    }


def test_settings_that_nobody_can_read_are_left_and_told(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", gpu_assignment="0")
    rig.converge()
    inside(rig, "sh", "-c", f"echo '{{\"debug\": true' >{SETTINGS}; rm -rf /var/lib/phoenix/layers/docker")
    assert f"{SETTINGS} in the container is no JSON" in rig.apply().failed["950:docker"]
    assert inside(rig, "cat", SETTINGS) == '{"debug": true\n'


def test_a_gpu_brings_the_toolkit_without_cgroups(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", gpu_assignment="0")
    rig.converge()
    assert "nvidia" in inside(rig, "docker", "info", "--format", "{{.Runtimes}}").split()
    assert "\nno-cgroups = true\n" in inside(rig, "cat", "/etc/nvidia-container-runtime/config.toml")
    assert rig.plan().empty


def test_where_no_overlay_can_be_mounted_another_driver_is_set(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.node.faults.add(Fault(Kind.FAIL, ("mount", "-t", "overlay")))
    rig.converge()
    assert settings(rig) == {"storage-driver": "vfs"}
    assert inside(rig, "docker", "info", "--format", "{{.Driver}}") == "vfs\n"
    assert inside(rig, "sh", "-c", "ls -A /var/lib /var/lib/docker | grep overlay || :") == ""
    rig.node.faults.clear()
    again(rig)
    assert settings(rig) == {"storage-driver": "vfs"}, "images in use are not lost sight of"


@pytest.mark.parametrize(
    ("state", "driver", "package"),
    [
        (State(answers=False, overlay=True, fuse=True), None, None),
        (State(answers=False, overlay=False, fuse=True), "fuse-overlayfs", "fuse-overlayfs"),
        (State(answers=False, overlay=False, fuse=False), "vfs", None),
        (State(answers=True, overlay=False, fuse=False), None, None),
    ],
)
def test_the_probe_decides_the_driver(state: State, driver: str | None, package: str | None) -> None:
    daemon, engine = Daemon(name="daemon.json"), Engine(name="docker")
    there, file = Distribution("debian", "trixie"), Result(0, "")
    facts = {fact: fact.parse(file) for each in (daemon, engine) for fact in each.facts() if fact != DISTRIBUTION}
    known = Facts({**facts, DISTRIBUTION: there, STATE: state})
    written = [json.loads(command.stdin) for command in daemon.change(known)]
    assert written == ([{"storage-driver": driver}] if driver else [])
    assert [command.argv[-1] for command in engine.change(known)] == [package or "ca-certificates"]


RUNC_FIXED = {"runc": "1.3.3-0ubuntu1~24.04.2"}
DOCKERS_FIXED = {"containerd.io": "1.7.28-2~ubuntu.24.04~noble"}


@pytest.mark.parametrize(
    ("source", "newer", "refused"),
    [
        ("distribution", RUNC_FIXED, True),
        ("distribution", {"runc": "1.2.8-1"}, True),
        ("distribution", {"runc": "1.3.2-1"}, False),
        ("distribution", DOCKERS_FIXED, False),
        ("docker", DOCKERS_FIXED, True),
        ("docker", RUNC_FIXED, False),
    ],
)
def test_a_runc_that_the_nodes_profile_cannot_have_is_told_before_it_comes(
    tmp_path: Path, source: str, newer: dict[str, str], refused: bool
) -> None:
    rig = rig_of(tmp_path / "etc", {"docker": {"source": source}})
    for package, version in newer.items():
        rig.node.add_upgrade(package, version)
    rig.node.faults.add(Fault(Kind.GARBAGE, ("perl",), text="denied"))
    said = rig.apply().failed.get("950:docker", "")
    assert ("update lxc-pve on the node (6.0.5-2 or newer" in said) is refused
    assert attach(rig, "test", "-e", "/usr/bin/docker-init").ok is not refused
    rig.node.faults.clear()
    rig.converge()


def test_a_container_that_may_not_mount_is_told_before_docker_comes(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.node.faults.add(Fault(Kind.GARBAGE, ("perl",), text="nesting"))
    assert "it lacks nesting: restart it with the features nesting=1" in rig.apply().failed["950:docker"]
    assert not attach(rig, "test", "-e", "/usr/bin/docker-init").ok


@pytest.mark.parametrize(
    ("text", "hint"), [(BROKEN, "update lxc-pve on the node"), ("no luck", "Docker runs no container: no luck")]
)
def test_a_docker_that_runs_no_container_fails_and_says_why(tmp_path: Path, text: str, hint: str) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.node.faults.add(Fault(Kind.FAIL, ("docker", "run"), text=text))
    summary = rig.apply()
    assert list(summary.failed) == ["950:docker"]
    assert hint in summary.failed["950:docker"]
    assert not attach(rig, "docker", "rmi", "phoenix/probe:local").ok, "the image of the probe is gone"


def test_a_daemon_that_does_not_start_fails(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.node.faults.add(Fault(Kind.FAIL, ("docker", "version")))
    assert "docker: failed as told" in rig.apply().failed["950:docker"]


def test_a_service_that_does_not_start_fails_with_what_it_needs(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    inside(rig, "systemctl", "stop", "docker")
    inside(rig, "rm", "-rf", "/var/lib/phoenix/layers/docker")
    rig.node.faults.add(Fault(Kind.FAIL, ("dockerd",)))
    said = rig.apply().failed["950:docker"]
    assert "Job for docker.service failed" in said
    assert "Docker needs the feature nesting=1, and keyctl=1" in said


@pytest.mark.parametrize(
    ("line", "registry", "login"),
    [
        ("lab:secret:1", None, ("https://index.docker.io/v1/", "bGFiOnNlY3JldDox")),
        ("secret", "registry.lab.example/lab", ("registry.lab.example", "bGFiOnNlY3JldA==")),
    ],
)
def test_the_nodes_login_is_used_and_not_left(tmp_path: Path, line: str, registry: str | None, login: Any) -> None:
    network = {"network": {"external_registry_url": registry}} if registry else {}
    rig = rig_of(tmp_path / "etc", {"core_paths": {"docker_token_file": TOKEN}, **network})
    rig.node.files.write(TOKEN, f"{line}\n", mode=0o600)
    rig.converge()
    server, secret = login
    assert json.loads(inside(rig, "cat", "/root/.docker/config.json")) == {"auths": {server: {"auth": secret}}}
    again(rig)
    assert not attach(rig, "test", "-e", "/run/phoenix_hypervisor/docker-token").ok
    assert not any("secret" in word for command in rig.transport.sent for word in command.argv)


@pytest.mark.parametrize("declared", [{"is_template": True}, {"template_snapshot_name": "docker-ready"}])
def test_a_template_has_no_login_and_its_clones_have_their_own(tmp_path: Path, declared: dict[str, Any]) -> None:
    containers = {
        "900": base(features=["docker"], pct_options=["nesting=1", "keyctl=1"]),
        "950": container(950, clone_from_ctid="900", features=["docker"], **declared),
        "960": container(960, clone_from_ctid="950", features=["docker"]),
    }
    host = {**HOST, "core_paths": {"docker_token_file": TOKEN}}
    rig = fitted(site_of(tmp_path / "etc", {"lxc_configs": containers}, host))
    rig.node.files.write(TOKEN, "lab:secret:1\n", mode=0o600)
    reasons = {step.id: step.reason for step in rig.plan().steps}
    assert reasons["960:docker"] == "its template has it otherwise"
    rig.converge()
    with_login = rig.node.files.glob("/tank/lxc/*/root/.docker/config.json")
    assert with_login == ["/tank/lxc/subvol-960-disk-0/root/.docker/config.json"]
    assert not rig.node.files.glob("/tank/lxc/*/run/phoenix_hypervisor/*")
    assert rig.plan().empty


def test_a_token_without_a_user_is_refused(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", {"core_paths": {"docker_token_file": TOKEN}})
    rig.node.files.write(TOKEN, "secret\n")
    assert "USER:TOKEN" in rig.apply().failed["950:docker"]


def test_a_node_without_the_file_logs_in_nowhere(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", {"core_paths": {"docker_token_file": TOKEN}})
    rig.converge()
    assert not attach(rig, "test", "-e", "/root/.docker/config.json").ok


@pytest.mark.parametrize(
    ("source", "there", "expected"),
    [
        ("docker", Distribution("ubuntu", "noble"), {"docker-ce", "docker-ce-cli", "docker-compose-plugin"}),
        ("distribution", Distribution("ubuntu", "noble"), {"docker.io", "docker-compose-v2"}),
        ("distribution", Distribution("debian", "bookworm"), {"docker.io", "docker-compose"}),
        ("distribution", Distribution("debian", "trixie"), {"docker.io", "docker-cli", "docker-compose"}),
    ],
)
def test_each_release_has_packages_of_its_own(source: Any, there: Distribution, expected: set[str]) -> None:
    versioned, others = packages_of(source, there)
    assert {*versioned, *others} - {"ca-certificates", "containerd.io"} == expected


@pytest.mark.parametrize(
    ("version", "wanted", "expected"),
    [
        ("5:28.5.1-1~debian.13~trixie", "28.5.1", True),
        ("5:28.5.1-1~debian.13~trixie", "5:28.5.1-1~debian.13~trixie", True),
        ("26.1.5+dfsg1-9", "26.1.5", True),
        ("5:28.5.10-1", "28.5.1", False),
    ],
)
def test_a_version_is_told_from_what_its_packager_added(version: str, wanted: str, expected: bool) -> None:
    assert is_version(version, wanted) is expected


def test_only_debian_and_ubuntu_are_known() -> None:
    assert DISTRIBUTION.parse(Result(0, 'ID=debian\nVERSION_CODENAME="trixie"\n')) == Distribution("debian", "trixie")
    with pytest.raises(NodeError, match="neither a release of Debian nor one of Ubuntu: alpine"):
        DISTRIBUTION.parse(Result(0, "ID=alpine\nVERSION_ID=3.22\n"))


def test_what_is_merged_keeps_what_is_there() -> None:
    assert merged({"a": {"b": 1}, "c": 2}, {"a": {"d": 3}}) == {"a": {"b": 1, "d": 3}, "c": 2}
    assert merged({"a": 1}, {"a": {"b": 2}}) == {"a": {"b": 2}}


def test_a_container_without_a_gpu_shares_the_layer_of_its_template() -> None:
    assert feature.digest(Docker()) == feature.digest(Docker(source="distribution"))
    assert feature.digest(Docker(cards=(0,))) == feature.digest(Docker(cards=(1,))) != feature.digest(Docker())
    assert not list(carries(Docker()))
    assert [each for each in resources(Docker()) if isinstance(each, Daemon)] == [Daemon(name="daemon.json")]
