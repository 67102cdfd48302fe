"""llama.cpp in a container: its published build, and a service that answers for the declared model."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import SecretStr

from phoenix_hypervisor.documents.types import Build, Line, Port, Sha256, Url, Word
from phoenix_hypervisor.features.container.llama_cpp.arguments import command, grouped, port_of, secrets_of
from phoenix_hypervisor.resource import Feature, Lack, Resource, Slice
from phoenix_hypervisor.resources.package import Packages
from phoenix_hypervisor.resources.release import Release
from phoenix_hypervisor.resources.secretfile import SecretFile, mark_of
from phoenix_hypervisor.resources.server import server
from phoenix_hypervisor.resources.systemunit import FOLDER, NoUnit, served
from phoenix_hypervisor.resources.user import ServiceUser

PACKAGES = ("ca-certificates", "curl", "libgomp1")
USER, UNIT, HOME, PROGRAM = "llama", "llama.service", "/opt/llama_cpp", "llama-server"
KEYS = "/etc/llama/keys.env"
START_TIMEOUT = 1800
FIRST = "11194"
"""The build that is fetched where none is declared and none is there: its makers have no address for the newest."""
_BUILD = "https://github.com/ggml-org/llama.cpp/releases/download/b{version}/llama-b{version}-bin-ubuntu-"


class LlamaCpp(Slice):
    """The model and how it is served; without one nothing is. A template serves nothing either.

    With cards the build for Vulkan is taken, which NVIDIA's driver has; there is none for CUDA.
    """

    model: Word | None = None
    port: Port | None = None
    args: tuple[Line, ...] = ()
    version: Build | None = None
    url: Url | None = None
    sha256: Sha256 | None = None
    cards: tuple[int, ...] = ()
    is_template: bool = False
    template_snapshot: str | None = None


def _release(piece: LlamaCpp) -> Release:
    url = piece.url or f"{_BUILD}{'vulkan-' if piece.cards else ''}x64.tar.gz"
    version = piece.version.removeprefix("b") if piece.version else None
    newest = url.replace("{version}", FIRST)
    return Release(
        name=HOME, program=PROGRAM, version=version, urls=(("0", url),), newest=newest, sha256=piece.sha256, strip=1
    )


def resources(piece: LlamaCpp) -> Iterator[Resource]:
    """The program first, then what it reads, then the service; an answer is what ends it."""
    groups = grouped(piece.args)
    serves = piece.model is not None and not (piece.is_template or piece.template_snapshot)
    notify = (UNIT,) if serves else ()
    release = _release(piece)
    secrets = secrets_of(groups) if piece.model else {}
    values = {name: SecretStr(value) for name, value in secrets.items()}
    keys = SecretFile(name=KEYS, owner=USER, values=values, mark=mark_of(secrets), notify=notify)
    yield Packages(name="llama_cpp", packages=(*PACKAGES, *(("libvulkan1",) if piece.cards else ())))
    yield ServiceUser(name=USER, comment="llama.cpp")
    yield release
    reads = (release, keys) if values or not piece.is_part else (release,)
    yield from reads[1:]
    if piece.model is None:
        yield from () if piece.is_part else (NoUnit(name=UNIT),)
        return
    environment = {"HOME": f"/var/lib/{USER}", "LLAMA_CACHE": f"/var/lib/{USER}/cache"}
    text = served(
        "llama.cpp", USER, ((f"{HOME}/{PROGRAM}",), *command(piece.model, piece.port, groups)), environment, (KEYS,)
    )
    curl = (f"http://127.0.0.1:{port_of(piece.port, groups)}/health",)
    yield from server(UNIT, text, reads, curl, START_TIMEOUT, is_on=serves)


def lacks(piece: LlamaCpp) -> Iterator[Lack]:
    """The model, where it is said how it is to be served."""
    if piece.model is None and (piece.port or piece.args):
        yield Lack((), "model is missing.", "Add it: everything else is said of its server.")


_FIELDS = ("model", "port", "args", "version", "url", "sha256")
feature = Feature(
    name="llama_cpp",
    summary="llama.cpp as its makers publish it, and a service that answers for the declared model.",
    scope="container",
    slice=LlamaCpp,
    resources=resources,
    sources={
        **{name: f"container.llama_cpp_{name}" for name in _FIELDS},
        "cards": "site.gpus",
        "is_template": "container.is_template",
        "template_snapshot": "container.template_snapshot_name",
    },
    needs_names=True,
    siblings=frozenset({"cards", "is_template", "template_snapshot"}),
    touches=(HOME, f"{FOLDER}/{UNIT}", "/etc/llama", f"/var/lib/{USER}", UNIT),
    lacks=lacks,
)
