"""A container's configuration made as declared: keys, volumes, raw lines, mounted folders, firewall (spec L3, L12)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.features.lifecycle import commands, firewall, raw
from phoenix_hypervisor.features.lifecycle.conditions import FirewallIs, KeysAre, RawIs, SizeIs
from phoenix_hypervisor.features.lifecycle.effects import FolderIs, IdsAllowed
from phoenix_hypervisor.features.lifecycle.guest import Guest, parse_volume
from phoenix_hypervisor.features.lifecycle.marks import record_of
from phoenix_hypervisor.features.lifecycle.node import Node
from phoenix_hypervisor.features.lifecycle.options import (
    FIREWALL,
    RAW,
    Difference,
    Effect,
    Wanted,
    applied,
    brief,
    mount_properties,
)
from phoenix_hypervisor.features.lifecycle.volumes import History, Placement, history_of, place
from phoenix_hypervisor.plan.chain import Chain
from phoenix_hypervisor.plan.obstacle import Obstacle
from phoenix_hypervisor.plan.step import Change, Expect, Symbol, Work
from phoenix_hypervisor.plan.wanted import (
    id_ranges,
    wanted_firewall,
    wanted_options,
    wanted_owner,
    wanted_raw,
    wanted_volumes,
    wants_running,
)
from phoenix_hypervisor.proxmox.guest import Section
from phoenix_hypervisor.proxmox.properties import PropertyError, parse_properties, parse_size, render_properties


def reconcile(chain: Chain, node: Node, guest: Guest | None) -> None:
    """Everything that is not as declared, in an order that needs one restart at most.

    The record of what is ours is among the keys: what it no longer names is gone before.
    """
    container = chain.container
    record = record_of(chain.observed.description)
    placement = _place(chain, guest)
    for note in placement.notes:
        chain.note(note)
    owner = firewall.owner_of(chain.firewall, FIREWALL in record.keys)
    wanted = wanted_options(container, placement.keys, owner, chain.observed)
    wanted = replace(wanted, unused=placement.unused, layers=chain.recorded_layers)
    if chain.running and not chain.may_restart:
        wanted = _keeping_volumes(chain, wanted, record.volumes)
    lines = wanted_raw(container)
    rewrites = (bool(lines) or RAW in record.keys) and chain.raw != lines
    _prepare_folders(chain, node)
    _allow_ids(chain, node)
    if rewrites and chain.stop("raw lines are read at the start"):
        _write_raw(chain, lines)
    elif rewrites and not lines:
        wanted = replace(wanted, beside=wanted.beside | {RAW})
    _write_firewall(chain, node, owner)
    _configure(chain, guest, wanted, _differences(chain, guest, wanted, placement))
    _grow(chain, placement)


def _keeping_volumes(chain: Chain, wanted: Wanted, recorded: Mapping[str, str]) -> Wanted:
    """What runs and may not be stopped keeps the volumes that are no longer declared, until it may."""
    stay = {name: key for name, key in recorded.items() if name not in wanted.volumes and key in chain.observed.options}
    if stay:
        what = f"a restart is needed to detach {', '.join(stay)}"
        chain.keep(Change(what, Effect.RESTART, "--no-restart"))
    unused = {name: volume for name, volume in wanted.unused.items() if name not in stay}
    return replace(wanted, volumes={**wanted.volumes, **stay}, unused=unused)


def _place(chain: Chain, guest: Guest | None) -> Placement:
    """Where the volumes are; one that is only to be taken out at the next start is still there."""
    history = history_of(guest.config) if guest is not None else History()
    section, taken = _still_there(chain, guest), chain.container.options
    volumes = wanted_volumes(chain.container)
    placement = place(volumes, section, taken, history)
    _refuse_lost(chain, placement)
    if chain.is_base and placement.made:
        chain.note(
            f"volume {', '.join(placement.made)} is not made: linked clones are made of base volumes alone, and its "
            f"template is made already. To make it anew, with its clones: --rebuild {chain.ctid} …."
        )
        placement = place([each for each in volumes if each.name not in placement.made], section, taken, history)
    return placement


def _refuse_lost(chain: Chain, placement: Placement) -> None:
    """A volume that people have detached is not made a second time while it may be one of several."""
    for name, candidates in placement.lost.items():
        volume = next(volume for volume in chain.container.volumes if volume.name == name)
        mount, first = volume.mount_point, candidates[0]
        keys = {parse_volume(value): key for key, value in chain.observed.options.items() if key.startswith("mp")}
        free = next(key for key in (f"mp{number}" for number in range(256)) if chain.observed.get(key) is None)
        raise Obstacle(
            f'its volume "{name}" is no longer at its place, and may be {" or ".join(candidates)}',
            f"To say which: pct set {chain.ctid} --{keys.get(first, free)} {first},mp={mount}. "
            f"For a new one: pct set {chain.ctid} --{free} {volume.storage}:{volume.size_gb},mp={mount}.",
        )


def _still_there(chain: Chain, guest: Guest | None) -> Section:
    """The keys as they will be, with the mount points whose removal waits for a restart."""
    if guest is None:
        return chain.observed
    waiting = {key: guest.current.get(key) for key in guest.config.pending_delete if key.startswith("mp")}
    return chain.observed.updated(waiting)


def _differences(chain: Chain, guest: Guest | None, wanted: Wanted, placement: Placement) -> tuple[Difference, ...]:
    """Every key that is not as wanted; told apart where it is now, and will not be after the next start."""
    moved = {each.key for each in placement.differences}
    kept = [
        Difference(key, None, value, holds=True)
        for key, value in _still_there(chain, guest).options.items()
        if key in placement.keys.values() and key not in moved and chain.observed.get(key) is None
    ]
    keys = [each for each in wanted.differences(chain.observed) if each.key not in moved]
    found = sorted((*keys, *kept, *placement.differences), key=lambda each: each.key)
    if guest is None or not guest.running or not guest.waiting:
        return tuple(found)
    now = {each.key for each in wanted.differences(guest.current)}
    now |= {
        each.key
        for each in place(wanted_volumes(chain.container), guest.current, (), history_of(guest.config)).differences
    }
    return tuple(replace(each, holds=each.key in guest.waiting and each.key not in now) for each in found)


def _configure(chain: Chain, guest: Guest | None, wanted: Wanted, differences: tuple[Difference, ...]) -> None:
    """One ``pct set`` for all that differs; a restart where a change cannot be made on the running container.

    What is not to run is stopped before: Proxmox makes a pending change only when a container starts.
    """
    late = [each.key for each in differences if _takes(chain, each) is Effect.RESTART]
    if late and chain.running and not wants_running(chain.container):
        chain.stop(f"{', '.join(late)} cannot be changed while it runs")
    if differences:
        if chain.fresh:
            told = (each for each in differences if each.key != "description")
            title = "set " + ", ".join([*(f"{each.key} {brief(each.key, each.wanted)}" for each in told), "the mark"])
        else:
            waits = [" (restart)" if _takes(chain, each) is Effect.RESTART else "" for each in differences]
            title = "set " + ", ".join(f"{each}{wait}" for each, wait in zip(differences, waits, strict=True))
        symbol, reason = (Symbol.ADD, "as declared") if chain.fresh else (Symbol.CHANGE, "not as declared")
        waiting = guest.waiting if guest is not None else frozenset[str]()
        lifted, settled = _lifted(chain, wanted, differences)
        work = (*lifted, *commands.configure(chain.ctid, settled, waiting))
        changes = tuple(Change(str(each), _takes(chain, each), each.reason) for each in differences)
        chain.add("configure", symbol, title, reason, *work, Expect((KeysAre(chain.ctid, wanted),)), changes=changes)
        chain.observed = applied(chain.observed, differences)
    restart = [each.key for each in differences if each.effect is Effect.RESTART and not each.holds]
    left = sorted(guest.waiting - {each.key for each in differences}) if guest is not None else []
    if chain.running and (restart or left):
        chain.stop(f"a restart is needed for {', '.join(restart or left)}")


def _takes(chain: Chain, difference: Difference) -> Effect:
    """A container that does not run needs no restart."""
    return Effect.HOT if difference.holds or not chain.running else difference.effect


def _lifted(
    chain: Chain, wanted: Wanted, differences: tuple[Difference, ...]
) -> tuple[tuple[Command, ...], tuple[Difference, ...]]:
    """Proxmox changes no mount point of a protected container: our protection is lifted, and set again."""
    mounts = [each.key for each in differences if each.key.startswith("mp") and not each.holds]
    if not mounts or chain.observed.get("protection") != "1":
        return (), differences
    if "protection" not in {*wanted.options, *record_of(chain.observed.description).keys}:
        raise Obstacle(
            f"CT {chain.ctid} is protected, and {', '.join(mounts)} of it is not as declared",
            f"To lift that: pct set {chain.ctid} --protection 0.",
        )
    again = [Difference("protection", None, "1")] if wanted.options.get("protection") == "1" else []
    others = [each for each in differences if each.key != "protection"]
    return (commands.lift_protection(chain.ctid),), (*others, *again)


def _write_raw(chain: Chain, lines: raw.Lines) -> None:
    symbol = Symbol.ADD if chain.fresh else Symbol.CHANGE
    gone = [f"-{key} {value}" for key, value in chain.raw if (key, value) not in lines]
    new = [f"+{key} {value}" for key, value in lines if (key, value) not in chain.raw]
    title = f"raw lines: {'; '.join((*gone, *new)) or 'their order'}"
    reason = "as declared" if chain.fresh else "not as declared"
    work = (raw.write_lines(chain.ctid, lines), Expect((RawIs(chain.ctid, lines),)))
    change = Change(title, Effect.RESTART, "raw lines are read when the container starts")
    chain.add("raw", symbol, title, reason, *work, changes=(change,))
    if not chain.fresh and any(line[0] == "lxc.idmap" for line in {*chain.raw} ^ {*lines}):
        chain.note("its id map changes; files of the ids concerned keep their owners on the node.")
    chain.raw = lines


def _grow(chain: Chain, placement: Placement) -> None:
    """Volumes only grow (spec L3)."""
    root = _root_growth(chain)
    for key, observed, wanted in (*root, *placement.growths):
        name = "the root file system" if key == "rootfs" else key
        title = f"grow {name} {observed >> 30} -> {wanted} GB"
        holds = Expect((SizeIs(chain.ctid, key, wanted),))
        reason = "smaller than declared"
        work = commands.grow(chain.ctid, key, wanted)
        change = Change(title, Effect.HOT, "Proxmox changes it in the running container")
        chain.add("grow", Symbol.CHANGE, title, reason, work, holds, changes=(change,))
        chain.observed = chain.observed.updated({key: _grown(chain.observed.get(key) or "", wanted)})


def _grown(value: str, size_gb: int) -> str:
    """A volume's value once it has so many GiB."""
    return render_properties({**mount_properties(value), "size": f"{size_gb}G"}, "volume")


