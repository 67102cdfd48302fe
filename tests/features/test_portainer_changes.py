"""Portainer that stands already: what is changed, by the configuration or by somebody, and what stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.documents.secrets import Secret
from portainer_site import (
    AGENT,
    DECLARED,
    JOINED,
    SECRETS,
    SERVER,
    again,
    attach,
    call,
    declare,
    environments,
    inside,
    inspect,
    rig_of,
    secretly,
    token,
)
from rig import container

IMAGE = "portainer/portainer-ce:2.21.4"
MOUNTS = "--volume /var/run/docker.sock:/var/run/docker.sock --volume portainer_data:/data"
REMADE = f"""\
docker rm --force portainer >/dev/null
image=$(docker image inspect --format '{{{{.Id}}}}' {IMAGE})
labels="--label phoenix_hypervisor=server --label phoenix_hypervisor.administrator=admin"
docker run --detach --name portainer $labels --label phoenix_hypervisor.image=$image \\
"""
DRIFTS = {
    "stopped": ("docker stop portainer", "kept"),
    "gone": ("docker rm --force portainer", "new"),
    "the same": (f"{REMADE} --restart always --publish 9443:9443 {MOUNTS} {IMAGE}", "kept"),
    "for the machine itself": (f"{REMADE} --restart always --publish 127.0.0.1:9443:9443 {MOUNTS} {IMAGE}", "new"),
    "another port": (f"{REMADE} --restart always --publish 9444:9443 {MOUNTS} {IMAGE}", "new"),
    "another policy": (f"{REMADE} --restart no --publish 9443:9443 {MOUNTS} {IMAGE}", "new"),
    "another volume": (
        f"{REMADE} --restart always --publish 9443:9443 {MOUNTS.replace('portainer_data', 'other')} {IMAGE}",
        "new",
    ),
    "another variable": (f"{REMADE} --restart always --publish 9443:9443 --env AGENT_SECRET=x {MOUNTS} {IMAGE}", "new"),
}
"""What somebody does in the server's container, and what becomes of the container that is there then."""


