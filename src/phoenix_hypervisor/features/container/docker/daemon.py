"""The daemon's settings: what we need is merged into daemon.json, whatever else stands there stays."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.features.container.docker.state import STATE
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Resource, Symbol, Verdict
from phoenix_hypervisor.resources.file import Seen, content_of, difference, write

PATH = "/etc/docker/daemon.json"
_RUNTIMES = {"nvidia": {"args": [], "path": "nvidia-container-runtime"}}


def _settings(seen: Seen | None) -> dict[str, Any]:
    """What stands there. Raises NodeError where it cannot be read as dockerd does."""
    if seen is None or not (seen.text or "").strip():
        return {}
    try:
        found = json.loads(seen.text or "")
    except ValueError as wrong:
        raise NodeError(f"{PATH} in the container is no JSON: {wrong}.", "Mend it, or move it away.") from wrong
    if not isinstance(found, dict) or not isinstance(found.get("runtimes", {}), dict):
        raise NodeError(f"{PATH} in the container is not an object of settings.", "Mend it, or move it away.")
    return found


def _readable(result: Result) -> Seen | None:
    seen = content_of(PATH).parse(result)
    _settings(seen)
    return seen


_FILE = Fact(f"settings {PATH}", content_of(PATH).command, _readable)


def merged(there: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """The one with the other's keys, objects merged in depth; the order of what is there stays."""
    found = dict(there)
    for key, value in ours.items():
        before = found.get(key)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        found[key] = merged(before, value) if both else value  # type: ignore[arg-type]
    return found


class Daemon(Resource):
    """The settings that this container needs in daemon.json.

    Docker itself chooses overlay where that works; where the probe says that it does not, we choose, unless somebody
    has chosen. ``with_cards``: NVIDIA's runtime is known to Docker.
    """

    kind: ClassVar[str] = "docker.daemon"
    with_cards: bool = False

    def facts(self) -> Iterator[Fact[Any]]:
        yield _FILE
        yield STATE

    def _wanted(self, facts: Facts) -> dict[str, Any]:
        there, state = _settings(facts[_FILE]), facts[STATE]
        ours: dict[str, Any] = {"runtimes": _RUNTIMES} if self.with_cards else {}
        if not (state.answers or state.overlay or "storage-driver" in there):
            ours["storage-driver"] = "fuse-overlayfs" if state.fuse else "vfs"
        return merged(there, ours)

    def _text(self, facts: Facts) -> str:
        return json.dumps(self._wanted(facts), indent=4, ensure_ascii=False) + "\n"

    def change(self, facts: Facts) -> Iterator[Command]:
        seen = facts[_FILE]
        if self._wanted(facts) == _settings(seen):
            return
        owner, group, mode = (seen.owner, seen.group, seen.mode) if seen else ("root", "root", "0644")
        text, notify = self._text(facts), ("docker.service",)
        yield write(PATH, text, seen, owner=owner, group=group, mode=mode, notify=notify)

    def verdict(self, facts: Facts) -> Verdict:
        seen = facts[_FILE]
        detail = difference(PATH, (seen.text if seen else None) or "", self._text(facts))
        return Verdict(Symbol.CHANGE if seen else Symbol.ADD, "settings are missing", detail)

    def __str__(self) -> str:
        return "settings with NVIDIA's runtime" if self.with_cards else "settings"
