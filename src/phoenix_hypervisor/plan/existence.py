"""How a container comes to be from its tarball, and how what an earlier run began is removed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from phoenix_hypervisor.config.site import Container
from phoenix_hypervisor.features.lifecycle import commands, copying
from phoenix_hypervisor.features.lifecycle.conditions import Gone, KeysAre, Whole
from phoenix_hypervisor.features.lifecycle.effects import NoDatasets, NothingUnnamed, Unmarked
from phoenix_hypervisor.features.lifecycle.firewall import owner_of
from phoenix_hypervisor.features.lifecycle.guest import Guest
from phoenix_hypervisor.features.lifecycle.node import Node
from phoenix_hypervisor.features.lifecycle.options import applied
from phoenix_hypervisor.features.lifecycle.volumes import place
from phoenix_hypervisor.plan.chain import Chain
from phoenix_hypervisor.plan.step import Expect, Guarded, Symbol, Undo, Work
from phoenix_hypervisor.plan.wanted import wanted_options, wanted_volumes
from phoenix_hypervisor.proxmox.guest import Section

_GIVEN = {"memory": "512", "swap": "512"}
"""What ``pct create`` writes where it is told nothing (PVE::API2::LXC, create_vm)."""


def _where(container: Container) -> tuple[str, int]:
    """Storage and size of the root file system; both were checked before."""
    if container.storage is None or container.size_gb is None or container.tarball is None:
        raise ValueError(f"container {container.ctid} lacks what it is made of")
    return container.storage, container.size_gb


def create(chain: Chain, node: Node, guest: Guest | None) -> None:
    """Make the container from its tarball, with every key and volume at once."""
    container = chain.container
    storage, size = _where(container)
    tarball = container.tarball or ""
    left = clear(chain, node, guest)
    before = tuple(name for name in node.volumes(container.ctid) if name not in left)
    storages = listed_by_proxmox(node, (storage, *(volume.storage for volume in container.volumes)))
    mark = commands.begin_creation(container.ctid, before, storages=storages)
    placement = place(wanted_volumes(container), Section(), container.options)
    wanted = wanted_options(container, placement.keys, owner_of(chain.firewall, recorded=False), Section())
    differences = (*wanted.differences(Section()), *placement.differences)
    chain.fresh = True
    found = node.storages[storage]
    chain.dataset = node.free_volume(container.ctid, found, frozenset(left)) if found.type == "zfspool" else None
    made = commands.create(container.ctid, tarball, storage, size, container.unprivileged, differences)
    step = chain.add(
        "create",
        Symbol.ADD,
        f"create from {PurePosixPath(tarball).name} on {storage}, {size} GB",
        "not on the node",
        commands.require_free_id(container.ctid),
        mark,
        Guarded(made, commands.end_failed_creation(container.ctid)),
        Expect((Whole(container.ctid),)),
        *created(container.ctid),
        Expect((KeysAre(container.ctid, wanted),)),
    )
    chain.observed = applied(Section({"rootfs": f"{storage}:{size},size={size}G", **_GIVEN}), differences)
    remember_undo(chain, step, mark, storages=storages)


def listed_by_proxmox(node: Node, names: Iterable[str]) -> tuple[str, ...]:
    """The storages whose volumes are no datasets, so that reading the node does not tell of them."""
    found = (node.storages[name] for name in dict.fromkeys(names) if name in node.storages)
    return tuple(storage.id for storage in found if storage.type != "zfspool")


def created(ctid: int) -> tuple[Work, ...]:
    """The mark goes, and with it the right to remove what is left."""
    return commands.end_creation(ctid), Expect((Unmarked(ctid),))


def remember_undo(
    chain: Chain, step: str, mark: Work, source: int | None = None, storages: tuple[str, ...] = ()
) -> None:
    """With ``rollback_on_failure`` what this run has made goes again when it fails, under the mark of its creation."""
    if not chain.keeps_restore_point:
        return
    ctid = chain.ctid
    gone = (commands.unmount_remains(ctid), *commands.free_unnamed(ctid, storages), copying.remove(ctid))
    left = NoDatasets((chain.dataset,) if chain.dataset else ())
    last = (commands.destroy_remains(ctid), Expect((Gone(ctid), left)), *created(ctid))
    locks = frozenset({f"ct:{source}"}) if source is not None else frozenset[str]()
    chain.undo = Undo(
        str(ctid), "destroy it again", (commands.require_ours(ctid), mark, *gone, *last), since=step, locks=locks
    )


def clear(chain: Chain, node: Node, guest: Guest | None) -> tuple[str, ...]:
    """Remove what a creation or destruction of ours that was cut off left; returns the volumes that go.

    ``pct destroy`` takes only what the configuration names; the rest goes after it.
    """
    ctid = chain.ctid
    if guest is None and ctid not in node.creating:
        return ()
    begun = node.begun_volumes(guest) if guest else ()
    left = tuple(dict.fromkeys((*node.remains(ctid), *begun)))
    storages = tuple(word.removeprefix("on=") for word in sorted(node.creating.get(ctid, ())) if word.startswith("on="))
    work: list[Work] = [commands.require_ours(ctid)]
    work += [commands.unmount_remains(ctid), *commands.free_unnamed(ctid, storages)]
    if guest is not None:
        work += [commands.pct("unlock", ctid)] if guest.lock else []
        work += [commands.lift_protection(ctid)] if guest.current.get("protection") == "1" else []
        work.append(commands.destroy(ctid))
    work += [commands.destroy_volume(name) for name in left]
    unnamed = (NothingUnnamed(ctid, storages),) if storages else ()
    work += [Expect((Gone(ctid), NoDatasets(left), *unnamed)), *created(ctid)]
    title = f"remove what was left: {', '.join(left) or 'its configuration'}"
    chain.add("clear", Symbol.REMOVE, title, "an earlier run was cut off", *work)
    return left
