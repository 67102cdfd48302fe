"""``hypervisor_config.json``: the older name and shape of the host document."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from phoenix_hypervisor.documents.host import HostDocument, Version
from phoenix_hypervisor.documents.shares import Nfs, NfsExport
from phoenix_hypervisor.documents.types import Many, Model, Url
from phoenix_hypervisor.documents.zfs import OlderZfs


class OlderNvidia(Model):
    """The NVIDIA driver."""

    driver_version: Version | None = Field(None, description="The exact version.", examples=["580.76.05"])
    runfile_url: Url | None = Field(None, description="Where its installer is.")


class OlderNfs(Nfs):
    """What NFS serves."""

    shares: Many[NfsExport] = Field((), description="The exports.")

    @model_validator(mode="after")
    def _one_spelling(self) -> Self:
        if self.shares and self.exports:
            raise PydanticCustomError("alias-conflict", "shares and exports are the same thing; only one can stand")
        return self


class OlderDocument(HostDocument):
    """The host in the older shape; what the newer one has beside it is taken as well."""

    nvidia: OlderNvidia | None = Field(None, description="The NVIDIA driver.")
    zfs: OlderZfs | None = Field(None, description="Pools, datasets and the limit of the ARC.")  # type: ignore[assignment]
    nfs: OlderNfs | None = Field(None, description="What NFS serves.")

    @model_validator(mode="after")
    def _one_spelling(self) -> Self:
        if self.nvidia is not None and self.nvidia_driver is not None:
            raise PydanticCustomError(
                "alias-conflict", "nvidia and nvidia_driver are the same thing; only one can stand"
            )
        return self
