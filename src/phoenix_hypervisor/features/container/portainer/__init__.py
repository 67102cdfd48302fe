"""Portainer in a container: its server or its agent, by the container's role."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import SecretStr

from phoenix_hypervisor.documents.types import Address, HostPath, Name, Port, Word
from phoenix_hypervisor.features.container.portainer.agent import Agent
from phoenix_hypervisor.features.container.portainer.environment import Environment
from phoenix_hypervisor.features.container.portainer.nothing import Nothing, Role
from phoenix_hypervisor.features.container.portainer.server import Server
from phoenix_hypervisor.resource import Feature, Lack, Resource, Slice
from phoenix_hypervisor.resources.package import Packages

PACKAGES = ("ca-certificates", "curl")
SERVER_PORT, AGENT_PORT = 9443, 9001


class Portainer(Slice):
    """The role, what runs in it and where; the server, to which an agent is joined under a name.

    ``data`` is the folder of the server's data, without which Docker keeps it in a volume.
    """

    role: Role = "none"
    server_image: Word = "portainer/portainer-ce:2.21.4"
    agent_image: Word = "portainer/agent:2.21.4"
    server_port: Port = SERVER_PORT
    agent_port: Port = AGENT_PORT
    admin_password: SecretStr | None = None
    agent_secret: SecretStr | None = None
    data: HostPath | None = None
    server: Address | None = None
    address: Address | None = None
    name: Name | None = None


def resources(piece: Portainer) -> Iterator[Resource]:
    """What asks it over HTTP, then the container; an agent is joined where all that it takes is known."""
    if piece.role not in ("server", "agent"):
        yield Nothing(name=piece.role)
        return
    yield Packages(name="portainer", packages=PACKAGES)
    if piece.role == "server":
        yield Server(
            name="portainer",
            image=piece.server_image,
            port=piece.server_port,
            secret=piece.agent_secret,
            password=piece.admin_password,
            data=piece.data,
        )
        return
    why = _cannot_join(piece)
    yield Agent(
        name="portainer_agent", image=piece.agent_image, port=piece.agent_port, secret=piece.agent_secret, alone=why
    )
    if not why:
        yield Environment(
            name=piece.name or "",
            url=f"tcp://{_in_url(piece.address)}:{piece.agent_port}",
            server=f"https://{_in_url(piece.server)}:{piece.server_port}",
            password=piece.admin_password,
        )


def lacks(piece: Portainer) -> Iterator[Lack]:
    """A part that does not say what is to be there."""
    if not piece.knows("role"):
        yield Lack((), "what is to be there cannot be told.", 'Add "role": "server", or "role": "agent".')


def _cannot_join(piece: Portainer) -> str:
    """Why the agent is joined to no server; empty when it is."""
    if piece.name is None:
        return "a template is not joined, its clones are"
    if piece.server is None:
        return "no server is declared (network.portainer_server_ip, or a container of that role)"
    if piece.admin_password is None:
        return "docker.portainer_admin_password is not declared"
    return "" if piece.address else "its address is not declared"


def _in_url(address: str | None) -> str:
    return f"[{address}]" if address and ":" in address else address or ""


feature = Feature(
    name="portainer",
    summary="Portainer's server with its administrator, or an agent that is joined to it.",
    scope="container",
    slice=Portainer,
    resources=resources,
    sources={
        "role": "container.portainer_role",
        "server_image": "host.docker.portainer_server_image",
        "agent_image": "host.docker.portainer_agent_image",
        "server_port": "host.network.portainer_server_port",
        "agent_port": "host.network.portainer_agent_port",
        "admin_password": "host.docker.portainer_admin_password",
        "agent_secret": "host.docker.portainer_agent_secret",
        "data": "site.portainer.data",
        "server": "site.portainer.server",
        "address": "site.portainer.address",
        "name": "site.portainer.name",
    },
    needs_names=True,
    siblings=frozenset({"data", "server", "address", "name"}),
    lacks=lacks,
    touches=("Docker's containers portainer and portainer_agent", "Docker's volume portainer_data"),
)
