"""Small configurations for tests: documents as dicts, loaded from a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from phoenix_hypervisor.config.load import HOST_FILE, LXC_FILE, Loaded, load

TARBALL = "local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst"
Json = dict[str, Any]


def container(name: str, /, **fields: Any) -> Json:
    """A container that has nothing wrong with it but what ``fields`` say."""
    return {"name": name, "unprivileged": True, **fields}


def template(name: str, /, **fields: Any) -> Json:
    """A template that is created from a tarball."""
    created = {"template": TARBALL, "storage_pool": "tank-lxc", "storage_size_gb": 8, "is_template": True}
    return container(name, **{**created, **fields})


def lxc(configs: dict[int | str, Json] | None = None, **fields: Any) -> Json:
    """The container document."""
    return {"lxc_configs": {str(ctid): document for ctid, document in (configs or {}).items()}, **fields}


def zfs(*datasets: Json, pools: tuple[str, ...] = ("tank",)) -> Json:
    """The zfs part of the host document; a dataset ``lxc`` for containers is always there."""
    own = {"name": "lxc", "pool": "tank", "proxmox_storage_type": "zfspool", "proxmox_content_type": "rootdir"}
    return {"pools": [{"name": name} for name in pools], "datasets": [own, *datasets]}


BASE_HOST: Json = {"zfs": zfs()}


def place(folder: Path, host: Json | str | bytes | None = None, containers: Json | str | bytes | None = None) -> Path:
    """The documents as files in a folder; None is absent."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in ((HOST_FILE, host), (LXC_FILE, containers)):
        if isinstance(content, dict):
            content = json.dumps(content, indent=2)
        if isinstance(content, str):
            content = content.encode("utf-8", "surrogatepass")
        if content is not None:
            (folder / name).write_bytes(content)
    return folder


def loaded(
    folder: Path, host: Json | str | bytes | None = None, containers: Json | str | bytes | None = None
) -> Loaded:
    return load(place(folder, host, containers))


def codes(found: Loaded, severity: str | None = None) -> list[str]:
    """The codes of the problems, sorted; of one severity."""
    return sorted(each.code for each in found.problems if severity in (None, each.severity))
