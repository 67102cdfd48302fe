"""vLLM in a container: an environment with its packages pinned, and a service that answers for the declared model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import SecretStr

from phoenix_hypervisor.documents.types import HostPath, Line, Port, Release, Word, check_path
from phoenix_hypervisor.features.container.vllm.arguments import Arguments, arguments
from phoenix_hypervisor.features.container.vllm.token import GIVEN, GivenToken, TakenToken
from phoenix_hypervisor.resource import Carried, Feature, Lack, Resource, Slice
from phoenix_hypervisor.resources.ownfolder import OwnFolder
from phoenix_hypervisor.resources.package import Packages
from phoenix_hypervisor.resources.secretfile import SecretFile, mark_of
from phoenix_hypervisor.resources.server import server
from phoenix_hypervisor.resources.systemunit import FOLDER, NoUnit, served
from phoenix_hypervisor.resources.user import ServiceUser
from phoenix_hypervisor.resources.venv import Venv

PACKAGES = ("python3-venv", "python3-dev", "build-essential", "ca-certificates", "curl")
"""Triton, which vLLM compiles its kernels with, needs a compiler and Python's headers while it runs."""
USER, UNIT, HOME = "vllm", "vllm.service", "/opt/vllm"
TOKEN, KEYS = "/etc/vllm/token.env", "/etc/vllm/keys.env"
START_TIMEOUT = 1800
"""Seconds that fetching and loading a model may take where nothing is declared."""


class Vllm(Slice):
    """What is served, and how; without a model vLLM is installed, and nothing is served.

    A template serves nothing either: its unit is there for its clones, and off.
    """

    model: Word | None = None
    served_model_name: Word | None = None
    model_type: Literal["chat", "completion", "embedding"] | None = None
    port: Port | None = None
    tensor_parallel_size: int | None = None
    gpu_memory_utilization: float | int | None = None
    max_model_len: int | None = None
    quantization: Word | None = None
    trust_remote_code: bool | None = None
    parameters: dict[str, Any] = {}
    args: tuple[Line, ...] = ()
    engine_config: dict[str, Any] = {}
    version: Release | None = None
    start_timeout: int = START_TIMEOUT
    token_file: HostPath | None = None
    is_template: bool = False
    template_snapshot: str | None = None


def resources(piece: Vllm) -> Iterator[Resource]:
    """The program first, then what it reads, then the service; an answer is what ends it."""
    venv = Venv(name=HOME, project="vllm", version=piece.version)
    wanted = arguments(piece.model_dump())
    serves = wanted.model is not None and not (piece.is_template or piece.template_snapshot)
    secrets = tuple(_secrets(piece, wanted, (UNIT,) if serves else ()))
    yield Packages(name="vllm", packages=PACKAGES)
    yield ServiceUser(name=USER, comment="vLLM")
    if (folder := wanted.value("download-dir")) and check_path(folder) is None:
        yield OwnFolder(name=folder, owner=USER, group=USER)
    yield venv
    yield from (TakenToken(**dict(each)) if isinstance(each, GivenToken) else each for each in secrets)
    if wanted.model is None:
        yield from () if piece.is_part else (NoUnit(name=UNIT),)
        return
    text = _unit(wanted, wanted.model)
    yield from server(UNIT, text, (venv, *secrets), wanted.health(), piece.start_timeout, is_on=serves)


def _secrets(piece: Vllm, wanted: Arguments, notify: tuple[str, ...]) -> Iterator[Resource]:
    """What the options would have shown, and the node's token; of a part, what it has of them."""
    found = wanted.secrets if wanted.model else {}
    values = {name: SecretStr(value) for name, value in found.items()}
    if values or not piece.is_part:
        yield SecretFile(name=KEYS, owner=USER, values=values, mark=mark_of(found), notify=notify)
    if piece.knows("token_file"):
        yield GivenToken(name=TOKEN, owner=USER, is_wanted=piece.token_file is not None, notify=notify)


def _unit(wanted: Arguments, model: str) -> str:
    """One option a line, so that a difference shows what differs."""
    command = ((f"{HOME}/bin/vllm", "serve", model), *wanted.words())
    environment = {
        "HOME": f"/var/lib/{USER}",
        "HF_HOME": f"/var/lib/{USER}/huggingface",
        "PATH": f"{HOME}/bin:/usr/local/bin:/usr/bin:/bin",
    }
    return served("vLLM", USER, command, environment, (TOKEN, KEYS))


def lacks(piece: Vllm) -> Iterator[Lack]:
    """The model, where it is said how it is to be served."""
    if piece.model_fields_set - _BESIDE and arguments(piece.model_dump()).model is None:
        yield Lack((), "model is missing.", "Add it: everything else is said of its server.")


def carries(piece: Vllm) -> Iterator[Carried]:
    """The node's Hugging Face token; it lies in the container's memory until it is used."""
    if piece.token_file:
        yield Carried(piece.token_file, GIVEN)


_BESIDE = frozenset({"version", "token_file", "is_template", "template_snapshot"})
"""What can be said without a model."""
_FIELDS = (
    "model", "served_model_name", "model_type", "port", "tensor_parallel_size", "gpu_memory_utilization",
    "max_model_len", "quantization", "trust_remote_code", "parameters", "args", "engine_config", "version",
    "start_timeout",
)  # fmt: skip
feature = Feature(
    name="vllm",
    summary="vLLM with its packages pinned, and a service that answers for the declared model.",
    scope="container",
    slice=Vllm,
    resources=resources,
    sources={
        **{name: f"container.vllm_{name}" for name in _FIELDS},
        "token_file": "host.core_paths.hf_token_file",
        "is_template": "container.is_template",
        "template_snapshot": "container.template_snapshot_name",
    },
    needs_names=True,
    siblings=frozenset({"token_file", "is_template", "template_snapshot"}),
    touches=(HOME, f"{FOLDER}/{UNIT}", "/etc/vllm", f"/var/lib/{USER}", UNIT),
    carries=carries,
    lacks=lacks,
)
