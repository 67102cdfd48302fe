"""Libraries and programs of NVIDIA's driver, without its modules: those are the node's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.documents.host import Version
from phoenix_hypervisor.documents.types import Url
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Resource, Symbol, Verdict
from phoenix_hypervisor.resources.runfile import CACHE, Sha256, runfile

_LOOK = """\
for file in usr/lib/x86_64-linux-gnu/libnvidia-ml.so.*.*; do
  [ -e "$file" ] && echo "library ${file##*.so.}"
done
if command -v nvidia-smi >/dev/null; then
  if said=$(nvidia-smi --query-gpu=uuid --format=csv,noheader 2>&1); then
    echo "cards $(echo "$said" | grep -c '^GPU-')"
  else
    echo "trouble "$said
  fi
fi
:
"""
_INSTALL = """\
set -eu
file=$1 url=$2 sum=$3
mkdir -p "${file%/*}"
if [ ! -s "$file" ]; then
  curl --fail --location --silent --show-error --connect-timeout 30 --max-time 3600 --retry 3 \\
    --output "$file.part" "$url"
  sync "$file.part"
  mv -f "$file.part" "$file"
fi
if [ -n "$sum" ]; then
  found=$(sha256sum <"$file")
  if [ "${found%% *}" != "$sum" ]; then
    rm -f "$file"
    echo "$url: its SHA-256 is ${found%% *}, declared is $sum" >&2
    exit 1
  fi
fi
sh "$file" --check >/dev/null 2>&1 || { rm -f "$file"; echo "$url: what was fetched is damaged" >&2; exit 1; }
if ! sh "$file" --silent --no-kernel-modules --no-x-check --no-nouveau-check --no-backup; then
  echo "the installer failed; /var/log/nvidia-installer.log ends with:" >&2
  tail -n 20 /var/log/nvidia-installer.log >&2 || :
  exit 1
fi
rm -f "$file"
"""
_CHECK = """\
said=$(nvidia-smi --query-gpu=uuid --format=csv,noheader 2>&1) || { echo "$said" >&2; exit 1; }
found=$(echo "$said" | grep -c '^GPU-')
[ "$found" -eq "$1" ] || { echo "nvidia-smi lists $found cards, $1 are assigned" >&2; exit 1; }
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What of the driver is there.

    ``library`` is the version of the libraries, empty where there are none; ``cards`` how many nvidia-smi lists, None
    where it does not run or is not there; ``trouble`` what it says in the first of those cases.
    """

    library: str
    cards: int | None
    trouble: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether the programs are there beside the libraries."""
        return bool(self.library) and (self.cards is not None or bool(self.trouble))


def _seen(result: Result) -> Seen:
    text = answered(result, "its NVIDIA driver")
    found = dict(re.findall(r"^(library|cards|trouble) (.+)$", text, re.MULTILINE))
    cards = found.get("cards")
    if cards is not None and not cards.isdecimal():
        raise NodeError("How many NVIDIA cards the container has cannot be read.")
    return Seen(found.get("library", ""), None if cards is None else int(cards), found.get("trouble", ""))


_STATE = Fact("NVIDIA's libraries", Command("sh", "-s", stdin=_LOOK, timeout=30.0), _seen)


class UserDriver(Resource):
    """The libraries of one version, and as many cards listed as are assigned. ``name`` is the version."""

    kind: ClassVar[str] = "nvidia.user-driver"
    name: Version
    url: Url
    sha256: Sha256 | None = None
    cards: int = 0

    def facts(self) -> Iterator[Fact[Any]]:
        yield _STATE

    def change(self, facts: Facts) -> Iterator[Command]:
        state = facts[_STATE]
        if self._is_to_be_installed(state):
            arguments = (f"{CACHE}/{runfile(self.name)}", self.url, self.sha256 or "")
            yield Command("sh", "-c", _INSTALL, "install-driver", *arguments, timeout=5400.0)
        if state.cards != self.cards:
            yield Command("sh", "-c", _CHECK, "check-cards", str(self.cards), timeout=60.0)

    def _is_to_be_installed(self, state: Seen) -> bool:
        return state.library != self.name or not state.is_whole

    def verdict(self, facts: Facts) -> Verdict:
        state = facts[_STATE]
        if self._is_to_be_installed(state):
            there = f"{state.library} is there" if state.library != self.name else "its programs are missing"
            reason = there if state.library else "not there yet"
            return Verdict(Symbol.CHANGE if state.library else Symbol.ADD, reason)
        return Verdict(reason=state.trouble or f"{state.cards} cards are listed, {self.cards} are assigned")

    def __str__(self) -> str:
        cards = f" for {self.cards} card{'s' if self.cards != 1 else ''}" if self.cards else ""
        return f"driver {self.name}{cards}"
