"""What containers share with the node, and with one another: ids, folders, names of volumes, ways of being cloned."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise

from phoenix_hypervisor.config.checks.view import Finding, View, finds
from phoenix_hypervisor.config.site import Container
from phoenix_hypervisor.config.texts import listing, shown


@finds("id-maps-overlap", fields="id_maps")
def id_maps_overlap(view: View) -> Iterator[Finding]:
    """One problem per container: an id has one meaning on either side."""
    for container in view.containers.values():
        for kind in ("u", "g"):
            maps = [each for each in container.id_maps if each.type in (kind, "both")]
            inside = [(each.container_id, each.size) for each in maps]
            outside = [(each.host_id, each.size) for each in maps]
            if _overlap(inside) or _overlap(outside):
                what = "users" if kind == "u" else "groups"
                message = f"the id maps of {container.ctid} overlap: some ids of {what} are mapped twice."
                hint = "Give each range ids of its own, in the container and on the node."
                yield container.places.problem("id-maps-overlap", message, "id_maps", hint=hint)
                break


def _overlap(ranges: list[tuple[int, int]]) -> bool:
    return any(first + size > second for (first, size), (second, _) in pairwise(sorted(ranges)))


@finds("duplicate-volume-name", fields="volumes zfs_volumes")
def duplicate_volume_name(view: View) -> Iterator[Finding]:
    """Volumes are known by their names."""
    for container in view.containers.values():
        for name, count in Counter(volume.name for volume in container.volumes).items():
            if count > 1:
                message = f"{count} volumes of {container.ctid} are called {shown(name)}."
                hint = "Give each a name of its own."
                yield container.places.problem("duplicate-volume-name", message, "volumes", hint=hint)


@finds("mount-owner-conflict", fields="mount_points unprivileged id_maps")
def mount_owner_conflict(view: View) -> Iterator[Finding]:
    """A folder of the node has one owner, whoever mounts it."""
    wanted: dict[str, dict[tuple[object, ...], list[Container]]] = defaultdict(lambda: defaultdict(list))
    for container in view.containers.values():
        for mount in container.mounts:
            if mount.owner_uid is not None or mount.owner_gid is not None:
                owner = (mount.owner_uid, mount.owner_gid, container.unprivileged, container.id_maps)
                wanted[mount.host_path][owner].append(container)
    for path, owners in wanted.items():
        if len(owners) > 1:
            concerned = [container for containers in owners.values() for container in containers]
            message = f"{listing([each.ctid for each in concerned])} give {shown(path)} different owners on the node."
            hint = "Declare the same owner for all of them, or for one only."
            yield concerned[-1].places.problem("mount-owner-conflict", message, "mount_points", hint=hint)


@finds("cloning-conflict", fields="cloning clone_from_ctid clone_from_template_ctid")
def cloning_conflict(view: View) -> Iterator[Finding]:
    """A template of Proxmox's takes no snapshots: its clones cannot be made natively and by snapshot."""
    ways: dict[int, dict[str, list[Container]]] = defaultdict(lambda: defaultdict(list))
    for container in view.containers.values():
        if container.source is not None and container.cloning is not None:
            ways[container.source][container.cloning].append(container)
    for source, found in ways.items():
        if found["native"] and found["snapshot"]:
            native, snapshot = (listing([each.ctid for each in found[way]]) for way in ("native", "snapshot"))
            message = f"{source} is to be cloned natively by {native} and by snapshot by {snapshot}."
            hint = 'Give all its clones the same "cloning"; "full" goes with both.'
            yield found["native"][0].places.problem("cloning-conflict", message, "cloning", hint=hint)
