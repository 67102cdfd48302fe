"""The storages that containers use, and what stands at their mount points."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from phoenix_hypervisor.config.checks.view import Finding, Question, View, finds
from phoenix_hypervisor.config.containers import normal_path
from phoenix_hypervisor.config.site import Container
from phoenix_hypervisor.config.texts import did_you_mean, listing, shown
from phoenix_hypervisor.errors import Severity
from phoenix_hypervisor.proxmox.properties import PropertyError, parse_properties
from phoenix_hypervisor.proxmox.storage import split_volume

ALWAYS_THERE = "local"
"""The storage that Proxmox has without being told (PVE::Storage::Plugin)."""
USES = "storage_pool volumes zfs_volumes"
DECLARES = "zfs proxmox_storage_ids"


def _own_uses(view: View, container: Container) -> Iterator[tuple[str, str]]:
    """The storages that the container itself names, with the field."""
    document = view.document(container)
    if document.storage_pool is not None:
        yield document.storage_pool, "storage_pool"
    for field, volumes in (("volumes", document.volumes), ("zfs_volumes", document.zfs_volumes)):
        for index, volume in enumerate(volumes):
            yield volume.pool, f"{field}.{index}.pool"


def _tarball_storage(container: Container) -> str | None:
    parts = split_volume(container.tarball) if container.tarball else None
    return parts[0] if parts else None


@finds("storage-not-declared", fields=f"{USES} template", host=f"{DECLARES} proxmox_defaults")
def storage_not_declared(view: View) -> Iterator[Finding]:
    site = view.site
    for container in view.containers.values():
        uses = list(_own_uses(view, container))
        if (storage := _tarball_storage(container)) and container.source is None:
            uses.append((storage, "template"))
        for name, field in uses:
            if name not in site.storages and name != ALWAYS_THERE:
                problem = container.places.problem(
                    "storage-not-declared", _unknown(name), field, hint=_near(view, name)
                )
                yield _storage_question(view, name, problem)
    default = next(
        (each.storage for each in view.containers.values() if view.document(each).storage_pool is None), None
    )
    if default is not None and default not in site.storages and default != ALWAYS_THERE:
        field = "proxmox_defaults.zfs_lxc_pool"
        problem = site.places.problem("storage-not-declared", _unknown(default), field, hint=_near(view, default))
        yield _storage_question(view, default, problem)


def _unknown(name: str) -> str:
    return f"storage {shown(name)} is not declared and not on the node."


def _near(view: View, name: str) -> str:
    return did_you_mean(name, view.site.storages)


def _storage_question(view: View, name: str, problem: Finding) -> Question:
    """Without storages in the host file only the node knows which there are."""
    assert not isinstance(problem, Question)  # noqa: S101
    return Question("storage", name, unasked=problem if view.site.storages else None, no=problem)


@finds("storage-without-rootdir", fields=USES, host=f"{DECLARES} proxmox_defaults")
def storage_without_rootdir(view: View) -> Iterator[Finding]:
    """One problem per container, at the first field that names such a storage."""
    for container in view.containers.values():
        uses = list(_own_uses(view, container))
        if view.document(container).storage_pool is None and container.storage is not None:
            uses.append((container.storage, ""))
        wrong = [(name, field) for name, field in uses if _lacks(view, name, "rootdir")]
        if wrong:
            names = listing(dict.fromkeys(shown(name) for name, _ in wrong))
            message = f"{container.ctid} keeps volumes on {names}, which does not hold rootdir content."
            hint = "Add rootdir to its proxmox_content_type, or take another storage."
            yield container.places.problem("storage-without-rootdir", message, wrong[0][1], hint=hint)


@finds("storage-without-vztmpl", fields="template", host=DECLARES)
def storage_without_vztmpl(view: View) -> Iterator[Finding]:
    """One problem per tarball, at the first container that names it."""
    told: set[str] = set()
    for container in view.containers.values():
        storage = _tarball_storage(container)
        if storage is None or container.tarball in told or not _lacks(view, storage, "vztmpl"):
            continue
        told.add(str(container.tarball))
        message = f"the tarball is to lie on {shown(storage)}, which does not hold vztmpl content."
        hint = "Add vztmpl to its proxmox_content_type, or take another storage."
        yield container.places.problem("storage-without-vztmpl", message, "template", hint=hint)


def _lacks(view: View, name: str, content: str) -> bool:
    storage = view.site.storages.get(name)
    return storage is not None and content not in storage.content


def bind_options(container: Container) -> Iterator[tuple[str, str, str]]:
    """The ``mpN`` that ``pct_options`` ask for: key, what is mounted, where."""
    for key, text in container.options.items():
        if re.fullmatch(r"mp[0-9]+", key):
            try:
                properties = parse_properties(text, default_key="volume")
            except PropertyError:
                continue
            if "mp" in properties:
                yield key, properties.get("volume", ""), normal_path(properties["mp"])


@finds(
    "duplicate-mount-point",
    fields="volumes zfs_volumes mount_points pct_options",
    host="shared_volumes",
)
def duplicate_mount_point(view: View) -> Iterator[Finding]:
    """One problem per container and mount point."""
    for container in view.containers.values():
        at: dict[str, list[tuple[str, str]]] = defaultdict(list)
        at["/"].append(("the root volume", ""))
        for what, field, path in _mounted(view, container):
            at[path].append((what, field))
        for path, mounted in at.items():
            if len(mounted) > 1:
                names = listing(what for what, _ in mounted)
                together = "both" if len(mounted) == 2 else "all"
                message = f"{names} are {together} to stand at {shown(path)} of {container.ctid}."
                field = next((field for _, field in reversed(mounted) if field), "")
                hint = "Give each its own place, or leave one out."
                yield container.places.problem("duplicate-mount-point", message, field, hint=hint)


def _mounted(view: View, container: Container) -> Iterator[tuple[str, str, str]]:
    """What is mounted: its description, the container's field that says so, the place."""
    document = view.document(container)
    for field, volumes in (("volumes", document.volumes), ("zfs_volumes", document.zfs_volumes)):
        for index, volume in enumerate(volumes):
            yield f"the volume {shown(volume.name)}", f"{field}.{index}.mount_point", normal_path(volume.mount_point)
    for index, mount in enumerate(document.mount_points):
        yield (
            f"the folder {shown(mount.host_path)}",
            f"mount_points.{index}.container_path",
            normal_path(mount.container_path),
        )
    for key, volume_id, path in bind_options(container):
        yield f"{key} ({shown(volume_id)})", "pct_options", path
    for shared in container.mounts:
        if shared.shared is not None:
            yield f"the shared volume {shown(shared.shared)}", "", shared.container_path


@finds("bind-mount-blocks-snapshot", fields="pct_options is_template template_snapshot_name")
def bind_mount_blocks_snapshot(view: View) -> Iterator[Finding]:
    sources = {container.source for container in view.site.containers.values()}
    for container in view.containers.values():
        binds = [key for key, volume, _ in bind_options(container) if volume.startswith("/")]
        if binds:
            template = container.is_template or container.ctid in sources
            what = "neither be snapshotted nor cloned" if template else "not be snapshotted"
            message = f"with the bind mount {listing(binds)}, {container.ctid} can {what}."
            hint = "Use mount_points, which block neither."
            severity: Severity = "error" if template else "warning"
            yield container.places.problem(
                "bind-mount-blocks-snapshot", message, "pct_options", hint=hint, severity=severity
            )
