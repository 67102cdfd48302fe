"""The program ``zpool``: what it tells of the pools."""

from __future__ import annotations

import getopt
from collections.abc import Sequence

from phoenix_hypervisor.simulator import durations
from phoenix_hypervisor.simulator.process import Process, Program, Run
from phoenix_hypervisor.simulator.tables import aligned
from phoenix_hypervisor.simulator.zfs import pools, status
from phoenix_hypervisor.simulator.zfs.datasets import Zfs
from phoenix_hypervisor.simulator.zfs.model import Pool, ZfsError
from phoenix_hypervisor.simulator.zfs.space import Space

_SHORT = {"alloc": "allocated", "cap": "capacity", "frag": "fragmentation", "dedup": "dedupratio"}
_SHORT |= {"ckpoint": "checkpoint", "expandsz": "expandsize"}
_COLUMNS = ("name", "size", "alloc", "free", "ckpoint", "expandsz", "frag", "cap", "dedup", "health", "altroot")


def program(zfs: Zfs) -> Program:
    """``zpool`` over the pools of one node."""

    def run(process: Process) -> Run:
        yield durations.ZFS
        verb = process.argv[1] if len(process.argv) > 1 else ""
        try:
            if verb == "list":
                process.say(_list(zfs, process.argv[2:]))
            elif verb == "get":
                process.say(_get(zfs, process.argv[2:]))
            elif verb == "status":
                process.say(_status(zfs, process))
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
    columns = options.get("-o", ",".join(_COLUMNS)).split(",")
    space, parsable = zfs.space(), "-p" in options
    lines = [[_value(pool, name, space, parsable) for name in columns] for pool in _pools(zfs, names)]
    if "-H" in options:
        return "".join("\t".join(line) + "\n" for line in lines)
    heads = [{long: short for short, long in _SHORT.items()}.get(name, name).upper() for name in columns]
    return aligned([heads, *lines]) if lines else "no pools available\n"


def _value(pool: Pool, name: str, space: Space, parsable: bool) -> str:
    """A cell of ``zpool list``."""
    if name == "name":
        return pool.name
    found = pools.properties(pool, space).get(_SHORT.get(name, name))
    if found is None:
        raise ZfsError(f"bad property list: invalid property '{name}'", 2)
    return found[0] if parsable else pools.readable(_SHORT.get(name, name), found[0])


def _get(zfs: Zfs, arguments: list[str]) -> str:
    given, rest = getopt.gnu_getopt(arguments, "Hpo:")
    options = dict(given)
    if not rest:
        raise ZfsError('missing property argument\nusage:\n\tget [-Hp] <"all" | property[,...]> <pool> ...', 2)
    space, fields = zfs.space(), options.get("-o", "name,property,value,source").split(",")
    lines = []
    for pool in _pools(zfs, rest[1:]):
        known = pools.properties(pool, space)
        for name in known if rest[0] == "all" else rest[0].split(","):
            if name not in known:
                raise ZfsError(f"bad property list: invalid property '{name}'\nFor more info, run: zpool help get", 2)
            value, source = known[name]
            text = value if "-p" in options else pools.readable(name, value)
            cells = {"name": pool.name, "property": name, "value": text, "source": source}
            lines.append([cells[field] for field in fields])
    if "-H" in options:
        return "".join("\t".join(line) + "\n" for line in lines)
    return aligned([[field.upper() for field in fields], *lines])


def _status(zfs: Zfs, process: Process) -> str:
    knows_json = not zfs.version.startswith("2.2")
    longs = ["json", "json-int"] if knows_json else []
    given, names = getopt.gnu_getopt(process.argv[2:], "vxPj" if knows_json else "vxP", longs)
    options = dict(given)
    found = _pools(zfs, names)
    if "-j" in options or "--json" in options:
        return status.as_json(found, zfs.space(), process.files, numbers="--json-int" in options)
    return "\n".join(status.as_text(pool) for pool in found) or "no pools available\n"
