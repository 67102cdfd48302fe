"""The host document, ``phoenix_hypervisor_config.json``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from phoenix_hypervisor.documents.accounts import (
    AdminName,
    GroupName,
    PublicKeys,
    PvePath,
    PveRole,
)
from phoenix_hypervisor.documents.parts import Cloning, FirewallRule, Network, network_text
from phoenix_hypervisor.documents.secrets import Secret
from phoenix_hypervisor.documents.shares import Nfs, Samba
from phoenix_hypervisor.documents.types import (
    Address,
    Addresses,
    AddressPrefix,
    DatasetName,
    Flag,
    HostPath,
    Interface,
    Line,
    LocaleName,
    Many,
    Matching,
    Model,
    Name,
    OrString,
    Port,
    Url,
    Word,
    number_text,
)
from phoenix_hypervisor.documents.types import Network as Subnet
from phoenix_hypervisor.documents.zfs import Zfs

Policy = Literal["ACCEPT", "DROP", "REJECT"]
DomainName = Annotated[
    str, Matching(r"(?!-)[A-Za-z0-9\-]{1,63}(?:\.(?!-)[A-Za-z0-9\-]{1,63})*", "it does not look like a domain name")
]
Timezone = Annotated[
    str, Matching(r"[A-Za-z][A-Za-z0-9_+\-]*(?:/[A-Za-z0-9_+\-]+)*", "it does not look like a time zone")
]
StorageAliases = dict[Line, str]


class CorePaths(Model):
    """Where things lie on the node."""

    lxc_config_file: HostPath | None = Field(
        None, description="The container document; counts at the default place only."
    )
    lxc_config_schema_file: HostPath | None = Field(None, description="Of the seeds; nothing reads it.")
    hf_token_file: HostPath | None = Field(None, description="File with the Hugging Face token.")
    docker_token_file: HostPath | None = Field(
        None, description="File with the registry's login: USER:TOKEN. Templates get none, their clones with docker do."
    )
    docker_images_path: HostPath | None = Field(None, description="Of the seeds; nothing reads it.")
    hypervisor_marker_dir: HostPath | None = Field(None, description="Of the seeds; nothing reads it.")
    hypervisor_marker: HostPath | None = Field(None, description="Of the seeds; nothing reads it.")


class Users(Model):
    """The admin user."""

    username: AdminName = Field(description="The Linux user.", examples=["phoenix_admin"])
    password_hash: Secret | None = Field(None, description="Its password hash; NOT_SET or nothing: none.")
    sudo_access: bool | None = Field(None, description="Whether it may use sudo, with its password.")
    ssh_public_key: PublicKeys = Field((), description="Lines for its authorized keys, one or a list.")
    shell: HostPath = Field("/bin/bash", description="Its login shell.")
    groups: Many[GroupName] = Field(
        (), description="Groups that it is in, made where they are not there.", examples=[["adm"]]
    )
    pve_role: PveRole = Field("PVEAdmin", description="Its role in Proxmox; an empty text: no Proxmox user.")
    pve_path: PvePath = Field("/", description="On which path of Proxmox it has the role.")


class HostInterface(Model):
    """The node's own bridge."""

    name: Interface = Field(description="The bridge.", examples=["vmbr0"])
    address: AddressPrefix = Field(description="Its address.", examples=["10.0.0.13/24"])
    gateway: Address | None = Field(None, description="Its gateway.", examples=["10.0.0.1"])
    dns_nameservers: Addresses = Field((), description="Its name servers.", examples=["8.8.8.8"])


