"""Power that fails: what Phoenix moves into place is on the disk by then, or a file that is empty may stand there.

A file system may keep the new name and lose what was just written (ext4 does; the host lab's power cuts show it).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hosts import canary
from phoenix_hypervisor.cli.fitting import fit
from phoenix_hypervisor.simulator import programs
from phoenix_hypervisor.simulator.coreutils.common import absolute
from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.simulator.process import Process, Program, Run
from rig import Rig, load_site

ELSEWHERE = ("/run/", "/tmp/", "/var/lib/.overlay.", "/etc/pve/")
"""What no reboot keeps, a trial that is taken away again, and what writes through by itself (pmxcfs(8))."""


def _watched(program: Program, watch: Callable[[Process], None]) -> Program:
    def run(process: Process, /) -> Run:
        watch(process)
        return (yield from program(process))

    return run


class Watched:
    """What was synced, by its machine and path, and what was moved into place otherwise."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._synced: dict[tuple[int, str], str] = {}
        self.moved: list[str] = []
        self.lost: list[str] = []
        for name, watch in (("sync", self._sync), ("mv", self._move)):
            watched = _watched(programs._DEBIAN[name], watch)
            monkeypatch.setitem(vars(programs)["_DEBIAN"], name, watched)

    def _files(self, process: Process) -> Iterator[tuple[tuple[int, str], str]]:
        for word in process.argv[1:]:
            path = absolute(process, word)
            entry = process.files.stat(path)
            if not word.startswith("-") and entry is not None and entry.kind == "file":
                yield (id(process.machine), path), entry.data

    def _sync(self, process: Process) -> None:
        self._synced |= dict(self._files(process))

    def _move(self, process: Process) -> None:
        source, target = process.argv[-2:]
        if absolute(process, target).startswith(ELSEWHERE):
            return
        self.moved.append(target)
        found = dict(self._files(process))
        place = (id(process.machine), absolute(process, source))
        if place in found and self._synced.get(place) != found[place]:
            self.lost.append(f"{source} -> {target}")


@pytest.mark.parametrize("version", [8, 9])
def test_what_is_moved_into_place_is_on_the_disk(
    repository: Path, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    watched = Watched(monkeypatch)
    site = load_site(repository / "examples/ai-lab")
    node = Node.new(version=version)
    fit(site, node)
    Rig(site, node, whole=True, secrets=canary).converge()
    assert len(watched.moved) > 20
    assert watched.lost == []
