"""One container of ``phoenix_lxc_configs.json``, and the document itself."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from phoenix_hypervisor.documents import types
from phoenix_hypervisor.documents.parts import (
    Cloning,
    ContainerFirewall,
    HealthCheck,
    IdMap,
    IntegrationTests,
    MountPoint,
    Network,
    Volume,
    check_plain_ip,
    network_text,
)
from phoenix_hypervisor.documents.types import (
    Count,
    Ctid,
    HostPath,
    Line,
    Mac,
    Many,
    Matching,
    Model,
    Name,
    OrString,
    Port,
    ScriptName,
    Url,
    Word,
    judged,
)


def _spelling(value: Any) -> str | None:
    return "string" if isinstance(value, str) else "list" if isinstance(value, list | tuple) else None


Features = Annotated[
    Annotated[Line, Tag("string")] | Annotated[Many[Line], Tag("list")],
    Discriminator(
        _spelling,
        custom_error_type="type",
        custom_error_message="it must be a list of names or a string such as nesting=1",
    ),
]


def _gpus(text: str) -> str:
    """``none``, or indices between commas; spaces are taken, and warned about."""
    if text.strip(" ") in ("", "none"):
        return text
    parts = [part.strip(" ") for part in text.split(",")]
    if not all(re.fullmatch(r"[0-9]{1,2}", part) for part in parts):
        raise PydanticCustomError("value", "it must be none or GPU numbers, as 0,1")
    if len(set(map(int, parts))) < len(parts):
        raise PydanticCustomError("value", "a GPU stands twice")
    return text


def _pair(text: str) -> str | None:
    fine = re.fullmatch(r"[a-z][a-z_]*[0-9]*=[^\x00-\x1f\x7f]*", text)
    return None if fine else "it must be an option of pct set, as nesting=1 or protection=1"


def _raw(text: str) -> str | None:
    fine = re.fullmatch(r"lxc\.[a-z0-9_.\-]+\s*[=:]\s*[^\x00-\x1f\x7f]*", text)
    return None if fine else "it must be a line of lxc.container.conf(5), as lxc.environment = A=b"


def _published(text: str) -> str | None:
    match = re.fullmatch(r"([0-9]{1,5})(?::([0-9]{1,5}))?(?:/(?:tcp|udp))?", text)
    fine = match and all(1 <= int(part) <= 65535 for part in match.groups() if part)
    return None if fine else "it must be a port or two, as 8080 or 8080:80"


PublishedPort = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if isinstance(value, int) and not isinstance(value, bool) else value),
    judged(_published),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": 65535}, {"type": "string"}]}),
]


class ContainerDocument(Model):
    """One container or template."""

    name: str = Field(description="Host name.", examples=["web"])
    memory_mb: int | None = Field(None, ge=16, le=1 << 30, description="Memory in MiB.", examples=[2048])
    swap_mb: int | None = Field(None, ge=0, le=1 << 30, description="Swap in MiB.", examples=[512])
    cores: int | None = Field(None, ge=1, le=8192, description="CPU cores.", examples=[2])
    template: Annotated[str, AfterValidator(lambda text: _tarball(text))] | None = Field(
        None,
        description="OS tarball: volume id or path on the node.",
        examples=["local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst"],
    )
    storage_pool: str | None = Field(None, description="The Proxmox storage.", examples=["tank-lxc-disks"])
    storage_size_gb: int | None = Field(
        None, ge=1, le=1 << 20, description="Size of the root volume in GiB.", examples=[32]
    )
    network_config: Annotated[Network, BeforeValidator(network_text), OrString()] | None = Field(
        None, description="Network, as an object or as ip/cidr,gateway,dns."
    )
    static_ip: Annotated[str, judged(check_plain_ip)] | None = Field(
        None, description="Of an older generation: the address once more."
    )
    mac_address: Mac | None = Field(None, description="MAC address.", examples=["52:54:00:AA:BB:CC"])
    unprivileged: bool | None = Field(None, description="Whether root inside is nobody outside; default true.")
    features: Features | None = Field(
        None,
        description="Names of Phoenix's features, or a string of pct's.",
        examples=[["base_setup", "docker"], "nesting=1,keyctl=1"],
    )
    feature_config: dict[str, dict[str, Any]] | None = Field(
        None,
        description="Name of a feature of one's own (features.d) to its settings.",
        examples=[{"greeting": {"text": "Welcome."}}],
    )
    pct_options: Many[Annotated[str, judged(_pair)]] = Field(
        (), description="Options of pct set.", examples=[["protection=1"]]
    )
    lxc_options: Many[Annotated[str, judged(_raw)]] = Field((), description="Lines of lxc.container.conf(5).")
    gpu_assignment: Annotated[str, AfterValidator(_gpus)] | None = Field(
        None, description="none, or GPU numbers.", examples=["0,1"]
    )
    portainer_role: Literal["server", "agent", "infrastructure", "none"] | None = Field(
        None,
        description="Role in Portainer: its server or an agent run in it; infrastructure and none ask for nothing.",
    )
    is_template: bool | None = Field(None, description="Whether others are cloned from it.")
    template_snapshot_name: str | None = Field(
        None, description="The snapshot that others are cloned from; makes it a template."
    )
    clone_from_ctid: Ctid | None = Field(None, description="The template that it is cloned from.", examples=["900"])
    clone_from_template_ctid: Ctid | None = Field(None, description="The older spelling of clone_from_ctid.")
    cloning: Cloning | None = Field(None, description="How it is cloned.")
    application_script: ScriptName | None = Field(None, description="Script that runs inside.", examples=["web.sh"])
    dependencies: Many[Ctid] = Field((), description="CTIDs that must be healthy before.", examples=[["953"]])
    start_at_boot: bool | None = Field(None, description="Whether it starts with the node, and runs.")
    boot_order: Count | None = Field(None, description="Place in the order of starting.")
    boot_delay: Count | None = Field(None, description="Seconds before the next one starts.")
    ports: Many[PublishedPort] = Field((), description="Ports that it serves.", examples=[["8080:80"]])
    tags: Many[types.Tag] = Field((), description="Tags.", examples=[["web"]])
    volumes: Many[Volume] = Field((), description="Volumes of its own.")
    zfs_volumes: Many[Volume] = Field((), description="Another spelling of volumes.")
    mount_points: Many[MountPoint] = Field((), description="Folders of the node that it sees.")
    id_maps: Many[IdMap] = Field((), description="Ids that are mapped to themselves.")
    apparmor_profile: Name | None = Field(None, description="AppArmor profile.", examples=["unconfined"])
    health_check: HealthCheck | None = Field(None, description="How to see whether it works.")
    firewall: ContainerFirewall | None = Field(None, description="Its firewall.")
    ready_timeout: float | int | None = Field(
        None, gt=0, le=86400, description="Seconds that it may take to be ready.", examples=[120]
    )
    ready_interval: float | int | None = Field(None, gt=0, le=3600, description="Seconds between looks.", examples=[5])
    vllm_model: Word | None = Field(None, description="The model.", examples=["Qwen/Qwen2.5-7B-Instruct-AWQ"])
    vllm_served_model_name: Word | None = Field(None, description="The name under which it is served.")
    vllm_model_type: Literal["chat", "completion", "embedding"] | None = Field(None, description="Kind of the model.")
    vllm_port: Port | None = Field(None, description="Its port.", examples=[8000])
    vllm_tensor_parallel_size: int | None = Field(None, ge=1, le=1024, description="GPUs that share the model.")
    vllm_gpu_memory_utilization: float | int | None = Field(None, gt=0, le=1, description="Share of the GPU's memory.")
    vllm_max_model_len: int | None = Field(None, ge=1, description="Longest context.")
    vllm_quantization: Word | None = Field(None, description="Quantization.")
    vllm_trust_remote_code: bool | None = Field(None, description="Whether the model's own code may run.")
    vllm_parameters: dict[str, Any] | None = Field(None, description="Further parameters of the engine.")
    vllm_args: Many[Line] = Field((), description="Arguments as they are.")
    vllm_engine_config: dict[str, Any] | None = Field(None, description="The engine's configuration file.")
    vllm_version: types.Release | None = Field(
        None, description="Its version; without one, the one that is installed stays.", examples=["0.11.0"]
    )
    vllm_start_timeout: int | None = Field(
        None, ge=1, le=86400, description="Seconds that it may take to answer; default 1800.", examples=[3600]
    )
    ollama_version: types.Release | None = Field(
        None, description="Ollama's version; without one, the one that is installed stays.", examples=["0.14.1"]
    )
    ollama_sha256: types.Sha256 | None = Field(None, description="SHA-256 of the archive of Ollama's that is fetched.")
    ollama_port: Port | None = Field(None, description="Its port; default 11434.", examples=[11434])
    ollama_models_path: HostPath | None = Field(
        None, description="Where in the container its models lie.", examples=["/ollama_models"]
    )
    ollama_models: Many[Word] = Field((), description="Models that it is to have.", examples=[["llama3.2:3b"]])
    llama_cpp_model: Word | None = Field(
        None,
        description="The model: a file in the container, or a repository of Hugging Face.",
        examples=["/models/qwen3-8b-q4.gguf", "ggml-org/gemma-3-4b-it-GGUF"],
    )
    llama_cpp_port: Port | None = Field(None, description="Its port; default 8080.", examples=[8080])
    llama_cpp_args: Many[Line] = Field((), description="Arguments as they are.", examples=[["--ctx-size", "8192"]])
    llama_cpp_version: types.Build | None = Field(
        None, description="llama.cpp's build; without one, the one that is installed stays.", examples=["b8133"]
    )
    llama_cpp_url: Url | None = Field(None, description="Another archive (tar.gz) of the declared build.")
    llama_cpp_sha256: types.Sha256 | None = Field(None, description="SHA-256 of the archive that is fetched.")
    tests: dict[str, Any] | None = Field(None, description="Of the seeds; nothing runs them.")
    integration_tests: IntegrationTests | None = Field(None, description="Of the seeds; nothing runs them.")
    run_integration_tests: bool | None = Field(None, description="Of the seeds; nothing reads it.")


def _tarball(text: str) -> str:
    """A volume id or a path on the node."""
    storage, colon, name = text.partition(":")
    reason = types.check_path(text)
    if colon and "/" not in storage:
        fine = re.fullmatch(r"vztmpl/[A-Za-z0-9_][A-Za-z0-9_.+~\-]*", name)
        reason = None if fine else "a tarball's volume id is STORAGE:vztmpl/FILE"
    if reason:
        raise PydanticCustomError("value", "{reason}", {"reason": reason})
    return text


class LxcDocument(Model):
    """Containers and templates by CTID."""

    schema_: Line | None = Field(None, alias="$schema", description="Where the JSON Schema is; for editors.")
    nvidia_driver_version: (
        Annotated[str, Matching(r"[0-9]+(?:\.[0-9]+){1,3}", "it must be a version such as 580.76.05")] | None
    ) = Field(None, description="The exact driver version.", examples=["580.76.05"])
    nvidia_repo_url: Url | None = Field(None, description="Where the packages of CUDA are.")
    nvidia_runfile_url: Url | None = Field(None, description="Where the driver's installer is.")
    lxc_configs: dict[str, ContainerDocument] = Field(
        default_factory=dict,
        description="CTID to container.",
        json_schema_extra={"propertyNames": {"pattern": "^[1-9][0-9]{2,8}$"}},
    )
