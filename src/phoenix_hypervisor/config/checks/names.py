"""What Proxmox takes as an id or a name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from phoenix_hypervisor.config.checks.view import Finding, View, finds
from phoenix_hypervisor.config.resolve import as_ctid
from phoenix_hypervisor.config.storages import alias_key
from phoenix_hypervisor.config.texts import listing, shown
from phoenix_hypervisor.proxmox import names


@finds("ctid-out-of-range")
def ctid_out_of_range(view: View) -> Iterator[Finding]:
    """Keys of ``lxc_configs`` that are no CTID."""
    for key in _keys(view):
        if as_ctid(key) is None:
            hint = f"Write {int(key)}." if re.fullmatch(r"0[0-9]{2,8}", key) else "Take one from 100 to 999999999."
            message = f"{shown(key)} is no CTID: a CTID is a number from 100 to 999999999."
            source = view.documents.lxc_source
            yield source.problem("ctid-out-of-range", message, ("lxc_configs", key), hint=hint, key=True)


def _keys(view: View) -> list[str]:
    configs = (view.documents.lxc_source.data or {}).get("lxc_configs")
    return list(configs) if isinstance(configs, dict) else []


@finds("bad-hostname", fields="name")
def bad_hostname(view: View) -> Iterator[Finding]:
    for container in view.containers.values():
        if reason := names.check_hostname(container.name):
            message = f"{shown(container.name)} cannot be a host name: {reason}."
            yield container.places.problem("bad-hostname", message, "name", hint=_better_name(container.name))


def _better_name(name: str) -> str:
    better = re.sub(r"[^A-Za-z0-9.\-]+", "-", name).strip("-.")
    return f"Such as {shown(better)}." if better and names.check_hostname(better) is None else ""


@finds("bad-snapshot-name", fields="template_snapshot_name is_template")
def bad_snapshot_name(view: View) -> Iterator[Finding]:
    for container in view.containers.values():
        if container.snapshot is not None and (reason := names.check_snapshot(container.snapshot)):
            message = f"{shown(container.snapshot)} cannot be a snapshot's name: {reason}."
            yield container.places.problem("bad-snapshot-name", message, "template_snapshot_name")


@finds("bad-storage-id", fields="storage_pool volumes zfs_volumes", host="zfs proxmox_storage_ids")
def bad_storage_id(view: View) -> Iterator[Finding]:
    for container in view.containers.values():
        if (declared := view.document(container).storage_pool) is not None and names.check_storage_id(declared):
            yield container.places.problem("bad-storage-id", _storage_text(declared), "storage_pool")
        for field, volumes in (
            ("volumes", view.document(container).volumes),
            ("zfs_volumes", view.document(container).zfs_volumes),
        ):
            for index, volume in enumerate(volumes):
                if names.check_storage_id(volume.pool):
                    yield container.places.problem(
                        "bad-storage-id", _storage_text(volume.pool), f"{field}.{index}.pool"
                    )
    yield from _bad_host_ids(view)


def _bad_host_ids(view: View) -> Iterator[Finding]:
    site = view.site
    for key, name in site.host.proxmox_storage_ids.items():
        if names.check_storage_id(name):
            yield site.places.source.problem("bad-storage-id", _storage_text(name), ("proxmox_storage_ids", key))
    for storage in site.storages.values():
        dataset = site.host.zfs.datasets[storage.index] if site.host.zfs else None
        if dataset and alias_key(dataset) not in site.host.proxmox_storage_ids and names.check_storage_id(storage.id):
            hint = f"Name its storage in proxmox_storage_ids, under {shown(alias_key(dataset))}."
            yield site.places.problem(
                "bad-storage-id", _storage_text(storage.id), f"zfs.datasets.{storage.index}.name", hint=hint
            )


def _storage_text(name: str) -> str:
    return f"{shown(name)} cannot be a storage's id: {names.check_storage_id(name)}."


@finds("duplicate-name", fields="name")
def duplicate_name(view: View) -> Iterator[Finding]:
    by_name: dict[str, list[int]] = defaultdict(list)
    for container in view.containers.values():
        by_name[container.name.lower()].append(container.ctid)
    for container in view.containers.values():
        others = [ctid for ctid in by_name[container.name.lower()] if ctid != container.ctid]
        if others:
            message = f"{listing(others)} is called {shown(container.name)} as well."
            hint = "As a target only the CTID is unambiguous."
            yield container.places.problem("duplicate-name", message, "name", hint=hint, severity="warning")
