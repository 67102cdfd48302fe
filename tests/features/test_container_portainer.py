"""Portainer: a server with its administrator, agents that are joined to it, and what is said when that cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.documents.secrets import Secret
from phoenix_hypervisor.features.container.portainer import Portainer, lacks
from portainer_site import (
    AGENT,
    DECLARED,
    JOINED,
    PASSWORD,
    SECRETS,
    SERVER,
    SHARED,
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


def test_a_server_with_its_administrator_and_an_agent_that_is_joined(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    assert call(rig, "GET", "/api/system/status")["Version"] == "2.21.4"
    assert environments(rig) == JOINED
    server, agent = inspect(rig, 910, SERVER), inspect(rig, 950, AGENT)
    assert server["HostConfig"]["Binds"] == ["/var/run/docker.sock:/var/run/docker.sock", "portainer_data:/data"]
    assert server["HostConfig"]["RestartPolicy"]["Name"] == agent["HostConfig"]["RestartPolicy"]["Name"] == "always"
    assert inside(rig, 910, "docker", "ps", "--all", "--format", "{{.Names}}") == "portainer\n"
    assert rig.plan().empty


def test_what_is_named_in_the_host_file_is_what_runs(tmp_path: Path) -> None:
    images = {"portainer_server_image": "portainer/portainer-ce:2.27.9", "portainer_agent_image": "portainer/agent:lts"}
    ports = {"portainer_server_port": 443, "portainer_agent_port": 19001, "portainer_server_ip": "10.0.9.11"}
    rig = rig_of(tmp_path / "etc", {**DECLARED, **images}, ports)
    rig.converge()
    assert inspect(rig, 910, SERVER)["Config"]["Image"] == "portainer/portainer-ce:2.27.9"
    assert inspect(rig, 910, SERVER)["HostConfig"]["PortBindings"] == {"9443/tcp": [{"HostIp": "", "HostPort": "443"}]}
    assert inspect(rig, 950, AGENT)["Config"]["Image"] == "portainer/agent:lts"
    assert attach(rig, 950, "curl", "-skf", "https://10.0.9.51:19001/ping").ok
    assert attach(rig, 950, "curl", "-skf", "https://10.0.9.11/api/status").ok


def test_the_server_comes_before_its_agents(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", ct905=container(905, clone_from_ctid="900", portainer_role="agent"))
    assert rig.site.containers[905].dependencies == (910,)
    rig.converge()
    assert sorted(environments(rig)) == [("ct905-905", "tcp://10.0.9.6:9001"), ("ct950-950", "tcp://10.0.9.51:9001")]


@pytest.mark.parametrize(
    ("fields", "network", "dependencies"),
    [
        ({"portainer_role": "server"}, None, (910,)),
        ({"portainer_role": "server", "dependencies": ["950"]}, None, ()),
        ({"portainer_role": "server"}, {"portainer_server_ip": "10.0.0.7"}, ()),
        ({"portainer_role": "none"}, None, ()),
    ],
    ids=["declared", "waits for the agent", "elsewhere", "none"],
)
def test_an_agent_depends_on_the_server_of_its_site(
    tmp_path: Path, fields: Any, network: Any, dependencies: tuple[int, ...]
) -> None:
    server = container(910, clone_from_ctid="900", **fields)
    assert rig_of(tmp_path / "etc", network=network, ct910=server).site.containers[950].dependencies == dependencies


@pytest.mark.parametrize(
    ("fields", "docker", "network", "said"),
    [
        ({}, {}, None, "docker.portainer_admin_password is not declared"),
        ({"network_config": {"name": "eth0", "ip": "dhcp"}}, DECLARED, None, "its address is not declared"),
    ],
)
def test_an_agent_that_cannot_be_joined_stands_and_says_why(
    tmp_path: Path, fields: Any, docker: Any, network: Any, said: str
) -> None:
    agent = container(950, clone_from_ctid="900", portainer_role="agent", **fields)
    rig = rig_of(tmp_path / "etc", docker, network, ct950=agent)
    steps = {step.id: step.title for step in rig.plan().steps}
    assert f"joined to no server: {said}" in steps["950:portainer"]
    rig.converge()
    rig.node.clock += 10
    assert attach(rig, 950, "curl", "-skf", "https://127.0.0.1:9001/ping").ok
    assert rig.plan().empty


def test_without_a_server_an_agent_is_joined_to_none(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", ct910=container(910, clone_from_ctid="900"))
    assert "no server is declared" in next(step.title for step in rig.plan().steps if step.id == "950:portainer")
    rig.converge()


def test_the_server_without_a_declared_password_says_what_is_to_be_done(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", {})
    title = next(step.title for step in rig.plan().steps if step.id == "910:portainer")
    assert "docker.portainer_admin_password is not declared: set one within 5 minutes" in title
    rig.converge()
    rig.node.clock += 400
    assert call(rig, "GET", "/api/users/admin/check")["message"] == "Administrator initialization timeout"
    declare(rig, tmp_path / "other", docker=DECLARED)
    rig.converge()
    assert token(rig), "the closed server was opened, and has its administrator"
    assert environments(rig) == JOINED


def test_the_volume_of_the_container_holds_the_data(tmp_path: Path) -> None:
    volume = {"name": "portainer-data", "pool": "tank-lxc", "size_gb": 1, "mount_point": "/srv/portainer"}
    server = container(910, clone_from_ctid="900", portainer_role="server", volumes=[volume])
    rig = rig_of(tmp_path / "etc", ct910=server)
    rig.converge()
    assert attach(rig, 910, "test", "-s", "/srv/portainer/portainer.db").ok
    assert "portainer_data" not in inside(rig, 910, "docker", "volume", "ls")


def test_a_server_that_does_not_answer_is_named(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", network={"portainer_server_ip": "10.0.0.7"})
    said = rig.apply().failed["950:portainer"]
    assert "Portainer's server does not answer at https://10.0.0.7:9443" in said


def test_server_and_agent_share_a_secret_where_there_is_one(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", {**DECLARED, "portainer_agent_secret": {"env": "AGENT_SECRET"}})
    rig.converge()
    assert [inspect(rig, *each)["Config"]["Env"] for each in ((910, SERVER), (950, AGENT))] == [
        [f"AGENT_SECRET={SHARED}"],
        [f"AGENT_SECRET={SHARED}"],
    ]
    secretly(rig, {**SECRETS, Secret("env", "AGENT_SECRET"): "another"})
    again(rig, 910, 950)
    rig.converge()
    assert inspect(rig, 950, AGENT)["Config"]["Env"] == ["AGENT_SECRET=another"]


def test_an_image_that_there_is_not_is_told(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", {**DECLARED, "portainer_server_image": "portainer/portainer-ce:none"})
    said = rig.apply().failed["910:portainer"]
    assert "manifest for portainer/portainer-ce:none not found" in said


def test_a_docker_that_does_not_answer_is_told(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    inside(rig, 910, "systemctl", "stop", "docker")
    again(rig, 910)
    assert "Cannot connect to the Docker daemon" in rig.apply().failed["910:portainer"]


@pytest.mark.parametrize("role", ["infrastructure", "none"])
def test_other_roles_ask_for_nothing_and_say_so(tmp_path: Path, role: str) -> None:
    listed = container(950, clone_from_ctid="900", portainer_role=role, features=["docker", "portainer"])
    rig = rig_of(tmp_path / "etc", ct950=listed)
    assert f"portainer: the role {role} asks for nothing" in [step.title for step in rig.plan().steps]
    rig.converge()
    assert inside(rig, 950, "docker", "ps", "--all", "--format", "{{.Names}}") == ""


def test_the_password_is_nowhere(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", {**DECLARED, "portainer_agent_secret": {"env": "AGENT_SECRET"}})
    plan = rig.plan()
    rig.converge()
    told = [repr(plan), repr(rig.events), *(word for command in rig.transport.sent for word in command.argv)]
    told += [repr(vars(event)) if hasattr(event, "__dict__") else repr(event) for event in rig.events]
    assert not [text for text in told if PASSWORD in text or json.dumps(PASSWORD) in text or SHARED in text]
    shown = [json.dumps(inspect(rig, *each)) for each in ((910, SERVER), (950, AGENT))]
    assert not [text for text in shown if json.dumps(PASSWORD)[1:-1] in text]
    for ctid in (910, 950):
        assert attach(rig, ctid, "grep", "-rlF", "battery", "/run", "/var/lib", "/root", "/etc", "/tmp").stdout == ""
        assert not attach(rig, ctid, "test", "-e", "/run/phoenix_hypervisor/portainer-password").ok


def test_a_slice_of_its_own_says_the_role() -> None:
    assert list(lacks(Portainer(role="agent").as_part())) == []
    assert [lack.hint for lack in lacks(Portainer(server_port=443).as_part())] == [
        'Add "role": "server", or "role": "agent".'
    ]
