"""Ollama in a container: its published archive, a service that answers, the declared models."""

from __future__ import annotations

from collections.abc import Iterator

from phoenix_hypervisor.documents.types import HostPath, Port, Sha256, Word
from phoenix_hypervisor.documents.types import Release as Version
from phoenix_hypervisor.features.container.ollama.models import Models
from phoenix_hypervisor.resource import Feature, Lack, Resource, Slice
from phoenix_hypervisor.resources.ownfolder import OwnFolder
from phoenix_hypervisor.resources.package import Packages
from phoenix_hypervisor.resources.release import Release
from phoenix_hypervisor.resources.server import server
from phoenix_hypervisor.resources.systemunit import FOLDER, served
from phoenix_hypervisor.resources.user import ServiceUser

PACKAGES = ("ca-certificates", "curl", "zstd")
USER, UNIT, HOME, PROGRAM = "ollama", "ollama.service", "/opt/ollama", "bin/ollama"
PORT = 11434
START_TIMEOUT = 180
MODELS = f"/var/lib/{USER}/models"
_ON_GITHUB = "https://github.com/ollama/ollama/releases/download/v{version}/ollama-linux-amd64"
_URLS = (("0", f"{_ON_GITHUB}.tgz"), ("0.14.0", f"{_ON_GITHUB}.tar.zst"))
_NEWEST = "https://ollama.com/download/ollama-linux-amd64.tar.zst"


class Ollama(Slice):
    """Which version, where it listens, where its models lie, and which it is to have. A template serves nothing."""

    version: Version | None = None
    sha256: Sha256 | None = None
    port: Port | None = None
    models_path: HostPath | None = None
    models: tuple[Word, ...] = ()
    is_template: bool = False
    template_snapshot: str | None = None


def resources(piece: Ollama) -> Iterator[Resource]:
    """The program first, then its unit, an answer, and the models that it fetches."""
    serves = not (piece.is_template or piece.template_snapshot)
    port = piece.port or PORT
    release = Release(
        name=HOME, program=PROGRAM, version=piece.version, urls=_URLS, newest=_NEWEST, sha256=piece.sha256
    )
    environment = {
        "HOME": f"/var/lib/{USER}",
        "OLLAMA_HOST": f"0.0.0.0:{port}",
        "OLLAMA_MODELS": piece.models_path or MODELS,
    }
    text = served("Ollama", USER, ((f"{HOME}/{PROGRAM}", "serve"),), environment)
    yield Packages(name="ollama", packages=PACKAGES)
    yield ServiceUser(name=USER, comment="Ollama")
    if piece.models_path:
        yield OwnFolder(name=piece.models_path, owner=USER, group=USER)
    yield release
    address = f"http://127.0.0.1:{port}"
    yield from server(UNIT, text, (release,), (f"{address}/api/version",), START_TIMEOUT, is_on=serves)
    if piece.models and serves:
        yield Models(name=address, program=f"{HOME}/{PROGRAM}", models=piece.models)


def lacks(piece: Ollama) -> Iterator[Lack]:
    """Where it listens and where its models lie: what is not said would be moved back to where they are by default."""
    for name in ("port", "models_path"):
        if not piece.knows(name):
            yield Lack((), f"{name} is missing.", f'Add it, or "{name}": null for the usual one.')


_FIELDS = ("version", "sha256", "port", "models_path", "models")
feature = Feature(
    name="ollama",
    summary="Ollama as its makers publish it, a service that answers, and the declared models.",
    scope="container",
    slice=Ollama,
    resources=resources,
    sources={
        **{name: f"container.ollama_{name}" for name in _FIELDS},
        "is_template": "container.is_template",
        "template_snapshot": "container.template_snapshot_name",
    },
    needs_names=True,
    siblings=frozenset({"is_template", "template_snapshot"}),
    touches=(HOME, f"{FOLDER}/{UNIT}", f"/var/lib/{USER}", UNIT),
    lacks=lacks,
)
