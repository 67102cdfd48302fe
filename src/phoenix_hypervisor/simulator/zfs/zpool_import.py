"""``zpool export`` and ``zpool import``. Source: OpenZFS 2.3, zpool_main.c (show_import, do_import)."""

from __future__ import annotations

import getopt
from collections.abc import Sequence

from phoenix_hypervisor.simulator.disks.devices import Disks
from phoenix_hypervisor.simulator.process import Process
from phoenix_hypervisor.simulator.zfs import lifecycle, naming, pools, vdevs
from phoenix_hypervisor.simulator.zfs.datasets import Zfs
from phoenix_hypervisor.simulator.zfs.model import Away, ZfsError

_CAN = "The pool can be imported using its name or numeric identifier."
_HOST = "8f2a1c04"
"""The host id in the labels of a pool that another system used."""


def export(zfs: Zfs, process: Process) -> None:
    """Take pools away from the node; they stay on their disks."""
    given, words = getopt.gnu_getopt(process.argv[2:], "af")
    if ("-a", "") in given:
        words = sorted(zfs.pools)
    elif not words:
        raise ZfsError("missing pool argument\nusage:\n\texport [-af] <pool> ...", 2)
    for name in words:
        lifecycle.leave(zfs, name, "exported", "export")


def import_(zfs: Zfs, process: Process) -> None:
    """Tell which pools can be imported, or import one, some or all."""
    given, words = getopt.gnu_getopt(process.argv[2:], "aDd:fFmnNlo:R:c:s")
    options = dict(given)
    if len(words) > 2:
        raise ZfsError("too many arguments", 2)
    destroyed = "-D" in options
    found = [one for one in lifecycle.importable(zfs, destroyed=destroyed) if _is_seen(one, given, zfs.disks, process)]
    if not words and "-a" not in options:
        process.say("\n".join(_shown(one, zfs.disks) for one in found))
        if not found:
            process.complain("no pools available to import\n")
        return
    chosen = [_named(found, words[0])] if words else found
    for away in chosen:
        _bring(zfs, away, given, words[1] if len(words) == 2 else away.pool.name)


def _is_seen(away: Away, given: Sequence[tuple[str, str]], disks: Disks, process: Process) -> bool:
    """Whether a label of the pool lies on a device that ``-d`` names, or in a folder that it names."""
    places = [value for option, value in given if option == "-d"]
    seen: set[str] = set()
    for place in places:
        inside = [f"{place}/{name}" for name in process.files.list(place)] if process.files.is_dir(place) else [place]
        seen |= {device.name for path in inside if (device := disks.at(path))}
    members = (device for leaf in away.pool.leaves if (device := disks.at(leaf.member)))
    return not places or any(device.name in seen for device in members)


def _named(found: Sequence[Away], name: str) -> Away:
    matching = [one for one in found if name in (one.pool.name, str(one.pool.guid))]
    if not matching:
        raise ZfsError(f"cannot import '{name}': no such pool available")
    if len(matching) > 1:
        raise ZfsError(f"cannot import '{name}': more than one matching pool\nimport by numeric ID instead")
    return matching[0]


def _bring(zfs: Zfs, away: Away, given: Sequence[tuple[str, str]], name: str) -> None:
    options, old = dict(given), away.pool.name
    naming.check_pool(name, "import")
    if away.state == "foreign" and "-f" not in options:
        raise ZfsError(
            f"cannot import '{old}': pool was previously in use from another system.\n"
            f"Last accessed by other (hostid={_HOST}) at Sat Jan  3 10:00:00 2026\n"
            "The pool can be imported, use 'zpool import -f' to import the pool."
        )
    if name in zfs.pools:
        raise ZfsError(
            f"cannot import '{name}': a pool with that name already exists\n"
            "use the form 'zpool import <pool | id> <newpool>' to give it a new name"
        )
    if vdevs.pool_state(away.pool, zfs.disks) == "UNAVAIL":
        raise ZfsError(
            f"cannot import '{old}': no such device in pool\n\tDestroy and re-create the pool from\n\ta backup source."
        )
    if "-n" in options:
        return
    for option, text in given:
        key, _, value = text.partition("=")
        if option == "-o":
            away.pool.properties[key] = pools.normalised(key, value, birth=True)
    away.pool.altroot = options.get("-R", "")
    lifecycle.bring(zfs, away, name, mount="-N" not in options)


def _shown(away: Away, disks: Disks) -> str:
    """A pool as ``zpool import`` lists it."""
    pool, state = away.pool, vdevs.pool_state(away.pool, disks)
    missing = any(vdevs.state_of(leaf, pool, disks) == "UNAVAIL" for leaf in pool.leaves)
    lines = [f"  pool: {pool.name}", f"    id: {pool.guid}"]
    lines.append(f" state: {state}{' (DESTROYED)' if away.state == 'destroyed' else ''}")
    if missing:
        lines.append("status: One or more devices are missing from the system.")
    elif away.state == "foreign":
        lines.append("status: The pool was last accessed by another system.")
    if state == "UNAVAIL":
        lines.append("action: The pool cannot be imported. Attach the missing\n\tdevices and try again.")
    elif missing:
        lines.append(
            "action: The pool can be imported despite missing or damaged devices.  The\n"
            "\tfault tolerance of the pool may be compromised if imported."
        )
    elif away.state == "foreign":
        lines.append(f"action: {_CAN[:-1].replace('numeric identifier', 'numeric identifier and')}\n\tthe '-f' flag.")
    else:
        lines.append(f"action: {_CAN}")
    message = "2Q" if missing else "EY" if away.state == "foreign" else ""
    lines += [f"   see: https://openzfs.github.io/openzfs-docs/msg/ZFS-8000-{message}"] if message else []
    return "\n".join([*lines, "config:\n", *_tree(away, disks), ""])


def _tree(away: Away, disks: Disks) -> list[str]:
    pool, names = away.pool, vdevs.names_of(away.pool)
    rows = [(pool.name, vdevs.pool_state(pool, disks))]
    for group in pool.groups:
        if group.kind:
            rows.append((f"  {names[group.guid]}", vdevs.group_state(group, pool, disks)))
        indent = "    " if group.kind else "  "
        rows += [(indent + leaf.path.rpartition("/")[2], vdevs.state_of(leaf, pool, disks)) for leaf in group.leaves]
    width = max(10, *(len(name) for name, _state in rows))
    return [f"\t{name:<{width}}  {state}" for name, state in rows]
