"""The ``zfs`` part of the host document: pools, datasets, ARC limit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from phoenix_hypervisor.documents import zfs_properties
from phoenix_hypervisor.documents.types import (
    DatasetName,
    HostPath,
    Line,
    Many,
    Matching,
    Model,
    Name,
    Pool,
    judged,
    number_or_text,
    number_text,
)

RaidLevel = Literal["single", "stripe", "mirror", "raid10", "raidz", "raidz1", "raidz2", "raidz3"]
FEWEST_DISKS: dict[str, int] = {"mirror": 2, "raid10": 4, "raidz": 2, "raidz1": 2, "raidz2": 3, "raidz3": 4}
STORAGE_TYPES = ("zfspool", "dir", "nfs", "cifs", "btrfs", "lvm", "lvmthin")
CONTENT_TYPES = ("images", "rootdir", "vztmpl", "iso", "backup", "snippets", "import")
_PROPERTY = re.compile(r"[a-z][a-z0-9_.:\-]*")
_VALUE = re.compile(r"[^\x00-\x1f\x7f,=;&|`$<>\"'\\]+")


def _properties(value: Any) -> Any:
    """``k=v,k=v`` or an object of strings and numbers, as a dict of strings."""
    if isinstance(value, str):
        pairs = [part.strip().partition("=") for part in value.split(",") if part.strip()]
        if len({key for key, _, _ in pairs}) < len(pairs):
            raise PydanticCustomError("value", "a property stands twice")
        return {key.strip(): text.strip() for key, _, text in pairs}
    if isinstance(value, dict):
        return {key: str(each) if _is_number(each) else each for key, each in value.items()}
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _judged(value: dict[str, str]) -> dict[str, str]:
    for key, text in value.items():
        fine = _PROPERTY.fullmatch(key) and _VALUE.fullmatch(text) and text.isprintable()
        if not fine or text.startswith("-") or ".." in text.split("/"):
            raise PydanticCustomError("value", "properties are pairs such as compression=lz4")
        if key.startswith("phoenix:"):
            raise PydanticCustomError("value", "properties that begin with phoenix: are Phoenix's own")
        if reason := zfs_properties.wrong(key, text):
            raise PydanticCustomError("value", "{reason}", {"reason": reason})
    return value


Properties = Annotated[
    dict[str, str],
    BeforeValidator(_properties),
    AfterValidator(_judged),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "examples": ["recordsize=128K,compression=lz4,quota=800G"]},
                {"type": "object", "additionalProperties": {"type": ["string", "number"]}},
            ]
        }
    ),
]


def _content(value: str) -> str:
    unknown = [part for part in value.split(",") if part.strip() not in CONTENT_TYPES]
    if unknown:
        raise PydanticCustomError("value", "content is a list of {known}", {"known": ", ".join(CONTENT_TYPES)})
    return ",".join(part.strip() for part in value.split(","))


def _compression(value: str) -> str | None:
    return zfs_properties.wrong("compression", value)


Compression = Annotated[Name, judged(_compression)]
Disk = Annotated[HostPath, Matching(r"/dev/.+", "it must be a device, as /dev/disk/by-id/nvme-X")]
Content = Annotated[str, AfterValidator(_content)]


class ZfsPool(Model):
    """A ZFS pool."""

    name: Pool = Field(description="Name of the pool.", examples=["tank"])
    raid_level: RaidLevel | None = Field(None, description="How the disks form the pool; one disk: single.")
    disks: Many[Disk] = Field(
        (), description="The disks, by id.", examples=[["/dev/disk/by-id/nvme-Example_SSD_1TB_S1"]]
    )
    ashift: int | None = Field(None, ge=9, le=16, description="Sector size as a power of two.", examples=[12])
    autotrim: Literal["on", "off"] | None = Field(None, description="Whether freed space is trimmed by itself.")
    compression: Compression | None = Field(
        None, description="Compression of the pool's root dataset.", examples=["lz4"]
    )


class Dataset(Model):
    """A ZFS dataset and the Proxmox storage on it."""

    name: DatasetName = Field(description="Name below the pool.", examples=["lxc-disks"])
    pool: Pool = Field(description="The pool.", examples=["tank"])
    properties: Properties = Field(default_factory=dict, description="ZFS properties, as a string or an object.")
    proxmox_storage_type: Literal["zfspool", "dir", "nfs", "cifs", "btrfs", "lvm", "lvmthin"] | None = Field(
        None, description="Type of the Proxmox storage on the dataset; without one it has no storage."
    )
    proxmox_content_type: Content | None = Field(
        None, description="What the storage holds.", examples=["rootdir", "images,rootdir"]
    )
    storage_class: Line | None = Field(None, description="A note of the kind of storage; nothing reads it.")

    @property
    def full_name(self) -> str:
        return f"{self.pool}/{self.name}"

    @property
    def content(self) -> frozenset[str]:
        return frozenset(filter(None, (self.proxmox_content_type or "").split(",")))


def own_mountpoint(dataset: Dataset, base: str | None) -> str | None:
    """The ``mountpoint`` that is to be set on a declared dataset itself; None where ZFS is to decide.

    Its own property, else its place below ``base``, the ``mount_point_base``. What holds volumes is not moved.
    """
    own = dataset.properties.get("mountpoint")
    if own is not None or base is None or dataset.proxmox_storage_type == "zfspool":
        return own
    return f"{base.rstrip('/')}/{dataset.full_name}"


def mountpoint_of(dataset: Dataset, base: str | None, declared: Iterable[Dataset]) -> str | None:
    """Where a declared dataset is mounted; None where it is not (``none``, ``legacy``).

    One without a place of its own follows the nearest of the declared datasets that it lies below.
    """
    own = own_mountpoint(dataset, base)
    if own is not None:
        return own if own.startswith("/") else None
    every = tuple(declared)
    above = [each for each in every if dataset.full_name.startswith(f"{each.full_name}/")]
    if not above:
        return f"/{dataset.full_name}"
    nearest = max(above, key=lambda each: len(each.full_name))
    place = mountpoint_of(nearest, base, every)
    return None if place is None else place.rstrip("/") + dataset.full_name.removeprefix(nearest.full_name)


def alias_key(dataset: Dataset) -> str:
    """The key of ``proxmox_storage_ids`` that names the dataset's storage (spec section 5)."""
    return f"{dataset.pool}_{dataset.name.replace('-', '_')}"


