"""Portainer in simulated containers: who may do what, and when it closes itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.simulator.node import Node

TARBALL = "local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst"
SOCKET = "/var/run/docker.sock:/var/run/docker.sock"
FORM = {
    "Name": "there",
    "URL": "tcp://192.168.1.61:9001",
    "EndpointCreationType": "2",
    "TLS": "true",
    "TLSSkipVerify": "true",
    "TLSSkipClientVerify": "true",
}
WHO = {"Username": "admin", "Password": "long enough for all"}


def inside(node: Node, ctid: int, *words: str, stdin: str = "") -> Result:
    return node.run(("lxc-attach", "-n", str(ctid), "--", *words), stdin)


@pytest.fixture
def node() -> Node:
    """Containers 100 (192.168.1.60) and 101 (192.168.1.61) with Docker and curl."""
    node = Node.new()
    node.add_tarball(TARBALL)
    for ctid in (100, 101):
        address = f"name=eth0,bridge=vmbr0,ip=192.168.1.{ctid - 40}/24,gw=192.168.1.1"
        words = ("--rootfs", "local-zfs:4", "--unprivileged", "1", "--net0", address, "--nameserver", "192.168.1.1")
        assert node.run(("pct", "create", str(ctid), TARBALL, *words, "--features", "nesting=1,keyctl=1")).ok
        assert node.run(("pct", "start", str(ctid))).ok
        node.clock += 60
        assert inside(node, ctid, "apt-get", "update").ok
        assert inside(node, ctid, "apt-get", "install", "-y", "docker.io", "docker-cli", "curl").ok
    return node


def server(node: Node, *words: str, options: tuple[str, ...] = ()) -> None:
    data = ("-v", SOCKET, "-v", "data:/data", "-p", "9443:9443", *options)
    assert inside(node, 100, "docker", "run", "-d", "--name", "server", *data, "portainer/portainer-ce:lts", *words).ok
    node.clock += 5


def agent(node: Node, *options: str) -> None:
    words = ("--name", "agent", "-v", SOCKET, "-p", "9001:9001", *options, "portainer/agent:lts")
    assert inside(node, 101, "docker", "run", "-d", *words).ok
    node.clock += 5


def call(node: Node, method: str, path: str, body: Any = None, token: str = "", form: Any = None) -> tuple[int, Any]:
    """Ask the server from the other container: the status, and what it answers."""
    words = ["curl", "-sk", "-X", method, "-w", "\n%{http_code}", f"https://192.168.1.60:9443{path}"]
    words += [word for pair in (form or {}).items() for word in ("--form-string", "=".join(pair))]
    words += ["-d", json.dumps(body)] if body is not None else []
    said = inside(node, 101, *words, "-K", "-", stdin=f'header = "Authorization: Bearer {token}"\n')
    text, _, status = said.stdout.rpartition("\n")
    return int(status), json.loads(text) if text.strip() else None


def token(node: Node) -> str:
    return str(call(node, "POST", "/api/auth", WHO)[1]["jwt"])


def test_the_administrator_is_set_once(node: Node) -> None:
    server(node)
    assert call(node, "GET", "/api/users/admin/check")[0] == 404
    assert call(node, "POST", "/api/auth", WHO)[0] == 422
    assert call(node, "POST", "/api/users/admin/init", {"Username": "admin"})[0] == 400
    assert call(node, "POST", "/api/users/admin/init", WHO)[0] == 200
    assert call(node, "POST", "/api/users/admin/init", WHO)[0] == 409
    assert call(node, "GET", "/api/users/admin/check") == (204, None)
    assert call(node, "GET", "/api/endpoints")[0] == 401
    assert call(node, "GET", "/api/endpoints", token=token(node)) == (200, [])
    assert call(node, "POST", "/api/auth", "no object")[0] == 400
    assert call(node, "GET", "/api/nothing", token=token(node))[0] == 404


def test_a_password_in_a_file_is_taken_at_the_first_start_only(node: Node) -> None:
    file = "/run/password"
    for password in ("long enough for all", "another, and long"):
        assert inside(node, 100, "sh", "-c", "printf '%s\\n' \"$1\" >/run/password", "sh", password).ok
        server(node, "--admin-password-file", file, options=("-v", f"{file}:{file}:ro"))
        assert token(node)
        assert inside(node, 100, "docker", "rm", "--force", "server").ok


def test_a_password_file_that_is_gone_ends_the_server(node: Node) -> None:
    server(node, "--admin-password-file", "/run/password", options=("-v", "/run/password:/run/password"))
    assert "failed getting admin password file" in inside(node, 100, "docker", "logs", "server").stderr
    refused = inside(node, 101, "curl", "-sSk", "https://192.168.1.60:9443/api/status")
    assert (refused.rc, "Failed to connect to 192.168.1.60 port 9443" in refused.stderr) == (7, True)


def test_an_argument_that_it_does_not_have_ends_the_server(node: Node) -> None:
    server(node, "--admin-pass=x")
    assert "unknown long flag" in inside(node, 100, "docker", "logs", "server").stderr


def test_without_an_administrator_it_closes_after_five_minutes(node: Node) -> None:
    server(node)
    node.clock += 300
    assert call(node, "POST", "/api/users/admin/init", WHO)[0] == 303
    assert call(node, "GET", "/api/status")[0] == 200
    assert inside(node, 100, "docker", "restart", "server").ok
    node.clock += 5
    assert call(node, "POST", "/api/users/admin/init", WHO)[0] == 200
    node.clock += 300
    assert call(node, "GET", "/api/users/admin/check")[0] == 204


@pytest.mark.parametrize(
    ("change", "status", "details"),
    [
        ({"Name": ""}, 400, "invalid environment name"),
        ({"EndpointCreationType": "1"}, 400, "invalid environment type value"),
        ({"TLSSkipVerify": "false"}, 400, "invalid CA certificate file"),
        ({"TLSSkipClientVerify": "false"}, 400, "invalid certificate file"),
        ({"URL": "192.168.1.61:9001"}, 400, "unable to parse docker host"),
        ({"URL": "tcp://192.168.1.61:9002"}, 500, "connection refused"),
        ({"URL": "tcp://192.168.1.99:9001"}, 500, "connection refused"),
    ],
)
def test_an_environment_is_an_agent_that_answers(node: Node, change: Any, status: int, details: str) -> None:
    server(node)
    agent(node)
    call(node, "POST", "/api/users/admin/init", WHO)
    answer = call(node, "POST", "/api/endpoints", token=token(node), form={**FORM, **change})
    assert (answer[0], details in answer[1]["details"]) == (status, True), answer


def test_an_environment_is_added_changed_and_has_a_name_of_its_own(node: Node) -> None:
    server(node)
    agent(node)
    call(node, "POST", "/api/users/admin/init", WHO)
    assert call(node, "POST", "/api/endpoints", token=token(node), form=FORM)[0] == 200
    assert call(node, "POST", "/api/endpoints", token=token(node), form=FORM)[0] == 409
    assert call(node, "PUT", "/api/endpoints/1", {"Name": "other"}, token(node))[1]["Name"] == "other"
    assert call(node, "PUT", "/api/endpoints/7", {"Name": "other"}, token(node))[0] == 404
    assert [each["URL"] for each in call(node, "GET", "/api/endpoints", token=token(node))[1]] == [FORM["URL"]]


def test_a_password_is_changed_by_who_knows_it(node: Node) -> None:
    server(node)
    call(node, "POST", "/api/users/admin/init", WHO)
    wrong, right = {"Password": "no", "NewPassword": "new"}, {"Password": WHO["Password"], "NewPassword": "new"}
    assert call(node, "PUT", "/api/users/1/passwd", wrong, token(node))[0] == 403
    assert call(node, "PUT", "/api/users/1/passwd", right, token(node))[0] == 204
    assert call(node, "POST", "/api/auth", WHO)[0] == 422


@pytest.mark.parametrize(
    ("of_server", "of_agent", "status"), [("", "", 200), ("one", "one", 200), ("one", "other", 500), ("", "one", 500)]
)
def test_a_secret_has_to_be_shared(node: Node, of_server: str, of_agent: str, status: int) -> None:
    server(node, options=("-e", f"AGENT_SECRET={of_server}"))
    agent(node, "-e", f"AGENT_SECRET={of_agent}")
    call(node, "POST", "/api/users/admin/init", WHO)
    assert call(node, "POST", "/api/endpoints", token=token(node), form=FORM)[0] == status


def test_an_agent_belongs_to_the_first_server_until_it_starts_again(node: Node) -> None:
    server(node)
    agent(node)
    headers = ("-H", "X-PortainerAgent-PublicKey: other", "-H", "X-PortainerAgent-Signature: Portainer-App")
    assert inside(node, 100, "curl", "-skf", *headers, "https://192.168.1.61:9001/info").ok
    call(node, "POST", "/api/users/admin/init", WHO)
    answer = call(node, "POST", "/api/endpoints", token=token(node), form=FORM)
    assert "already paired" in answer[1]["details"]
    assert inside(node, 101, "docker", "restart", "agent").ok
    node.clock += 5
    assert call(node, "POST", "/api/endpoints", token=token(node), form=FORM)[0] == 200


def test_an_agent_without_docker_or_with_an_argument_ends(node: Node) -> None:
    for words, why in ((("portainer/agent:lts",), "unable to retrieve"), (("portainer/agent:lts", "x"), "unexpected")):
        assert inside(node, 101, "docker", "run", "-d", "--name", "agent", *words).ok
        assert why in inside(node, 101, "docker", "logs", "agent").stderr
        assert inside(node, 101, "docker", "rm", "agent").ok


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("https://192.168.1.60:9443/api/status",), 60, "SSL certificate problem"),
        (("-k", "-f", "https://192.168.1.60:9443/api/users/admin/check"), 22, "returned error: 404"),
        (("-k", "https://10.9.9.9/"), 7, "Failed to connect to 10.9.9.9 port 443"),
        (("http://192.168.1.60:9443/",), 0, ""),
        (("-k", "-o", "/root/answer", "https://192.168.1.60:9443/api/status"), 0, ""),
    ],
)
def test_curl_says_what_is_wrong(node: Node, words: tuple[str, ...], status: int, said: str) -> None:
    server(node)
    result = inside(node, 101, "curl", "-sS", *words)
    assert (result.rc, said in result.stderr) == (status, True), result


def test_a_port_for_the_machine_itself_is_for_no_other(node: Node) -> None:
    words = ("-v", SOCKET, "-v", "data:/data", "-p", "127.0.0.1:9443:9443", "portainer/portainer-ce:lts")
    assert inside(node, 100, "docker", "run", "-d", "--name", "server", *words).ok
    node.clock += 5
    assert inside(node, 100, "curl", "-skf", "https://127.0.0.1:9443/api/status").ok
    assert inside(node, 101, "curl", "-skf", "https://192.168.1.60:9443/api/status").rc == 7
