"""The program ``zfs``."""

from __future__ import annotations

import getopt
from collections.abc import Callable, Sequence

from phoenix_hypervisor.simulator import durations
from phoenix_hypervisor.simulator.process import Process, Program, Run
from phoenix_hypervisor.simulator.zfs import listing, properties
from phoenix_hypervisor.simulator.zfs.datasets import Zfs
from phoenix_hypervisor.simulator.zfs.model import ZfsError

Options = list[tuple[str, str]]
Verb = Callable[[Zfs, Process, Options, list[str]], None]

_USAGE = "For the property list, run: zfs set|get\n\nFor the delegated permission list, run: zfs allow|unallow\n"


def program(zfs: Zfs) -> Program:
    """``zfs`` over the datasets of one node."""

    def run(process: Process) -> Run:
        yield durations.ZFS
        verb = process.argv[1] if len(process.argv) > 1 else ""
        if verb not in _VERBS:
            what = f"unrecognized command '{verb}'" if verb else "missing command"
            process.complain(f"{what}\nusage: zfs command args ...\n{_USAGE}")
            return 2
        options, act = _VERBS[verb]
        try:
            given, names = getopt.gnu_getopt(process.argv[2:], options)
            act(zfs, process, given, names)
        except getopt.GetoptError as wrong:
            process.complain(f"invalid option '{wrong.opt}'\nusage:\n\t{verb}\n\n{_USAGE}")
            return 2
        except ZfsError as refused:
            process.complain(f"{refused.text}\n")
            return refused.rc
        return 0

    return run


def _usage(text: str) -> ZfsError:
    return ZfsError(f"{text}\n{_USAGE}".rstrip("\n"), 2)


def _one(names: Sequence[str], what: str = "dataset") -> str:
    if not names:
        raise _usage(f"missing {what} argument")
    if len(names) > 1:
        raise _usage("too many arguments")
    return names[0]


