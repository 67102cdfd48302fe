"""What a plan says beside its steps: what is kept although it is not as declared, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from phoenix_hypervisor.config.site import Container, Site
from phoenix_hypervisor.features.lifecycle.guest import Guest
from phoenix_hypervisor.features.lifecycle.marks import snapshot_layers
from phoenix_hypervisor.features.lifecycle.node import Node
from phoenix_hypervisor.features.lifecycle.options import Effect
from phoenix_hypervisor.plan.chain import Chain
from phoenix_hypervisor.plan.layers import Layer
from phoenix_hypervisor.plan.outcome import Outcome
from phoenix_hypervisor.plan.step import Change
from phoenix_hypervisor.plan.survey import Survey, Way
from phoenix_hypervisor.plan.wanted import bind_mounts, bind_mounts_of, snapshot_names
from phoenix_hypervisor.proxmox.properties import PropertyError, parse_size
from phoenix_hypervisor.proxmox.storage import split_volume


def provenance(survey: Survey, container: Container, guest: Guest, outcomes: Mapping[int, Outcome]) -> Iterator[Change]:
    """What was decided when the container was made, and can only be changed by making it anew."""
    source = survey.sources[container.ctid][0]
    unprivileged = guest.current.get("unprivileged") == "1"
    if unprivileged != container.unprivileged:
        what = f"unprivileged {_yes(unprivileged)} -> {_yes(container.unprivileged)}"
        yield Change(what, Effect.REBUILD, "it is fixed when a container is made")
    try:
        observed = parse_size(guest.rootfs.get("size", "0"))
    except PropertyError:
        observed = 0
    if container.size_gb is not None and observed > container.size_gb << 30:
        what = f"root file system {observed >> 30} -> {container.size_gb} GB"
        yield Change(what, Effect.IMPOSSIBLE, "it never shrinks")
    storage = split_volume(guest.rootfs.get("volume", ""))
    if storage is not None and container.storage is not None and storage[0] != container.storage:
        what = f"storage {storage[0]} -> {container.storage}"
        yield Change(what, Effect.REBUILD, "a container stays on the storage on which it was made")
    if source is not None and source in outcomes:
        yield from _descent(survey, container, guest, source, outcomes[source])


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _descent(survey: Survey, container: Container, guest: Guest, source: int, declared: Outcome) -> Iterator[Change]:
    """Whether it was made in the declared way of the declared source, as far as the node tells."""
    origin = survey.node.origin_of(guest)
    way, _ = survey.way(container)
    what = ""
    if way is Way.FULL and origin:
        what = f"a clone of {origin}, not a full copy"
    elif way is not Way.FULL and guest.dataset and not origin:
        what = f"no clone, and cloning is to be {way}"
    elif origin and way is not Way.FULL and (way is Way.NATIVE) is not origin.endswith("@__base__"):
        what = f"a clone of {origin}, and cloning is to be {way}"
    elif way is not Way.FULL and origin and declared.dataset:
        snapshot = "__base__" if declared.is_base else declared.snapshot
        if origin != f"{declared.dataset}@{snapshot}":
            what = f"a clone of {origin}, not of {source}@{snapshot}"
    if what:
        yield Change(what, Effect.REBUILD, "where a container comes from is decided when it is made")


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


def without_snapshots(survey: Survey, container: Container, guest: Guest | None) -> Iterator[str]:
    """Why a container gets no snapshot."""
    there = bind_mounts_of(guest.config.effective) if guest else ()
    if mounts := tuple(dict.fromkeys((*bind_mounts(container), *there))):
        yield f"{container.ctid}: no snapshot is taken, its bind mount {', '.join(mounts)} rules that out."
    elif not survey.takes_snapshots(container):
        yield f"{container.ctid}: no snapshot is taken, its storage has none."


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


def without_portainer(site: Site, ctids: Iterable[int]) -> Iterator[str]:
    """The containers whose declared role in Portainer asks for nothing, in one line."""
    found: dict[str, list[str]] = {}
    for ctid in ctids:
        role = site.containers[ctid].portainer_role
        if role in ("infrastructure", "none"):
            found.setdefault(role, []).append(str(ctid))
    if found:
        roles = " and ".join(f"{role} ({', '.join(found[role])})" for role in sorted(found))
        yield f"portainer_role: {roles} ask{'' if len(found) > 1 else 's'} for nothing."
