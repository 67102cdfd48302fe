"""The program ``zpool``: what it lists."""

from __future__ import annotations

import getopt
from collections.abc import Sequence

from phoenix_hypervisor.simulator import durations
from phoenix_hypervisor.simulator.process import Process, Program, Run
from phoenix_hypervisor.simulator.tables import aligned
from phoenix_hypervisor.simulator.zfs.datasets import Zfs
from phoenix_hypervisor.simulator.zfs.model import Pool, ZfsError
from phoenix_hypervisor.simulator.zfs.properties import nice
from phoenix_hypervisor.simulator.zfs.space import Space

_COLUMNS = ("name", "size", "alloc", "free", "ckpoint", "expandsz", "frag", "cap", "dedup", "health", "altroot")
_LONG = {"allocated": "alloc", "capacity": "cap", "fragmentation": "frag", "dedupratio": "dedup"}
_FIXED = {"ckpoint": "-", "expandsz": "-", "frag": "0", "health": "ONLINE", "altroot": "-", "dedup": "1.00"}


def program(zfs: Zfs) -> Program:
    """``zpool`` over the pools of one node."""

    def run(process: Process) -> Run:
        yield durations.ZFS
        verb = process.argv[1] if len(process.argv) > 1 else ""
        try:
            if verb == "list":
                process.say(_list(zfs, process.argv[2:]))
            elif verb == "status":
                process.say(_status(zfs, process.argv[2:]))
            elif verb == "version":
                process.say(f"zfs-{zfs.version}\nzfs-kmod-{zfs.version}\n")
            elif verb == "import":
                process.complain("no pools available to import\n")
            else:
                process.complain(f"unrecognized command '{verb}'\nusage: zpool command args ...\n")
                return 2
        except getopt.GetoptError as wrong:
            process.complain(f"invalid option '{wrong.opt}'\nusage: zpool {verb}\n")
            return 2
        except ZfsError as refused:
            process.complain(f"{refused.text}\n")
            return refused.rc
        return 0

    return run


def _pools(zfs: Zfs, names: Sequence[str]) -> list[Pool]:
    for name in names:
        if name not in zfs.pools:
            raise ZfsError(f"cannot open '{name}': no such pool")
    return [zfs.pools[name] for name in names or sorted(zfs.pools)]


def _list(zfs: Zfs, arguments: list[str]) -> str:
    given, names = getopt.gnu_getopt(arguments, "HLPpvo:")
    options = dict(given)
    columns = [_LONG.get(name, name) for name in options.get("-o", ",".join(_COLUMNS)).split(",")]
    space, parsable = zfs.space(), "-p" in options
    lines = [[_value(zfs, pool, name, space, parsable) for name in columns] for pool in _pools(zfs, names)]
    if "-H" in options:
        return "".join("\t".join(line) + "\n" for line in lines)
    return aligned([[name.upper() for name in columns], *lines]) if lines else "no pools available\n"


def _value(zfs: Zfs, pool: Pool, name: str, space: Space, parsable: bool) -> str:
    allocated = space.used(zfs.datasets[pool.name])
    numbers = {"size": pool.size, "alloc": allocated, "free": pool.size - allocated}
    if name in numbers:
        return str(numbers[name]) if parsable else nice(numbers[name])
    sign = "" if parsable else "%"
    texts = {
        **_FIXED,
        "name": pool.name,
        "guid": str(pool.guid),
        "cap": f"{allocated * 100 // pool.size}{sign}",
        "frag": f"0{sign}",
        "ashift": "12",
        "autotrim": "off",
    }
    found = pool.properties.get(name) or texts.get(name)
    if found is None:
        raise ZfsError(f"bad property list: invalid property '{name}'", 2)
    return found


def _status(zfs: Zfs, arguments: list[str]) -> str:
    _given, names = getopt.gnu_getopt(arguments, "vxP")
    blocks = []
    for pool in _pools(zfs, names):
        names_of = [pool.name, *([f"  {pool.layout}-0"] if pool.layout else [])]
        indent = "    " if pool.layout else "  "
        names_of += [indent + disk.rpartition("/")[2] for disk in pool.disks]
        width = max(map(len, names_of))
        rows = [("NAME", "STATE", "READ", "WRITE", "CKSUM"), *((name, "ONLINE", "0", "0", "0") for name in names_of)]
        body = "".join(f"\t{row[0]:<{width}}  {row[1]:<8} {row[2]:>5} {row[3]:>5} {row[4]:>5}\n" for row in rows)
        blocks.append(f"  pool: {pool.name}\n state: ONLINE\nconfig:\n\n{body}\nerrors: No known data errors\n")
    return "\n".join(blocks) or "no pools available\n"
