"""What ZFS tells of its datasets: properties with their sources, and which of them are ours."""

from __future__ import annotations

import re
from collections.abc import Mapping

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, answered

NOT_FOUND = 127
LIMIT = 30.0
MARK = "phoenix:properties"
"""The user property with the names of the properties that Phoenix set, between commas; ``none`` where it is none."""
_ABSENT = re.compile(r"dataset does not exist|no such pool")
State = Mapping[str, tuple[str, str]]
"""Property to value and source."""


def _state(result: Result) -> State | None:
    if result.rc == NOT_FOUND or (not result.ok and _ABSENT.search(result.stderr)):
        return None
    found: dict[str, tuple[str, str]] = {}
    for line in answered(result, "the properties of a dataset (zfs get)").splitlines():
        key, _, rest = line.partition("\t")
        value, tab, source = rest.rpartition("\t")
        if tab:
            found[key] = (value, source)
    if "type" not in found:
        raise NodeError("The node's properties of a dataset (zfs get) cannot be read.")
    return found


def state_of(name: str) -> Fact[State | None]:
    """The properties of a dataset; None where it is not there."""
    argv = ("zfs", "get", "-H", "-p", "-o", "property,value,source", "all", name)
    return Fact(f"dataset {name}", Command(*argv, timeout=LIMIT), _state)


def ours(state: State) -> frozenset[str] | None:
    """The properties of it that we set; None where we set none, ever. What a copy brought along is not ours."""
    value, source = state.get(MARK, ("-", "-"))
    if source != "local":
        return None
    return frozenset(value.split(",")) - {"", "none"}


def _marked(result: Result) -> dict[str, str]:
    text = "" if result.rc == NOT_FOUND else answered(result, "which datasets are of Phoenix (zfs get)")
    rows = [line.split("\t") for line in text.splitlines()]
    places = {row[0]: row[2] for row in rows if len(row) == 4 and row[1] == "mountpoint"}
    own = (row[0] for row in rows if len(row) == 4 and row[1] == MARK and row[3] == "local")
    return {name: places.get(name, "-") for name in own}


MARKED: Fact[dict[str, str]] = Fact(
    "datasets of Phoenix",
    Command(
        *("zfs", "get", "-H", "-t", "filesystem", "-o", "name,property,value,source", f"{MARK},mountpoint"),
        timeout=LIMIT,
    ),
    _marked,
)
"""Dataset to its mountpoint, of those on which we set properties."""

_INSIDE = """\
[ ! -d "$1" ] || exec find "$1" -mindepth 1 -maxdepth 1 -print -quit
[ ! -e "$1" ] || printf '%s\\n' "$1"
"""


def _first(result: Result) -> str:
    return answered(result, "what is in a folder").rstrip("\n").rpartition("/")[2]


def inside(path: str) -> Fact[str]:
    """The first thing in a folder, in no order; what is there in its place; empty where nothing is."""
    return Fact(
        f"inside {path}", Command("sh", "-s", "--", path.lstrip("/") or ".", stdin=_INSIDE, timeout=LIMIT), _first
    )