def test_another_declared_password_is_not_forced(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    secretly(rig, {**SECRETS, Secret("env", "PORTAINER_PASSWORD"): "another one, and long"})
    assert rig.plan().empty, "the password is no part of what is stamped"
    again(rig, 910)
    rig.converge()
    assert (bool(token(rig)), token(rig, "another one, and long")) == (True, "")


def test_a_server_that_stands_still_gets_the_administrator_that_is_declared_now(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", {})
    rig.converge()
    inside(rig, 910, "docker", "stop", SERVER)
    declare(rig, tmp_path / "other", docker=DECLARED)
    rig.converge()
    assert token(rig)


def test_a_server_that_lost_its_data_gets_its_administrator_again(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    lost = "docker stop portainer; rm /var/lib/docker/volumes/portainer_data/_data/portainer.db; docker start portainer"
    inside(rig, 910, "sh", "-c", lost)
    rig.node.clock += 10
    assert token(rig) == ""
    again(rig, 910, 950)
    rig.converge()
    assert environments(rig) == JOINED


def test_another_image_takes_the_place_of_the_first_and_keeps_the_data(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    newer = {"portainer_server_image": "portainer/portainer-ce:2.27.9"}
    declare(rig, tmp_path / "other", docker={**DECLARED, **newer})
    assert [step.id for step in rig.plan().steps if step.id.endswith(":portainer")] == ["910:portainer"]
    rig.converge()
    assert call(rig, "GET", "/api/status")["Version"] == "2.27.9"
    assert environments(rig) == JOINED
    assert rig.plan().empty


def test_an_image_that_was_pulled_anew_is_seen(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    made = inspect(rig, 950, AGENT)["Id"]
    inside(rig, 950, "sh", "-c", "echo newer >>/var/lib/docker/image/portainer%agent:2.21.4")
    again(rig, 950)
    rig.converge()
    assert inspect(rig, 950, AGENT)["Id"] != made


@pytest.mark.parametrize(("script", "left"), DRIFTS.values(), ids=DRIFTS)
def test_what_somebody_changed_is_put_right(tmp_path: Path, script: str, left: str) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    inside(rig, 910, "sh", "-c", script)
    there = attach(rig, 910, "docker", "container", "inspect", "--format", "{{.Id}}", SERVER).stdout
    again(rig, 910)
    rig.converge()
    assert (inspect(rig, 910, SERVER)["Id"] == there.strip()) == (left == "kept")
    assert environments(rig) == JOINED, "the data is what it was"
    assert len(inside(rig, 910, "docker", "ps", "--format", "{{.Names}}").splitlines()) == 1


def test_a_container_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", ct910=container(910, clone_from_ctid="900", features=["docker"]))
    rig.converge(ctids={900, 910})
    inside(rig, 910, "sh", "-c", f"docker run --detach --name portainer {MOUNTS} portainer/portainer-ce:lts")
    declare(rig, tmp_path / "other")
    said = rig.apply().failed["910:portainer"]
    assert "docker rename portainer other" in said
    assert inspect(rig, 910, SERVER)["Config"]["Image"] == "portainer/portainer-ce:lts"
    inside(rig, 910, "docker", "rm", "--force", SERVER)
    rig.converge()


def test_an_agent_is_added_once(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    again(rig, 910, 950)
    rig.converge()
    call(rig, "PUT", "/api/endpoints/1", {"Name": "renamed"}, token(rig))
    again(rig, 950)
    rig.converge()
    assert environments(rig) == [("renamed", "tcp://10.0.9.51:9001")]


def test_an_agent_that_moved_is_found_by_its_name(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    moved = {"name": "eth0", "bridge": "vmbr0", "ip": "10.0.9.77/16", "gw": "10.0.0.254"}
    agent = container(950, clone_from_ctid="900", portainer_role="agent") | {"network_config": moved}
    declare(rig, tmp_path / "other", ct950=agent)
    rig.converge()
    assert environments(rig) == [("ct950-950", "tcp://10.0.9.77:9001")]


def test_an_agent_of_another_server_says_how_it_is_freed(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    who = ("-H", "X-PortainerAgent-PublicKey: another", "-H", "X-PortainerAgent-Signature: Portainer-App")
    rig.node.clock += 10
    inside(rig, 910, "curl", "-skf", "https://10.0.9.51:9001/info", *who)
    inside(rig, 910, "sh", "-c", "docker rm --force portainer; docker volume rm portainer_data")
    again(rig, 910, 950)
    said = rig.apply().failed["950:portainer"]
    assert "docker restart portainer_agent, and run again" in said
    inside(rig, 950, "docker", "restart", AGENT)
    rig.converge()
    assert environments(rig) == JOINED


@pytest.mark.parametrize("later", [0, 60])
def test_after_a_restart_of_the_container_all_is_there(tmp_path: Path, later: int) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    for ctid in ("910", "950"):
        assert rig.node.run(("pct", "reboot", ctid)).ok
    rig.node.clock += later
    again(rig, 910, 950)
    rig.converge()
    assert environments(rig) == JOINED


def test_a_server_that_comes_back_meanwhile_has_the_agent_once(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    assert rig.node.run(("pct", "stop", "910")).ok
    assert rig.node.run(("pct", "start", "910")).ok
    again(rig, 950)
    rig.converge()
    assert "join-server" in " ".join(rig.ran), "when it was looked at, the server was not there"
    assert environments(rig) == JOINED


def test_a_server_that_closed_itself_is_told(tmp_path: Path) -> None:
    docker = container(910, clone_from_ctid="900", features=["docker"])
    rig = rig_of(tmp_path / "etc", network={"portainer_server_ip": "10.0.9.11"}, ct910=docker)
    rig.converge(ctids={900, 910})
    rig.node.clock += 10
    inside(rig, 910, "sh", "-c", f"docker run -d -p 9443:9443 {MOUNTS} portainer/portainer-ce:lts")
    rig.node.clock += 400
    assert "has no administrator and closed itself" in rig.apply().failed["950:portainer"]


def test_an_administrator_that_was_set_by_hand_stays(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", {})
    rig.converge()
    again(rig, 910)
    rig.converge(ctids={900, 910})
    call(rig, "POST", "/api/users/admin/init", {"Username": "admin", "Password": "by hand, and long"})
    made = inspect(rig, 910, SERVER)["Id"]
    declare(rig, tmp_path / "other", docker=DECLARED)
    said = rig.apply().failed
    assert list(said) == ["950:portainer"], "the server is as it is to be, the agent cannot be joined"
    assert "another administrator's password than the declared one" in said["950:portainer"]
    assert (inspect(rig, 910, SERVER)["Id"], token(rig)) == (made, "")
