"""The time zones that tzdata brings, in ``/usr/share/zoneinfo``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from zoneinfo import available_timezones

from phoenix_hypervisor.simulator.filesystem import Filesystem, Generated

FOLDER = "/usr/share/zoneinfo"
_ZONE = re.compile(
    r"(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc|US)(/[A-Za-z0-9_+-]+)+"
    r"|UTC|GMT|CET|EET|MET|WET|EST|MST|HST|Japan|Israel|Turkey|Poland|Portugal|Singapore|Zulu"
)


@cache
def zones() -> frozenset[str]:
    """All of them, as far as Python has tzdata to ask."""
    return frozenset(name for name in available_timezones() if _ZONE.fullmatch(name))


def zone_exists(name: str) -> bool:
    """Whether tzdata has a time zone; where Python has no tzdata to ask, whether it has the form of one."""
    return name in zones() if zones() else bool(_ZONE.fullmatch(name))


def _is_folder(name: str) -> bool:
    known = zones()
    return any(zone.startswith(f"{name}/") for zone in known) if known else bool(_ZONE.fullmatch(f"{name}/x"))


class _Zone(Generated):
    mode = 0o644

    def read(self) -> str:
        return "TZif2"


class _Folder(Generated):
    """``start`` is its path below the folder of all zones, with a slash at its end; empty for that one itself."""

    def __init__(self, start: str = "") -> None:
        self._start = start

    def children(self) -> Mapping[str, Generated]:
        return _Names(self._start)


class _Names(Mapping[str, Generated]):
    """What a folder holds, by name."""

    def __init__(self, start: str) -> None:
        self._start = start

    def _listed(self) -> set[str]:
        return {zone[len(self._start) :].partition("/")[0] for zone in zones() if zone.startswith(self._start)}

    def __getitem__(self, name: str) -> Generated:
        whole = f"{self._start}{name}"
        if zone_exists(whole):
            return _Zone()
        if _is_folder(whole):
            return _Folder(f"{whole}/")
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed())

    def __len__(self) -> int:
        return len(self._listed())


def mount_zones(files: Filesystem) -> None:
    """Show the zones; they are computed, as they are many."""
    files.generate(FOLDER, _Folder())