class HostNetwork(Model):
    """Addresses that host and containers share."""

    external_registry_url: Word | None = Field(
        None, description="The Docker registry to log in at.", examples=["docker.io/example"]
    )
    portainer_server_ip: Address | None = Field(
        None, description="Where Portainer's server is; without it, in the container of that role."
    )
    portainer_server_port: Port | None = Field(None, description="Its port; default 9443.", examples=[9443])
    portainer_agent_port: Port | None = Field(
        None, description="The port of its agents; default 9001.", examples=[9001]
    )
    interfaces: HostInterface | None = Field(None, description="The node's own bridge; changed only where it differs.")
    default_subnet: Subnet | None = Field(
        None, description="Whom exports without clients are for.", examples=["10.0.0.0/24"]
    )
    nfs_server: Address | None = Field(None, description="Where NFS storages are served from.")
    fallback_dns: Addresses = Field((), description="Name servers to fall back to.")


DockerVersion = Annotated[
    str,
    Matching(
        r"(?:[0-9]+:)?[0-9][A-Za-z0-9.+~\-]*", "it must be a version such as 28.5.1, or a package's such as 5:28.5.1-1"
    ),
]


class Docker(Model):
    """Docker in containers, and the images that they run."""

    source: Literal["distribution", "docker"] = Field(
        "distribution", description="Whose packages: the distribution's, or Docker's own."
    )
    version: DockerVersion | None = Field(
        None, description="The engine's version; without one, whatever the packages have.", examples=["28.5.1"]
    )
    portainer_server_image: Word | None = Field(
        None, description="Image of the server.", examples=["portainer/portainer-ce:2.21.0"]
    )
    portainer_agent_image: Word | None = Field(
        None, description="Image of the agent.", examples=["portainer/agent:2.21.0"]
    )
    portainer_admin_password: Secret | None = Field(
        None, description="Password of Portainer's user admin; taken at the server's first start, never changed."
    )
    portainer_agent_secret: Secret | None = Field(
        None, description="What server and agents share (AGENT_SECRET), so that an agent answers no other server."
    )


class LxcDefaults(Model):
    """What containers get that do not say otherwise."""

    cores: int | None = Field(None, ge=1, le=8192, description="CPU cores.", examples=[2])
    memory_mb: int | None = Field(None, ge=16, description="Memory in MiB.", examples=[2048])
    network_config: Annotated[Network, BeforeValidator(network_text), OrString()] | None = Field(
        None,
        description="Network, as an object or as ip/cidr,gateway,dns.",
        examples=["10.0.0.110/24,10.0.0.1,8.8.8.8"],
    )
    features: Line | None = Field(None, description="Features of pct.", examples=["nesting=1"])
    security: Name | None = Field(None, description="AppArmor profile; default: Proxmox's own.")
    nesting: Flag | None = Field(None, description="Whether containers may nest.")
    cloning: Cloning | None = Field(None, description="How containers are cloned.")


class ProxmoxDefaults(Model):
    """What containers get that do not say otherwise."""

    zfs_lxc_pool: DatasetName | None = Field(
        None, description="Dataset whose storage holds the containers.", examples=["tank/lxc-disks"]
    )
    lxc: LxcDefaults = Field(default_factory=LxcDefaults, description="Defaults of containers.")


Version = Annotated[str, Matching(r"[0-9]+(?:\.[0-9]+){1,3}", "it must be a version such as 580.76.05")]


class NvidiaDriver(Model):
    """The NVIDIA driver of node and containers."""

    install: bool | None = Field(None, description="Whether the node gets it.")
    version: Version | None = Field(None, description="The exact version.", examples=["580.76.05"])
    runfile_url: Url | None = Field(None, description="Where its installer is.")
    runfile_sha256: Annotated[str, Matching("[0-9a-fA-F]{64}", "a SHA-256 has 64 hexadecimal digits")] | None = Field(
        None, description="SHA-256 of the installer."
    )
    cuda_version: Version | None = Field(
        None, description="The CUDA toolkit that containers with GPUs get, from nvidia_repo_url.", examples=["12.8"]
    )
    install_vllm_libs: bool | None = Field(None, description="Whether the node gets the libraries for vLLM.")


class Behavior(Model):
    """How Phoenix behaves."""

    rollback_on_failure: bool | None = Field(None, description="Whether a failed container is put back.")
    debug_mode: bool | None = Field(None, description="Whether the journal is verbose.")