def _assignments(texts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise _usage(f"missing '=' for property=value argument in '{text}'")
        if key in found:
            raise _usage(f"property '{key}' specified multiple times")
        found[key] = value
    return found


def _chosen(given: Options, letter: str) -> list[str]:
    return [value for option, value in given if option == letter]


def _last(given: Options, letter: str, default: str) -> str:
    return (_chosen(given, letter) or [default])[-1]


def _has(given: Options, letter: str) -> bool:
    return any(option == letter for option, _value in given)


def _depth(given: Options, default: int | None) -> int | None:
    if _has(given, "-d"):
        return int(_last(given, "-d", "0"))
    return None if _has(given, "-r") else default


def _list(zfs: Zfs, process: Process, given: Options, names: list[str]) -> None:
    kinds = listing.kinds_of(_last(given, "-t", "filesystem,volume"))
    depth = _depth(given, 0 if names else None)
    if kinds == {"snapshot"} and names and depth == 0:
        depth = 1
    kinds |= {"snapshot"} if any("@" in name for name in names) else set()
    columns = listing.columns_of(_last(given, "-o", "name,used,avail,refer,mountpoint"))
    parsable = _has(given, "-p")
    found, failed = _rows(zfs, process, names, kinds, depth)
    for option, key in given[::-1]:
        if option in ("-s", "-S"):
            _sort(zfs, found, properties.canonical(key), reverse=option == "-S")
    if not found and not failed and not _has(given, "-H"):
        process.complain("no datasets available\n")
        return
    if found:
        process.say(listing.listing(zfs, found, columns, bare=_has(given, "-H"), parsable=parsable))
    if failed:
        raise failed


def _sort(zfs: Zfs, found: list[listing.Row], key: str, *, reverse: bool) -> None:
    space = zfs.space()

    def order(row: listing.Row) -> tuple[int, str]:
        text = listing.value(zfs, row, key, space)[0]
        return (int(text), "") if text.isdigit() else (-1, text)

    found.sort(key=order, reverse=reverse)


def _rows(
    zfs: Zfs, process: Process, names: list[str], kinds: set[str], depth: int | None
) -> tuple[list[listing.Row], ZfsError | None]:
    """The rows of the names that are there; the last error of those that are not, the others already told."""
    found: list[listing.Row] = []
    failed: ZfsError | None = None
    if not names:
        return list(listing.rows(zfs, names, kinds, depth)), None
    for name in names:
        try:
            found += [row for row in listing.rows(zfs, [name], kinds, depth) if row not in found]
        except ZfsError as missing:
            if failed:
                process.complain(f"{failed.text}\n")
            failed = missing
    return found, failed


def _get(zfs: Zfs, process: Process, given: Options, names: list[str]) -> None:
    if not names:
        raise _usage("missing property argument")
    keys = [key if key == "all" else properties.canonical(key) for key in names[0].split(",")]
    for key in keys:
        if key != "all" and not properties.is_known(key):
            raise ZfsError(f"bad property list: invalid property '{key}'\nFor more info, run: zfs help get", 2)
    kinds = listing.kinds_of(_last(given, "-t", "filesystem,volume"))
    kinds |= {"snapshot"} if any("@" in name for name in names[1:]) else set()
    found, failed = _rows(zfs, process, names[1:], kinds, _depth(given, 0 if names[1:] else None))
    fields = _last(given, "-o", "name,property,value,source").split(",")
    if fields == ["all"]:
        fields = ["name", "property", "value", "received", "source"]
    bare, parsable = _has(given, "-H"), _has(given, "-p")
    process.say(listing.gotten(zfs, found, keys, fields, bare=bare, parsable=parsable))
    if failed:
        raise failed


def _set(zfs: Zfs, _process: Process, _given: Options, names: list[str]) -> None:
    values = _assignments([name for name in names if "=" in name])
    targets = [name for name in names if "=" not in name]
    if not values:
        raise _usage("missing property=value argument(s)")
    if not targets:
        raise _usage("missing dataset name(s)")
    for name in targets:
        zfs.assign(name, values)


def _create(zfs: Zfs, _process: Process, given: Options, names: list[str]) -> None:
    name, parents = _one(names, "filesystem"), _has(given, "-p")
    if parents and name in zfs.datasets:
        return
    zfs.create(name, _assignments(_chosen(given, "-o")), parents=parents)


def _snapshot(zfs: Zfs, _process: Process, given: Options, names: list[str]) -> None:
    if not names:
        raise _usage("missing snapshot argument")
    values = _assignments(_chosen(given, "-o"))
    wanted = []
    for name in names:
        dataset, at, short = name.partition("@")
        if not at:
            raise ZfsError(f"cannot create snapshot '{name}': missing '@' delimiter in snapshot name", 1)
        if dataset not in zfs.datasets:
            raise _usage(f"cannot open '{dataset}': dataset does not exist")
        inner = [dataset, *(one.name for one in zfs.below(dataset))] if _has(given, "-r") else [dataset]
        wanted += [f"{one}@{short}" for one in inner]
    for full in wanted:
        zfs.take(full, values)


def _clone(zfs: Zfs, _process: Process, given: Options, names: list[str]) -> None:
    if not names:
        raise _usage("missing source dataset argument")
    if len(names) != 2:
        raise _usage("missing target dataset argument" if len(names) == 1 else "too many arguments")
    if "@" not in names[0]:
        raise ZfsError(f"cannot open '{names[0]}': not a snapshot")
    zfs.clone(names[0], names[1], _assignments(_chosen(given, "-o")), parents=_has(given, "-p"))


def _destroy(zfs: Zfs, _process: Process, given: Options, names: list[str]) -> None:
    name = _one(names)
    recursive, clones = _has(given, "-r"), _has(given, "-R")
    dataset, at, shorts = name.partition("@")
    wanted = [f"{dataset}@{short}" for short in shorts.split(",")] if at else [name]
    if _has(given, "-n"):
        return
    for one in wanted:
        zfs.destroy(one, recursive=recursive, clones=clones)


def _inherit(zfs: Zfs, _process: Process, given: Options, names: list[str]) -> None:
    if not names:
        raise _usage("missing property argument")
    if len(names) < 2:
        raise _usage("missing dataset argument")
    key = properties.canonical(names[0])
    known = properties.NATIVE.get(key)
    if not properties.is_known(key):
        raise _usage(f"invalid property '{key}'")
    if key in properties.READ_ONLY:
        raise _usage(f"'{key}' property cannot be inherited: read-only")
    if known and not known.inherit:
        raise ZfsError(f"'{key}' property cannot be inherited", 2)
    for name in names[1:]:
        inner = [one.name for one in zfs.below(name)] if _has(given, "-r") else []
        for one in (name, *inner):
            zfs.inherit(one, key, received=_has(given, "-S"))


def _rollback(zfs: Zfs, _process: Process, given: Options, names: list[str]) -> None:
    zfs.rollback(_one(names), newer=_has(given, "-r") or _has(given, "-R"))


def _rename(zfs: Zfs, _process: Process, _given: Options, names: list[str]) -> None:
    if len(names) != 2:
        raise _usage("missing target dataset argument" if len(names) == 1 else "missing source dataset argument")
    zfs.rename(names[0], names[1])


def _mount(zfs: Zfs, process: Process, given: Options, names: list[str]) -> None:
    if _has(given, "-a"):
        zfs.mounting.off.clear()
        zfs.remount()
        return
    if not names:
        mounted = [name for name in sorted(zfs.datasets) if zfs.mountpoint(name)]
        process.say("".join(f"{name:<30}  {zfs.mountpoint(name)}\n" for name in mounted))
        return
    name = _one(names, "dataset")
    dataset, point = zfs.dataset(name), zfs.effective(name, "mountpoint")[0]
    reason = ""
    if zfs.mountpoint(name):
        reason = "filesystem already mounted"
    elif zfs.effective(name, "canmount")[0] == "off":
        reason = "'canmount' property is set to 'off'"
    elif point == "none":
        reason = "no mountpoint set"
    elif point == "legacy":
        reason = "legacy mountpoint\nuse mount(8) to mount this filesystem"
    elif not zfs.mounting.mount(dataset, point):
        reason = "mount failed: Device or resource busy"
    if reason:
        raise ZfsError(f"cannot mount '{name}': {reason}")
    zfs.mounting.off.discard(name)


def _unmount(zfs: Zfs, _process: Process, given: Options, names: list[str]) -> None:
    chosen = [name for name in sorted(zfs.datasets) if zfs.mountpoint(name)]
    if not _has(given, "-a"):
        wanted = _one(names, "filesystem")
        found = next((name for name in chosen if zfs.mountpoint(name) == wanted), wanted)
        zfs.dataset(found)
        if found not in chosen:
            raise ZfsError(f"cannot unmount '{wanted}': not currently mounted")
        chosen = [name for name in chosen if name == found or name.startswith(f"{found}/")]
    zfs.mounting.check_idle(zfs.datasets[name] for name in chosen)
    zfs.mounting.off |= set(zfs.mounting.unmount(chosen))


_VERBS: dict[str, tuple[str, Verb]] = {
    "list": ("HS:d:o:prs:t:", _list),
    "get": ("Hd:o:prs:t:", _get),
    "set": ("u", _set),
    "create": ("o:pu", _create),
    "snapshot": ("o:r", _snapshot),
    "snap": ("o:r", _snapshot),
    "clone": ("o:p", _clone),
    "destroy": ("Rdfnprv", _destroy),
    "inherit": ("rS", _inherit),
    "rollback": ("Rfr", _rollback),
    "rename": ("fpru", _rename),
    "mount": ("aflOo:v", _mount),
    "unmount": ("afu", _unmount),
    "umount": ("afu", _unmount),
}