def _root_growth(chain: Chain) -> list[tuple[str, int, int]]:
    wanted = chain.container.size_gb
    try:
        observed = parse_size(parse_properties(chain.observed.get("rootfs") or "", "volume").get("size", "0"))
    except PropertyError:
        return []
    return [("rootfs", observed, wanted)] if wanted is not None and 0 < observed < wanted << 30 else []


def _prepare_folders(chain: Chain, node: Node) -> None:
    """The folders of the node that are mounted: there, and of the owner that the container is to see."""
    container = chain.container
    work: list[Work] = []
    titles: list[str] = []
    locks: set[str] = set()
    for mount in container.mounts:
        wanted = wanted_owner(container, mount)
        there = node.folders.get(mount.host_path)
        if there is not None and wanted in (None, there):
            continue
        base = raw.UNPRIVILEGED_BASE if container.unprivileged else 0
        owner = wanted or (base, base)
        work.append(raw.make_folder(mount.host_path, f"{owner[0]}:{owner[1]}"))
        work.append(Expect((FolderIs(mount.host_path, f"{owner[0]}:{owner[1]}"),)))
        titles.append(f"{mount.host_path} ({owner[0]}:{owner[1]})")
        locks.add(f"path:{mount.host_path}")
    if work:
        title = f"folders on the node: {', '.join(titles)}"
        chain.add("folders", Symbol.CHANGE, title, "they are to be mounted", *work, locks=frozenset(locks))


