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


def test_another_declared_password_is_not_forced(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    secretly(rig, {**SECRETS, Secret("env", "PORTAINER_PASSWORD"): "another one, and long"})
    assert rig.plan().empty, "the password is no part of what is stamped"
    again(rig, 910)
    rig.converge()
    assert (bool(token(rig)), token(rig, "another one, and long")) == (True, "")


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


def drifts() -> list[tuple[str, str]]:
    """What somebody does in the server's container, and what is left of the container that was there."""
    remade = (
        "docker rm --force portainer >/dev/null; docker run --detach --name portainer --label phoenix_hypervisor=server"
    )
    image, socket = "portainer/portainer-ce:2.21.4", "--volume /var/run/docker.sock:/var/run/docker.sock"
    return [
        ("docker stop portainer", "kept"),
        (f"{remade} --restart always --publish 9444:9443 {socket} --volume portainer_data:/data {image}", "new"),
        (f"{remade} --restart no --publish 9443:9443 {socket} --volume portainer_data:/data {image}", "new"),
        (f"{remade} --restart always --publish 9443:9443 {socket} --volume other:/data {image}", "new"),
        ("docker rm --force portainer", "new"),
        ("docker volume ls", "kept"),
    ]


@pytest.mark.parametrize(("script", "left"), drifts())
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
    theirs = (
        "docker run --detach --name portainer --volume theirs:/data --volume /var/run/docker.sock:/var/run/docker.sock"
    )
    inside(rig, 910, "sh", "-c", f"{theirs} portainer/portainer-ce:lts")
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


def test_after_a_restart_of_the_container_all_is_there(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    for ctid in ("910", "950"):
        assert rig.node.run(("pct", "reboot", ctid)).ok
    rig.node.clock += 60
    again(rig, 910, 950)
    rig.converge()
    assert environments(rig) == JOINED


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
