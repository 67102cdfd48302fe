"""The program ``zpool``, and what it tells of the pools."""

from __future__ import annotations

import getopt
from collections.abc import Callable, Mapping, Sequence

from phoenix_hypervisor.simulator import durations
from phoenix_hypervisor.simulator.process import Process, Program, Run
from phoenix_hypervisor.simulator.tables import aligned
from phoenix_hypervisor.simulator.zfs import pools, status, vdevs, zpool_care, zpool_create, zpool_import
from phoenix_hypervisor.simulator.zfs.datasets import Zfs
from phoenix_hypervisor.simulator.zfs.model import Pool, ZfsError
from phoenix_hypervisor.simulator.zfs.space import Space

_SHORT = {"alloc": "allocated", "cap": "capacity", "frag": "fragmentation", "dedup": "dedupratio"}
_SHORT |= {"ckpoint": "checkpoint", "expandsz": "expandsize"}
_COLUMNS = ("name", "size", "alloc", "free", "ckpoint", "expandsz", "frag", "cap", "dedup", "health", "altroot")
_NOT_SIMULATED = ("attach", "checkpoint", "detach", "history", "initialize", "iostat", "reguid", "remove", "reopen",
                  "replace", "resilver", "split", "sync", "trim", "upgrade", "wait")  # fmt: skip


def program(zfs: Zfs) -> Program:
    """``zpool`` over the pools of one node."""

    def run(process: Process) -> Run:
        yield durations.ZFS
        verb = process.argv[1] if len(process.argv) > 1 else ""
        if verb not in _VERBS:
            process.complain(_unknown(verb))
            return 2
        try:
            _VERBS[verb](zfs, process)
        except getopt.GetoptError as wrong:
            process.complain(f"invalid option '{wrong.opt}'\nusage: zpool {verb}\n")
            return 2
        except ZfsError as refused:
            process.complain(f"{refused.text}\n")
            return refused.rc
        if verb in ("create", "add", "import"):
            yield durations.LABEL
        return 0

    return run


def _unknown(verb: str) -> str:
    if verb in _NOT_SIMULATED:
        return f"zpool {verb}: not simulated\n"
    what = f"unrecognized command '{verb}'" if verb else "missing command"
    return f"{what}\nusage: zpool command args ...\n"


def _pools(zfs: Zfs, names: Sequence[str]) -> list[Pool]:
    for name in names:
        if name not in zfs.pools:
            raise ZfsError(f"cannot open '{name}': no such pool")
    return [zfs.pools[name] for name in names or sorted(zfs.pools)]


def _list(zfs: Zfs, process: Process) -> None:
    given, names = getopt.gnu_getopt(process.argv[2:], "HpvLPgo:")
    options = dict(given)
    columns = options.get("-o", ",".join(_COLUMNS)).split(",")
    space, parsable = zfs.space(), "-p" in options
    if "-v" in options:
        raise ZfsError("zpool list -v: not simulated", 2)
    lines = [[_value(zfs, pool, name, space, parsable) for name in columns] for pool in _pools(zfs, names)]
    if "-H" in options:
        process.say("".join("\t".join(line) + "\n" for line in lines))
        return
    heads = [{long: short for short, long in _SHORT.items()}.get(name, name).upper() for name in columns]
    process.say(aligned([heads, *lines]) if lines else "no pools available\n")


def _value(zfs: Zfs, pool: Pool, name: str, space: Space, parsable: bool) -> str:
    """A cell of ``zpool list``."""
    if name == "name":
        return pool.name
    found = pools.properties(pool, space, _health(zfs, pool)).get(_SHORT.get(name, name))
    if found is None:
        raise ZfsError(f"bad property list: invalid property '{name}'", 2)
    return found[0] if parsable else pools.readable(_SHORT.get(name, name), found[0])


def _health(zfs: Zfs, pool: Pool) -> str:
    return vdevs.pool_state(pool, zfs.disks)


def _set(zfs: Zfs, process: Process) -> None:
    _given, words = getopt.getopt(process.argv[2:], "")
    if len(words) < 2:
        what = "property=value argument" if not words else "pool name"
        raise ZfsError(f"missing {what}\nusage:\n\tset <property=value> <pool>", 2)
    key, equals, value = words[0].partition("=")
    if not equals:
        raise ZfsError("missing value in property=value argument\nusage:\n\tset <property=value> <pool>", 2)
    (pool,) = _pools(zfs, words[1:2])
    try:
        pool.properties[key] = pools.normalised(key, value)
    except ZfsError as refused:
        raise ZfsError(f"cannot set property for '{pool.name}': {refused.text}") from refused


def _get(zfs: Zfs, process: Process) -> None:
    given, rest = getopt.gnu_getopt(process.argv[2:], "Hpo:")
    options = dict(given)
    if not rest:
        raise ZfsError('missing property argument\nusage:\n\tget [-Hp] <"all" | property[,...]> <pool> ...', 2)
    space, fields = zfs.space(), options.get("-o", "name,property,value,source").split(",")
    lines = []
    for pool in _pools(zfs, rest[1:]):
        known = pools.properties(pool, space, _health(zfs, pool))
        for name in known if rest[0] == "all" else rest[0].split(","):
            if name not in known:
                raise ZfsError(f"bad property list: invalid property '{name}'\nFor more info, run: zpool help get", 2)
            value, source = known[name]
            text = value if "-p" in options else pools.readable(name, value)
            cells = {"name": pool.name, "property": name, "value": text, "source": source}
            lines.append([cells[field] for field in fields])
    if "-H" in options:
        process.say("".join("\t".join(line) + "\n" for line in lines))
    else:
        process.say(aligned([[field.upper() for field in fields], *lines]))


def _status(zfs: Zfs, process: Process) -> None:
    knows_json = not zfs.version.startswith("2.2")
    longs = ["json", "json-int"] if knows_json else []
    given, names = getopt.gnu_getopt(process.argv[2:], "vxPLj" if knows_json else "vxPL", longs)
    options = dict(given)
    found = _pools(zfs, names)
    name = status.namer(zfs.disks, full="-P" in options, followed="-L" in options)
    if "-j" in options or "--json" in options:
        numbers = "--json-int" in options
        process.say(status.as_json(found, zfs.space(), zfs.disks, name, numbers=numbers))
        return
    if "-x" in options and all(_health(zfs, pool) == "ONLINE" for pool in found):
        healthy = "".join(f"pool '{pool.name}' is healthy\n" for pool in found) if names else "all pools are healthy\n"
        process.say(healthy)
        return
    shown = [pool for pool in found if "-x" not in options or _health(zfs, pool) != "ONLINE"]
    process.say("\n".join(status.as_text(pool, zfs.disks, name) for pool in shown) or "no pools available\n")


def _version(zfs: Zfs, process: Process) -> None:
    process.say(f"zfs-{zfs.version}\nzfs-kmod-{zfs.version}\n")


_VERBS: Mapping[str, Callable[[Zfs, Process], None]] = {
    "add": zpool_create.add,
    "clear": zpool_care.clear,
    "create": zpool_create.create,
    "destroy": zpool_create.destroy,
    "export": zpool_import.export,
    "get": _get,
    "import": zpool_import.import_,
    "labelclear": zpool_create.labelclear,
    "list": _list,
    "offline": zpool_care.offline,
    "online": zpool_care.online,
    "scrub": zpool_care.scrub,
    "set": _set,
    "status": _status,
    "version": _version,
}
