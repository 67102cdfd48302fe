"""Docker in a container: engine, command line, compose; settings that fit what the container is and has."""

from __future__ import annotations

from collections.abc import Iterator

from phoenix_hypervisor.documents.host import DockerVersion
from phoenix_hypervisor.documents.types import HostPath, Word
from phoenix_hypervisor.features.container.docker import toolkit
from phoenix_hypervisor.features.container.docker.daemon import Daemon
from phoenix_hypervisor.features.container.docker.engine import Engine, Source
from phoenix_hypervisor.features.container.docker.login import TOKEN, Login
from phoenix_hypervisor.features.container.docker.running import DockerService, Running
from phoenix_hypervisor.resource import Carried, Feature, Resource, Slice
from phoenix_hypervisor.resources.archive import NEEDED, Archive
from phoenix_hypervisor.resources.package import Packages

_ARCHIVE = Archive(
    name="docker",
    uri="https://download.docker.com/linux/{id}",
    suite="{codename}",
    components=("stable",),
    key="https://download.docker.com/linux/{id}/gpg",
    fingerprint="9DC858229FC7DD38854AE2D88D81803C0EBFCD88",
)


class Docker(Slice):
    """Where Docker comes from, in which version; where the registry's login lies; what container it is."""

    source: Source | None = None
    version: DockerVersion | None = None
    registry: Word | None = None
    token_file: HostPath | None = None
    cards: tuple[int, ...] = ()
    is_template: bool = False
    template_snapshot: Word | None = None

    @property
    def logs_in(self) -> bool:
        """Whether there may be a login: a template gets none, as everybody who is cloned from it would have it."""
        return self.token_file is not None and not (self.is_template or self.template_snapshot)


def resources(piece: Docker) -> Iterator[Resource]:
    """The settings stand before the engine is there, so that it never starts with others."""
    source, has_cards = piece.source or "distribution", bool(piece.cards)
    if source == "docker" or has_cards:
        yield Packages(name="archives", packages=NEEDED)
    if source == "docker":
        yield _ARCHIVE
    if has_cards:
        yield from toolkit.resources()
    daemon = Daemon(name="daemon.json", with_cards=has_cards)
    engine = Engine(name=source, version=piece.version)
    yield daemon
    yield engine
    yield DockerService(name="docker.service", watches=(daemon,), how="restart")
    yield Running(name="docker", watches=(daemon, engine))
    if piece.logs_in:
        yield Login(name=piece.registry or "docker.io")


def carries(piece: Docker) -> Iterator[Carried]:
    """The registry's login, where the node has one; it lies in the container's memory until it is used."""
    if piece.token_file and piece.logs_in:
        yield Carried(piece.token_file, TOKEN)


feature = Feature(
    name="docker",
    summary="Docker's engine, command line and compose, proved by a container that runs.",
    scope="container",
    slice=Docker,
    resources=resources,
    sources={
        "source": "host.docker.source",
        "version": "host.docker.version",
        "registry": "host.network.external_registry_url",
        "token_file": "host.core_paths.docker_token_file",
        "cards": "site.gpus",
        "is_template": "container.is_template",
        "template_snapshot": "container.template_snapshot_name",
    },
    needs_names=True,
    siblings=frozenset({"registry", "token_file", "cards", "is_template", "template_snapshot"}),
    touches=("/etc/docker/daemon.json", "docker.service", "/etc/apt/sources.list.d", "/root/.docker/config.json"),
    carries=carries,
)
