"""The ``nfs`` and ``samba`` parts of the host document: folders that others may use."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from phoenix_hypervisor.documents.accounts import AccountName, AdminName, FolderMode
from phoenix_hypervisor.documents.secrets import Secret
from phoenix_hypervisor.documents.types import (
    Client,
    Many,
    Matching,
    Model,
    Name,
    SharePath,
    UserName,
    one_or_list,
    words,
)

ExportOption = Annotated[
    str, Matching(r"[a-z][A-Za-z0-9_]*(?:=[A-Za-z0-9_.:/+\-]+)?", "it does not look like an option of exports(5)")
]
ExportOptions = Annotated[tuple[ExportOption, ...], BeforeValidator(words), one_or_list({"type": "string"})]
ShareOptions = Annotated[
    str, Matching(r"[A-Za-z][^\x00-\x1f\x7f\[\];#]*", "it does not look like options of smb.conf(5)")
]


class NfsExport(Model):
    """A folder that NFS serves."""

    path: SharePath = Field(description="Dataset or absolute path.", examples=["tank/media"])
    clients: Many[Client] = Field((), description="For whom; without any: network.default_subnet.")
    options: ExportOptions = Field((), description="Options of exports(5).", examples=[["rw", "sync"]])
    owner: AccountName | None = Field(None, description="Owner of the folder; without one it keeps its own.")
    group: AccountName | None = Field(None, description="Group of the folder; without one it keeps its own.")
    mode: FolderMode | None = Field(None, description="Mode of the folder; without one it keeps its own.")


class Nfs(Model):
    """What NFS serves."""

    exports: Many[NfsExport] = Field((), description="The exports.")


class SambaShare(Model):
    """A folder that Samba serves."""

    name: Name | None = Field(None, description="Name of the share; without one, the last part of the path.")
    path: SharePath = Field(description="Dataset or absolute path.", examples=["tank/media"])
    options: ShareOptions | None = Field(
        None, description="Options of smb.conf(5).", examples=["browseable=yes writable=yes"]
    )
    valid_users: Many[UserName] = Field((), description="Who may use it; without any, the Samba user.")
    owner: AccountName | None = Field(None, description="Owner of the folder; without one it keeps its own.")
    group: AccountName | None = Field(None, description="Group of the folder; without one it keeps its own.")
    mode: FolderMode | None = Field(None, description="Mode of the folder; without one it keeps its own.")


class Samba(Model):
    """What Samba serves, and to whom."""

    user: AdminName | None = Field(None, description="The Samba user; made as one without login where it is not there.")
    password: Secret | None = Field(None, description="The Samba user's password.")
    shares: Many[SambaShare] = Field((), description="The shares.")
