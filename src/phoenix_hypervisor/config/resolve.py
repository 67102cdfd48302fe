"""Documents to Site: spellings resolved, defaults filled in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from phoenix_hypervisor.config.containers import Builder, with_inherited_needs
from phoenix_hypervisor.config.portainer import with_servers
from phoenix_hypervisor.config.scripts import own_features, script_folders, setup_scripts
from phoenix_hypervisor.config.site import Nvidia, Places, Site
from phoenix_hypervisor.config.source import Source
from phoenix_hypervisor.config.storages import declared_storages
from phoenix_hypervisor.documents import HostDocument, LxcDocument
from phoenix_hypervisor.features.registry import container_feature_names
from phoenix_hypervisor.proxmox.names import check_ctid


@dataclass(frozen=True)
class Documents:
    """Both documents with their sources; a document that is absent is empty."""

    etc: Path
    host: HostDocument
    lxc: LxcDocument
    host_source: Source
    lxc_source: Source
    files: tuple[str, ...]
    has_host: bool = True


def resolve(documents: Documents) -> Site:
    """The site that the documents declare; keys of ``lxc_configs`` that are no CTID are left out."""
    host, lxc = documents.host, documents.lxc
    folders = script_folders(documents.etc)
    builder = Builder(host, documents.lxc_source, setup_scripts(folders))
    found = [
        builder.build(ctid, key, document)
        for key, document in lxc.lxc_configs.items()
        if (ctid := as_ctid(key)) is not None
    ]
    ordered = sorted(found, key=lambda container: container.ctid)
    own = own_features(documents.etc)
    return Site(
        etc=documents.etc,
        host=host,
        places=Places(documents.host_source),
        lxc_places=Places(documents.lxc_source),
        containers=with_servers(with_inherited_needs(ordered), host.network.portainer_server_ip),
        nvidia=_nvidia(host, lxc),
        storages=declared_storages(host),
        shared_volumes=host.shared_volumes.volumes,
        firewall=host.firewall or host.shared_volumes.firewall,
        files=documents.files,
        feature_names=container_feature_names() | own.found.keys(),
        own_features=own,
        script_folders=folders,
        has_host=documents.has_host,
    )


def as_ctid(key: str) -> int | None:
    """A key of ``lxc_configs`` as a CTID; None when it is none."""
    if not re.fullmatch(r"[1-9][0-9]{0,17}", key):
        return None
    return int(key) if check_ctid(int(key)) is None else None


def _nvidia(host: HostDocument, lxc: LxcDocument) -> Nvidia:
    driver = host.nvidia_driver
    return Nvidia(
        version=(driver.version if driver else None) or lxc.nvidia_driver_version,
        runfile_url=(driver.runfile_url if driver else None) or lxc.nvidia_runfile_url,
        repo_url=lxc.nvidia_repo_url,
        runfile_sha256=driver.runfile_sha256 if driver else None,
        cuda_version=driver.cuda_version if driver else None,
        install=driver is None or driver.install is not False,
    )
