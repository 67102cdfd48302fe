"""A site with Portainer on a simulated node: a server in 910, an agent in 950, and what is asked of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.documents.secrets import Secret
from rig import HOST, Rig, container, fitted, site_of
from scenarios import base

PASSWORD, SHARED = "correct horse: 'battery' \"staple\"", "between us"
SECRETS = {Secret("env", "PORTAINER_PASSWORD"): PASSWORD, Secret("env", "AGENT_SECRET"): SHARED}
DECLARED = {"portainer_admin_password": {"env": "PORTAINER_PASSWORD"}}
SERVER, AGENT = "portainer", "portainer_agent"
JOINED = [("ct950-950", "tcp://10.0.9.51:9001")]
_URL = "https://10.0.9.11:9443"


def rig_of(folder: Path, docker: Any = DECLARED, network: Any = None, **more: Any) -> Rig:
    """A server in 910 (10.0.9.11), an agent in 950 (10.0.9.51); ``more``: other containers, by ``ct`` and CTID."""
    containers = {
        "900": base(is_template=True),
        "910": container(910, clone_from_ctid="900", portainer_role="server"),
        "950": container(950, clone_from_ctid="900", portainer_role="agent"),
        **{ctid.removeprefix("ct"): document for ctid, document in more.items()},
    }
    host = {**HOST, "docker": docker, **({"network": network} if network else {})}
    return secretly(fitted(site_of(folder, {"lxc_configs": containers}, host)))


def secretly(rig: Rig, values: Any = SECRETS) -> Rig:
    """The rig with the values of its secrets."""
    rig.site = replace(rig.site, revealed=values)
    return rig


def declare(rig: Rig, folder: Path, **declared: Any) -> None:
    """Another configuration for the same node."""
    rig.site = rig_of(folder, **declared).site


def attach(rig: Rig, ctid: int, *words: str, stdin: str = "") -> Result:
    result: Result = rig.node.run(("lxc-attach", "-n", str(ctid), "--", *words), stdin)
    return result


def inside(rig: Rig, ctid: int, *words: str, stdin: str = "") -> str:
    result = attach(rig, ctid, *words, stdin=stdin)
    assert result.ok, result
    return result.stdout


def inspect(rig: Rig, ctid: int, name: str) -> Any:
    return json.loads(inside(rig, ctid, "docker", "container", "inspect", name))[0]


def again(rig: Rig, *ctids: int) -> None:
    """Establish the layer once more on what is there."""
    for ctid in ctids:
        inside(rig, ctid, "rm", "-f", "/var/lib/phoenix/layers/portainer")


def call(rig: Rig, method: str, path: str, body: Any = None, token: str = "") -> Any:
    """Ask the server from inside the agent's container; the answer, read."""
    words = ["curl", "-sk", "-X", method, f"{_URL}{path}", "-H", f"Authorization: Bearer {token}"]
    said = inside(rig, 950, *words, *(("-d", json.dumps(body)) if body is not None else ()))
    return json.loads(said) if said.strip() else None


def token(rig: Rig, password: str = PASSWORD) -> str:
    answer = call(rig, "POST", "/api/auth", {"Username": "admin", "Password": password})
    return str(answer.get("jwt", ""))


def environments(rig: Rig) -> list[tuple[str, str]]:
    found = call(rig, "GET", "/api/endpoints", token=token(rig))
    return [(each["Name"], each["URL"]) for each in found]
