"""A Python environment of its own for one program, every package of it pinned.

What was installed is written down beside it (``FOLDER.lock``), package by package. So a version that nobody declares is
the one that was newest when it was installed, and stays: nothing becomes newer by itself, and what was changed by hand
is put back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.documents.types import Release
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Resource, Symbol, Verdict
from phoenix_hypervisor.resources.paths import AbsolutePath

_TIMEOUT = 7200.0
_LISTED = """\
listed() {
  version=$("$1/bin/python3" --version 2>/dev/null) || return 0
  version=${version#Python }
  for each in "$1/lib/python${version%.*}/site-packages"/*.dist-info; do
    [ -d "$each" ] || continue
    each=${each##*/}
    each=${each%.dist-info}
    echo "${each%-*}==${each##*-}"
  done
}
"""
_LOOK = (
    _LISTED
    + """\
[ ! -e "$1.unfinished" ] || echo unfinished
listed "$1"
[ ! -f "$1.lock" ] || sed 's/^/lock /' "$1.lock"
"""
)
_INSTALL = (
    _LISTED
    + """\
set -eu
folder=$1 name=$2 how=$3 from=$4
mkdir -p "${folder%/*}"
: >"$folder.unfinished"
[ "$from" = there ] || python3 -m venv --clear "$folder"
set -- --disable-pip-version-check --no-input --no-cache-dir --progress-bar off --quiet
case $how in
  newest) set -- "$@" "$name" ;;
  lock) set -- "$@" --requirement "$folder.lock" ;;
  *) set -- "$@" "$name==$how" ;;
esac
"$folder/bin/python3" -m pip install "$@" || {
  status=$?
  [ "$from" = new ] || rm -f "$folder.unfinished"
  echo "This is $("$folder/bin/python3" --version); each release of $name says which versions of Python it takes." >&2
  exit "$status"
}
listed "$folder" | grep -v '^pip==' >"$folder.lock.new"
sync "$folder.lock.new"
mv -f "$folder.lock.new" "$folder.lock"
rm -f "$folder.unfinished"
grep "^$name==" "$folder.lock"
"""
)
_ROW = re.compile(r"(?P<lock>lock )?(?P<name>[^\s=]+)==(?P<version>\S+)")
ProjectName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")]
"""As the folder of its installed metadata has it."""


@dataclass(frozen=True, slots=True)
class State:
    """Installed packages and those written down, each with its version; whether an installation was cut off."""

    installed: Mapping[str, str]
    lock: Mapping[str, str]
    unfinished: bool

    def wrong(self) -> list[str]:
        """What is not as it was written down."""
        return [name for name, version in self.lock.items() if self.installed.get(name) != version]


def _state(result: Result) -> State:
    lines = answered(result, "which packages of Python there are").splitlines()
    rows = [_ROW.fullmatch(line) for line in lines if line != "unfinished"]
    if None in rows:
        raise NodeError("Which packages of Python there are cannot be read.", "Look whether the container works.")
    found = [(row["lock"], row["name"], row["version"]) for row in rows if row]
    installed = {name: version for lock, name, version in found if not lock}
    return State(installed, {name: version for lock, name, version in found if lock}, "unfinished" in lines)


class Venv(Resource):
    """An environment with one project and what that needs. ``name`` is its folder.

    Without a version the one that is there stays.
    """

    kind: ClassVar[str] = "python.venv"
    name: AbsolutePath
    project: ProjectName
    version: Release | None = None

    @property
    def _fact(self) -> Fact[State]:
        look = Command("sh", "-s", "--", self.name.lstrip("/"), stdin=_LOOK, timeout=30.0)
        return Fact(f"packages in {self.name}", look, _state)

    def facts(self) -> Iterator[Fact[Any]]:
        yield self._fact

    def _is_kept(self, state: State) -> bool:
        """Whether what is written down is what is wanted."""
        return self.project in state.lock and self.version in (None, state.lock[self.project])

    def change(self, facts: Facts) -> Iterator[Command]:
        state = facts[self._fact]
        if self._is_kept(state) and not state.unfinished and not state.wrong():
            return
        how = "lock" if self._is_kept(state) else self.version or "newest"
        can_go_on = "pip" in state.installed and not state.unfinished
        start: Literal["there", "new"] = "there" if can_go_on else "new"
        yield Command("sh", "-c", _INSTALL, "install-project", self.name, self.project, how, start, timeout=_TIMEOUT)

    def verdict(self, facts: Facts) -> Verdict:
        state = facts[self._fact]
        if not state.lock:
            return Verdict(Symbol.ADD, "not installed")
        if not self._is_kept(state):
            return Verdict(reason=f"{state.lock.get(self.project, 'none')} is there, declared is {self.version}")
        if state.unfinished:
            return Verdict(reason="an installation was cut off")
        now = [f"{name} {state.installed.get(name, 'is gone')}, was {state.lock[name]}" for name in state.wrong()]
        return Verdict(reason="; ".join(now[:3]) + (f"; {len(now) - 3} more" if len(now) > 3 else ""))

    def __str__(self) -> str:
        return f"{self.project} {self.version}" if self.version else f"{self.project} as installed, else its newest"
