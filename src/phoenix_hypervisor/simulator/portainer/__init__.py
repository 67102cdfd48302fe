"""Portainer: its server and its agent, as they answer in containers of Docker's."""

from __future__ import annotations

from collections.abc import Mapping

from phoenix_hypervisor.simulator.portainer.agent import Agent
from phoenix_hypervisor.simulator.portainer.server import Server
from phoenix_hypervisor.simulator.serving import Service

SERVICES: Mapping[str, Service] = {"portainer/portainer-ce": Server(), "portainer/agent": Agent()}
"""By the repository of the image."""
