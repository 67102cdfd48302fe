"""Portainer's agent, through which a server works with this container's Docker."""

from __future__ import annotations

from typing import ClassVar

from phoenix_hypervisor.features.container.portainer.instance import SOCKET, RunningContainer

_VOLUMES = "/var/lib/docker/volumes"


class Agent(RunningContainer):
    """The agent. ``alone`` says why it is joined to no server; empty when it is."""

    kind: ClassVar[str] = "portainer.agent"
    role: ClassVar[str] = "agent"
    inner: ClassVar[int] = 9001
    paths: ClassVar[tuple[str, ...]] = ("/ping",)
    alone: str = ""

    @property
    def binds(self) -> tuple[str, ...]:
        return f"{SOCKET}:{SOCKET}", f"{_VOLUMES}:{_VOLUMES}"

    def __str__(self) -> str:
        joined = f" (joined to no server: {self.alone})" if self.alone else ""
        return f"agent {self.image} on port {self.port}{joined}"