def _allow_ids(chain: Chain, node: Node) -> None:
    """Root may map the declared ids: entries of its own in /etc/subuid and /etc/subgid."""
    for kind, name in (("u", "subuid"), ("g", "subgid")):
        wanted = [(host, size) for whose, host, _, size in id_ranges(chain.container) if whose in (kind, "both")]
        allowed = node.id_ranges.get(name, ())
        missing = [
            (host, size)
            for host, size in wanted
            if not any(first <= host and host + size <= first + count for first, count in allowed)
        ]
        if missing:
            title = f"let root map {', '.join(f'{host}:{size}' for host, size in missing)} in /etc/{name}"
            work = raw.allow_ids(f"/etc/{name}", missing)
            locks = frozenset({f"path:/etc/{name}"})
            holds = Expect((IdsAllowed(f"/etc/{name}", tuple(missing)),))
            chain.add(name, Symbol.CHANGE, title, "its id map needs it", work, holds, locks=locks)


def _write_firewall(chain: Chain, node: Node, owner: firewall.Owner) -> None:
    """Our file as declared; one of somebody else's is left alone (spec R1)."""
    wanted, observed = wanted_firewall(chain.container), chain.firewall
    if wanted is not None and not firewall.is_enabled(node.firewalls.get("cluster", "")):
        chain.note("its firewall has no effect while the datacenter's is off.")
    if firewall.same(wanted, observed) or (wanted is None and owner is not firewall.Owner.OURS):
        return
    if owner is firewall.Owner.OTHERS:
        chain.note(f"/etc/pve/firewall/{chain.ctid}.fw was not written by Phoenix; it is left as it is.")
        return
    holds = Expect((FirewallIs(chain.ctid, wanted),))
    if wanted is None:
        work = firewall.remove(chain.ctid)
        chain.add("firewall", Symbol.REMOVE, "remove its firewall rules", "no longer declared", work, holds)
    else:
        rules = wanted.partition("[RULES]")[2].split("\n")
        count = sum(bool(line) for line in rules)
        symbol = Symbol.ADD if observed is None else Symbol.CHANGE
        title = f"firewall: {count} rule{'' if count == 1 else 's'}"
        chain.add("firewall", symbol, title, "as declared", firewall.write(chain.ctid, wanted), holds)
    chain.firewall = wanted
