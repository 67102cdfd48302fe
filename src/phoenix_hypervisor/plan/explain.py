"""What a plan says beside its steps: what is kept although it is not as declared, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from phoenix_hypervisor.config.site import Container, Site
from phoenix_hypervisor.features.lifecycle.marks import snapshot_layers
from phoenix_hypervisor.features.lifecycle.node import Guest, Node
from phoenix_hypervisor.plan.chain import Chain, Outcome
from phoenix_hypervisor.plan.layers import Layer
from phoenix_hypervisor.plan.wanted import bind_mounts, bind_mounts_of, snapshot_names
from phoenix_hypervisor.proxmox.properties import PropertyError, parse_size
from phoenix_hypervisor.proxmox.storage import split_volume


def provenance(
    container: Container, guest: Guest, node: Node, source: int | None, outcomes: Mapping[int, Outcome]
) -> Iterator[str]:
    """What was decided when the container was made, and can only be changed by making it anew."""
    if (guest.current.get("unprivileged") == "1") != container.unprivileged:
        yield f"{container.ctid}: unprivileged cannot be changed on an existing container; it is kept as it is."
    try:
        observed = parse_size(guest.rootfs.get("size", "0"))
    except PropertyError:
        observed = 0
    if container.size_gb is not None and observed > container.size_gb << 30:
        yield f"{container.ctid}: its root file system has {observed >> 30} GB, more than declared; it never shrinks."
    storage = split_volume(guest.rootfs.get("volume", ""))
    if storage is not None and container.storage is not None and storage[0] != container.storage:
        yield f"{container.ctid}: it is on {storage[0]}, not on {container.storage} as declared; it is kept there."
    origin = node.origin_of(guest)
    declared = outcomes.get(source) if source is not None else None
    if origin and declared and declared.dataset and origin != f"{declared.dataset}@{declared.snapshot}":
        wanted = f"{source}@{declared.snapshot}"
        yield f"{container.ctid}: it is a clone of {origin}, not of {wanted} as declared; it is kept as it is."


def undeclared(site: Site, node: Node) -> Iterator[str]:
    """Containers of ours that the configuration no longer has."""
    for ctid, guest in node.guests.items():
        if guest.ours and ctid not in site.containers:
            yield f"{ctid}: it was made by Phoenix and is no longer declared; it is left as it is."


def orphans(node: Node, ctid: int, guest: Guest | None) -> Iterator[str]:
    """Volumes that carry the id and belong to no configuration, nor to anything that we left unfinished."""
    known = (*(node.own_volumes(guest) if guest else ()), *node.remains(ctid))
    strange = [name for name in node.volumes(ctid) if name not in known]
    if strange:
        yield f"{ctid}: {', '.join(strange)} belongs to no configuration; it is left as it is."


def without_snapshots(container: Container, guest: Guest | None) -> Iterator[str]:
    """Why a container gets no snapshot."""
    there = bind_mounts_of(guest.config.effective) if guest else ()
    if mounts := tuple(dict.fromkeys((*bind_mounts(container), *there))):
        yield f"{container.ctid}: no snapshot is taken, its bind mount {', '.join(mounts)} rules that out."


def kept_snapshots(chain: Chain, guest: Guest, node: Node, layers: tuple[Layer, ...]) -> Iterator[str]:
    """Snapshots that no longer hold what is declared, and the clones that hang on them (spec L14)."""
    wanted = {layer.name: layer.digest for layer in layers}
    hanging = node.clones.get(guest.dataset or "", {})
    for name in snapshot_names(chain.container):
        section = guest.config.snapshots.get(name)
        had = snapshot_layers(section.description.strip()) if section else None
        if had is None:
            continue
        stale = sorted(layer for layer, digest in wanted.items() if had.get(layer) != digest)
        if stale:
            clones = hanging.get(name, ())
            tail = f"; its clones {', '.join(map(str, clones))} keep what they have" if clones else ""
            yield f"{chain.ctid}: snapshot {name} is kept, it is older than {', '.join(stale)}{tail}."
