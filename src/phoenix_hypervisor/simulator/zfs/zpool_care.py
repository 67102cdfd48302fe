"""``zpool offline``, ``online``, ``clear`` and ``scrub``."""

from __future__ import annotations

import getopt

from phoenix_hypervisor.simulator.process import Process
from phoenix_hypervisor.simulator.zfs import vdevs
from phoenix_hypervisor.simulator.zfs.datasets import Zfs
from phoenix_hypervisor.simulator.zfs.model import Leaf, Pool, ZfsError


def _pool(zfs: Zfs, words: list[str], usage: str) -> Pool:
    if not words:
        raise ZfsError(f"missing pool name argument\nusage:\n\t{usage}", 2)
    pool = zfs.pools.get(words[0])
    if pool is None:
        raise ZfsError(f"cannot open '{words[0]}': no such pool")
    return pool


def _leaves(zfs: Zfs, pool: Pool, words: list[str], action: str) -> list[Leaf]:
    if not words:
        raise ZfsError("missing device name", 2)
    found = []
    for name in words:
        leaf = vdevs.find_leaf(pool, name, zfs.disks)
        if leaf is None:
            raise ZfsError(f"cannot {action} {name}: no such device in pool")
        found.append(leaf)
    return found


def offline(zfs: Zfs, process: Process) -> None:
    """Stop using devices, as far as the redundancy bears it."""
    _given, words = getopt.getopt(process.argv[2:], "ft")
    pool = _pool(zfs, words, "offline [--power]|[[-f][-t]] <pool> <device> ...")
    for name, leaf in zip(words[1:], _leaves(zfs, pool, words[1:], "offline"), strict=True):
        before, leaf.offline = leaf.offline, True
        if vdevs.pool_state(pool, zfs.disks) == "UNAVAIL":
            leaf.offline = before
            raise ZfsError(f"cannot offline {name}: no valid replicas")


def online(zfs: Zfs, process: Process) -> None:
    """Use devices again."""
    _given, words = getopt.getopt(process.argv[2:], "e")
    pool = _pool(zfs, words, "online [--power] [-e] <pool> <device> ...")
    for name, leaf in zip(words[1:], _leaves(zfs, pool, words[1:], "online"), strict=True):
        leaf.offline = False
        if vdevs.state_of(leaf, pool, zfs.disks) != "ONLINE":
            process.say(
                f"warning: device '{name}' onlined, but remains in faulted state\n"
                "use 'zpool replace' to replace devices that are no longer present\n"
            )


def clear(zfs: Zfs, process: Process) -> None:
    """Forget errors: there are none."""
    _given, words = getopt.getopt(process.argv[2:], "FnX")
    pool = _pool(zfs, words, "clear [[--power]|[-nF]] <pool> [device]")
    if words[1:]:
        _leaves(zfs, pool, words[1:], "clear errors for")


def scrub(zfs: Zfs, process: Process) -> None:
    """Read everything once; it is done at once."""
    given, words = getopt.getopt(process.argv[2:], "spwe")
    pool = _pool(zfs, words, "scrub [-e | -s | -p | -C] [-w] <pool> ...")
    for option, what in (("-s", "cancel scrubbing"), ("-p", "pause scrubbing")):
        if (option, "") in given:
            raise ZfsError(f"cannot {what} {pool.name}: there is no active scrub")
    for name in words[1:]:
        _pool(zfs, [name], "")
    for name in words:
        zfs.pools[name].scrubbed = zfs.clock()
