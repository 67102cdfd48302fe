"""The packages of the simulated index: a few releases of vLLM and what they need, as far as it matters here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    """One release: from which version of Python on, up to which; what it needs; seconds to fetch and install it."""

    needs: Mapping[str, str]
    since: tuple[int, int] = (3, 9)
    before: tuple[int, int] = (4, 0)
    seconds: float = 1.0

    def takes(self, version: str) -> bool:
        major, minor = version.split(".")[:2]
        return self.since <= (int(major), int(minor)) < self.before

    @property
    def requires(self) -> str:
        return f"<{self.before[0]}.{self.before[1]},>={self.since[0]}.{self.since[1]}"


def _vllm(torch: str, since: tuple[int, int], before: tuple[int, int]) -> Release:
    return Release({"torch": torch, "transformers": "4.57.1", "fastapi": "0.121.0"}, since, before, 60.0)


INDEX: Mapping[str, Mapping[str, Release]] = {
    "vllm": {
        "0.10.0": _vllm("2.7.1", (3, 9), (3, 13)),
        "0.11.0": _vllm("2.8.0", (3, 10), (3, 14)),
        "0.11.2": _vllm("2.9.0", (3, 10), (3, 14)),
    },
    "torch": {version: Release({"triton": "3.4.0"}, seconds=90.0) for version in ("2.7.1", "2.8.0", "2.9.0")},
    "triton": {"3.4.0": Release({}, seconds=10.0)},
    "transformers": {"4.57.1": Release({}, seconds=3.0)},
    "fastapi": {"0.121.0": Release({}), "0.116.0": Release({})},
}
PROGRAMS = {"vllm": ("vllm", "vllm.entrypoints.cli.main")}
"""Package to the program that it brings, and its module."""
