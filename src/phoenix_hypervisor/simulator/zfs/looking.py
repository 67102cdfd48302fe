"""``zfs list`` and ``zfs get``: what is asked for, and what of it is not there."""

from __future__ import annotations

from phoenix_hypervisor.simulator.process import Process
from phoenix_hypervisor.simulator.zfs import arguments, listing, properties
from phoenix_hypervisor.simulator.zfs.arguments import Options
from phoenix_hypervisor.simulator.zfs.datasets import Zfs
from phoenix_hypervisor.simulator.zfs.model import ZfsError


def show(zfs: Zfs, process: Process, given: Options, names: list[str]) -> None:
    kinds = listing.kinds_of(arguments.last(given, "-t", "filesystem,volume"))
    depth = arguments.depth(given, 0 if names else None)
    if kinds == {"snapshot"} and names and depth == 0:
        depth = 1
    kinds |= {"snapshot"} if any("@" in name for name in names) else set()
    columns = listing.columns_of(arguments.last(given, "-o", "name,used,avail,refer,mountpoint"))
    parsable = arguments.has(given, "-p")
    found, failed = _rows(zfs, process, names, kinds, depth)
    for option, key in given[::-1]:
        if option in ("-s", "-S"):
            _sort(zfs, found, properties.canonical(key), reverse=option == "-S")
    if not found and not failed and not arguments.has(given, "-H"):
        process.complain("no datasets available\n")
        return
    if found:
        process.say(listing.listing(zfs, found, columns, bare=arguments.has(given, "-H"), parsable=parsable))
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


def get(zfs: Zfs, process: Process, given: Options, names: list[str]) -> None:
    if not names:
        raise arguments.usage("missing property argument")
    keys = [key if key == "all" else properties.canonical(key) for key in names[0].split(",")]
    for key in keys:
        if key != "all" and not properties.is_known(key):
            raise ZfsError(f"bad property list: invalid property '{key}'\nFor more info, run: zfs help get", 2)
    kinds = listing.kinds_of(arguments.last(given, "-t", "filesystem,volume"))
    kinds |= {"snapshot"} if any("@" in name for name in names[1:]) else set()
    found, failed = _rows(zfs, process, names[1:], kinds, arguments.depth(given, 0 if names[1:] else None))
    fields = arguments.last(given, "-o", "name,property,value,source").split(",")
    if fields == ["all"]:
        fields = ["name", "property", "value", "received", "source"]
    bare, parsable = arguments.has(given, "-H"), arguments.has(given, "-p")
    process.say(listing.gotten(zfs, found, keys, fields, bare=bare, parsable=parsable))
    if failed:
        raise failed