def storage_id(dataset: Dataset, aliases: Mapping[str, str]) -> str:
    """The id of the dataset's storage: the alias, exactly and case-sensitively, else ``POOL-NAME``."""
    return aliases.get(alias_key(dataset), f"{dataset.pool}-{dataset.name}")


class Zfs(Model):
    """Pools, datasets and the limit of the ARC."""

    arc_max_gb: float | int | None = Field(
        None, gt=0, le=1 << 20, description="Limit of the ARC in GiB.", examples=[32]
    )
    pools: Many[ZfsPool] = Field((), description="The pools.")
    datasets: Many[Dataset] = Field((), description="The datasets.")


class OlderDataset(Model):
    """A dataset of the older shape: its name holds the pool."""

    name: DatasetName = Field(description="Pool and dataset.", examples=["tank/lxc-disks"])
    pool: Pool | None = Field(None, description="The pool, where the name does not hold it.")
    properties: Properties = Field(default_factory=dict, description="ZFS properties, as a string or an object.")
    proxmox_storage_type: Literal["zfspool", "dir", "nfs", "cifs", "btrfs", "lvm", "lvmthin"] | None = Field(
        None, description="Type of the Proxmox storage, as in the newer shape."
    )
    proxmox_content_type: Content | None = Field(None, description="What the storage holds, as in the newer shape.")
    storage_class: Line | None = Field(None, description="A note of the kind of storage; nothing reads it.")

    @model_validator(mode="after")
    def _has_pool(self) -> Self:
        if self.pool is None and "/" not in self.name:
            raise PydanticCustomError("value", "its name must hold the pool, as tank/lxc-disks")
        return self


def _storage_type(value: str) -> str:
    kind, colon, content = value.partition(":")
    if not colon or kind not in STORAGE_TYPES:
        raise PydanticCustomError("value", "it must be a type and its content, as zfspool:rootdir")
    return f"{kind}:{_content(content)}"


class DatasetStorageType(Model):
    """The Proxmox storage on a dataset, in the older shape."""

    dataset: DatasetName = Field(description="Pool and dataset.", examples=["tank/lxc-disks"])
    storage_type: Annotated[str, AfterValidator(_storage_type)] = Field(
        description="Type and content.", examples=["zfspool:rootdir", "dir:iso,vztmpl"]
    )


class OlderZfs(Model):
    """Pools, datasets and the limit of the ARC in the older shape."""

    arc_max: (
        Annotated[
            int,
            BeforeValidator(number_text),
            Field(gt=0),
            number_or_text(1),
        ]
        | None
    ) = Field(None, description="Limit of the ARC in bytes.", examples=["32212254720"])
    arc_max_gb: float | int | None = Field(None, gt=0, le=1 << 20, description="Limit of the ARC in GiB.")
    pools: Many[ZfsPool] = Field((), description="The pools.")
    datasets: Many[OlderDataset] = Field((), description="The datasets.")
    dataset_storage_types: Many[DatasetStorageType] = Field((), description="The storages on the datasets.")

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if self.arc_max is not None and self.arc_max_gb is not None:
            raise PydanticCustomError("alias-conflict", "arc_max and arc_max_gb are the same thing; only one can stand")
        return self
