"""The program ``zfs``."""

from __future__ import annotations

import getopt
from collections.abc import Callable

from phoenix_hypervisor.simulator import durations
from phoenix_hypervisor.simulator.process import Process, Program, Run
from phoenix_hypervisor.simulator.zfs import arguments, looking, properties, renaming
from phoenix_hypervisor.simulator.zfs.arguments import Options
from phoenix_hypervisor.simulator.zfs.datasets import Zfs
from phoenix_hypervisor.simulator.zfs.model import ZfsError

Verb = Callable[[Zfs, Process, Options, list[str]], None]


def program(zfs: Zfs) -> Program:
    """``zfs`` over the datasets of one node."""

    def run(process: Process) -> Run:
        yield durations.ZFS
        verb = process.argv[1] if len(process.argv) > 1 else ""
        if verb not in _VERBS:
            what = f"unrecognized command '{verb}'" if verb else "missing command"
            process.complain(f"{what}\nusage: zfs command args ...\n{arguments.USAGE}")
            return 2
        options, act = _VERBS[verb]
        try:
            given, names = getopt.gnu_getopt(process.argv[2:], options)
            act(zfs, process, given, names)
        except getopt.GetoptError as wrong:
            process.complain(f"invalid option '{wrong.opt}'\nusage:\n\t{verb}\n\n{arguments.USAGE}")
            return 2
        except ZfsError as refused:
            process.complain(f"{refused.text}\n")
            return refused.rc
        return 0

    return run


def _set(zfs: Zfs, _process: Process, _given: Options, names: list[str]) -> None:
    values = arguments.assignments([name for name in names if "=" in name])
    targets = [name for name in names if "=" not in name]
    if not values:
        raise arguments.usage("missing property=value argument(s)")
    if not targets:
        raise arguments.usage("missing dataset name(s)")
    for name in targets:
        zfs.assign(name, values)


def _create(zfs: Zfs, _process: Process, given: Options, names: list[str]) -> None:
    name, parents = arguments.one(names, "filesystem"), arguments.has(given, "-p")
    if parents and name in zfs.datasets:
        return
    zfs.create(name, arguments.assignments(arguments.chosen(given, "-o")), parents=parents)


def _snapshot(zfs: Zfs, _process: Process, given: Options, names: list[str]) -> None:
    if not names:
        raise arguments.usage("missing snapshot argument")
    values = arguments.assignments(arguments.chosen(given, "-o"))
    wanted = []
    for name in names:
        dataset, at, short = name.partition("@")
        if not at:
            raise ZfsError(f"cannot create snapshot '{name}': missing '@' delimiter in snapshot name", 1)
        if dataset not in zfs.datasets:
            raise arguments.usage(f"cannot open '{dataset}': dataset does not exist")
        inner = [dataset, *(one.name for one in zfs.below(dataset))] if arguments.has(given, "-r") else [dataset]
        wanted += [f"{one}@{short}" for one in inner]
    for full in wanted:
        zfs.take(full, values)


def _clone(zfs: Zfs, _process: Process, given: Options, names: list[str]) -> None:
    if not names:
        raise arguments.usage("missing source dataset argument")
    if len(names) != 2:
        raise arguments.usage("missing target dataset argument" if len(names) == 1 else "too many arguments")
    if "@" not in names[0]:
        raise ZfsError(f"cannot open '{names[0]}': not a snapshot")
    zfs.clone(
        names[0], names[1], arguments.assignments(arguments.chosen(given, "-o")), parents=arguments.has(given, "-p")
    )


def _destroy(zfs: Zfs, _process: Process, given: Options, names: list[str]) -> None:
    name = arguments.one(names)
    recursive, clones = arguments.has(given, "-r"), arguments.has(given, "-R")
    dataset, at, shorts = name.partition("@")
    wanted = [f"{dataset}@{short}" for short in shorts.split(",")] if at else [name]
    if arguments.has(given, "-n"):
        return
    for one in wanted:
        zfs.destroy(one, recursive=recursive, clones=clones)


def _inherit(zfs: Zfs, _process: Process, given: Options, names: list[str]) -> None:
    if not names:
        raise arguments.usage("missing property argument")
    if len(names) < 2:
        raise arguments.usage("missing dataset argument")
    key = properties.canonical(names[0])
    known = properties.NATIVE.get(key)
    if not properties.is_known(key):
        raise arguments.usage(f"invalid property '{key}'")
    if key in properties.READ_ONLY:
        raise arguments.usage(f"'{key}' property cannot be inherited: read-only")
    if known and not known.inherit:
        raise ZfsError(f"'{key}' property cannot be inherited", 2)
    for name in names[1:]:
        inner = [one.name for one in zfs.below(name)] if arguments.has(given, "-r") else []
        for one in (name, *inner):
            zfs.inherit(one, key, received=arguments.has(given, "-S"))


def _rollback(zfs: Zfs, _process: Process, given: Options, names: list[str]) -> None:
    zfs.rollback(arguments.one(names), newer=arguments.has(given, "-r") or arguments.has(given, "-R"))


def _rename(zfs: Zfs, _process: Process, _given: Options, names: list[str]) -> None:
    if len(names) != 2:
        raise arguments.usage(
            "missing target dataset argument" if len(names) == 1 else "missing source dataset argument"
        )
    zfs.rename(names[0], names[1])


def _promote(zfs: Zfs, _process: Process, _given: Options, names: list[str]) -> None:
    renaming.promote(zfs, arguments.one(names, "clone filesystem"))


def _mount(zfs: Zfs, process: Process, given: Options, names: list[str]) -> None:
    if arguments.has(given, "-a"):
        zfs.mounting.off.clear()
        zfs.remount()
        return
    if not names:
        mounted = [name for name in sorted(zfs.datasets) if zfs.mountpoint(name)]
        process.say("".join(f"{name:<30}  {zfs.mountpoint(name)}\n" for name in mounted))
        return
    name = arguments.one(names, "dataset")
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
    if not arguments.has(given, "-a"):
        wanted = arguments.one(names, "filesystem")
        found = next((name for name in chosen if zfs.mountpoint(name) == wanted), wanted)
        zfs.dataset(found)
        if found not in chosen:
            raise ZfsError(f"cannot unmount '{wanted}': not currently mounted")
        chosen = [name for name in chosen if name == found or name.startswith(f"{found}/")]
    zfs.mounting.check_idle(zfs.datasets[name] for name in chosen)
    zfs.mounting.off |= set(zfs.mounting.unmount(chosen))


_VERBS: dict[str, tuple[str, Verb]] = {
    "list": ("HS:d:o:prs:t:", looking.show),
    "get": ("Hd:o:prs:t:", looking.get),
    "set": ("u", _set),
    "create": ("o:pu", _create),
    "snapshot": ("o:r", _snapshot),
    "snap": ("o:r", _snapshot),
    "clone": ("o:p", _clone),
    "destroy": ("Rdfnprv", _destroy),
    "inherit": ("rS", _inherit),
    "rollback": ("Rfr", _rollback),
    "rename": ("fpru", _rename),
    "promote": ("", _promote),
    "mount": ("aflOo:v", _mount),
    "unmount": ("afu", _unmount),
    "umount": ("afu", _unmount),
}