class HostFirewall(Model):
    """The firewall of the datacenter."""

    enabled: bool | None = Field(None, description="Whether it is on.")
    default_input_policy: Policy | None = Field(None, description="What happens to packets that no rule names.")
    default_output_policy: Policy | None = Field(None, description="The same, outwards.")
    global_firewall_rules: Many[FirewallRule] = Field((), description="Rules for all.")


def _mounts(value: Any) -> Any:
    return {number_text(key): each for key, each in value.items()} if isinstance(value, dict) else value


class SharedVolume(Model):
    """A folder of the node that several containers see."""

    host_path: HostPath = Field(description="The folder on the node.", examples=["/mnt/pve/tank/media"])
    mounts: Annotated[
        dict[int, HostPath],
        BeforeValidator(_mounts),
        WithJsonSchema(
            {"type": "object", "patternProperties": {"^[0-9]+$": {"type": "string"}}, "additionalProperties": False}
        ),
    ] = Field(default_factory=dict, description="CTID to the place in that container.", examples=[{"910": "/media"}])


class SharedVolumes(Model):
    """Folders by name. A firewall that stands here by mistake is read as such, with a warning."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, SharedVolume]
    firewall: HostFirewall | None = Field(None, description="Belongs to the top of the document.")

    @property
    def volumes(self) -> dict[str, SharedVolume]:
        return self.__pydantic_extra__ or {}


class HostDocument(Model):
    """The host: storage, network, users, shares, and what containers get that do not say otherwise."""

    schema_: Line | None = Field(None, alias="$schema", description="Where the JSON Schema is; for editors.")
    version: Line | None = Field(None, description="Version of the document; for people.")
    author: Line | None = Field(None, description="Its author; for people.")
    timezone: Timezone | None = Field(None, description="The node's time zone.", examples=["Europe/Berlin"])
    locale: LocaleName | None = Field(
        None,
        description="The locale (LANG) of containers with base_setup; without one each keeps its own.",
        examples=["en_US.UTF-8"],
    )
    domain_name: DomainName | None = Field(None, description="The node's domain.", examples=["lab.example"])
    repository: Literal["auto", "no-subscription", "enterprise"] = Field(
        "auto",
        description="Which of Proxmox VE's repositories the node uses; auto: no-subscription, or those that are there "
        "where the node has an active subscription.",
    )
    core_paths: CorePaths = Field(default_factory=CorePaths, description="Where things lie on the node.")
    users: Users | None = Field(None, description="The admin user.")
    network: HostNetwork = Field(default_factory=HostNetwork, description="Addresses that host and containers share.")
    docker: Docker = Field(default_factory=Docker, description="Docker in containers, and their images.")
    nfs: Nfs | None = Field(None, description="What NFS serves.")
    samba: Samba | None = Field(None, description="What Samba serves.")
    zfs: Zfs | None = Field(None, description="Pools, datasets and the limit of the ARC.")
    proxmox_storage_ids: StorageAliases = Field(
        default_factory=dict, description="Storage ids by POOL_DATASET.", examples=[{"tank_lxc_disks": "tank-lxc"}]
    )
    mount_point_base: HostPath | None = Field(
        None, description="Below which datasets are mounted.", examples=["/mnt/pve"]
    )
    proxmox_defaults: ProxmoxDefaults = Field(default_factory=ProxmoxDefaults, description="Defaults of containers.")
    nvidia_driver: NvidiaDriver | None = Field(None, description="The NVIDIA driver.")
    behavior: Behavior = Field(default_factory=Behavior, description="How Phoenix behaves.")
    shared_volumes: SharedVolumes = Field(default_factory=SharedVolumes, description="Folders that containers share.")
    firewall: HostFirewall | None = Field(None, description="The firewall of the datacenter.")
    vms: Many[dict[str, Any]] = Field((), description="Virtual machines; nothing reads them.")
    vm_defaults: dict[str, Any] | None = Field(None, description="Defaults of virtual machines; nothing reads them.")
