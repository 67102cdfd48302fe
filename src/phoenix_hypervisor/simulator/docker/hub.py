"""Docker Hub, as far as it is simulated: repositories with their programs, and which tags they have."""

from __future__ import annotations

import re
from collections.abc import Mapping

from phoenix_hypervisor.simulator import portainer
from phoenix_hypervisor.simulator.serving import Service

_TAG = re.compile(r"(latest|lts|sts|2\.\d{1,2}\.\d{1,2})(-alpine)?")
_SERVICES: Mapping[str, Service] = portainer.SERVICES


def split(reference: str) -> tuple[str, str]:
    """Repository and tag."""
    repository, colon, tag = reference.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = reference, "latest"
    return repository.removeprefix("docker.io/").removeprefix("library/"), tag


def fault(reference: str) -> str:
    """Why it cannot be pulled; empty when it can."""
    repository, tag = split(reference)
    if repository not in _SERVICES:
        denied = f"pull access denied for {repository}, repository does not exist or may require 'docker login'"
        return f"{denied}: denied: requested access to the resource is denied"
    return "" if _TAG.fullmatch(tag) else f"manifest for {repository}:{tag} not found: manifest unknown"


def service(reference: str) -> Service | None:
    """The program of an image that was pulled."""
    return _SERVICES.get(split(reference)[0])
