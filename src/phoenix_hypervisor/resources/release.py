"""A program that its makers publish as an archive: fetched whole or not at all, checked, and put in place at once.

What is there is asked for its version. The one that was installed is written down beside it (``FOLDER.version``), so
that one that nobody declares stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.documents.types import Sha256, Url
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Resource, Symbol, Verdict
from phoenix_hypervisor.resources.paths import AbsolutePath

_TIMEOUT = 7200.0
_LOOK = """\
[ ! -x "$1/$2" ] || HOME=/root "$1/$2" --version 2>&1 | sed 's/^/said /'
[ ! -f "$1.version" ] || sed 's/^/kept /' "$1.version"
:
"""
_INSTALL = """\
set -eu
folder=$1 program=$2 url=$3 sum=$4 link=$5 strip=$6
draft=$folder.new archive=$folder.part
trap 'rm -rf --one-file-system "$draft" "$archive"' EXIT
rm -rf --one-file-system "$draft" "$archive"
mkdir -p "$draft"
curl --fail --location --silent --show-error --connect-timeout 30 --max-time 7000 --retry 3 --output "$archive" "$url"
if [ -n "$sum" ]; then
  found=$(sha256sum <"$archive")
  if [ "${found%% *}" != "$sum" ]; then
    echo "$url: its SHA-256 is ${found%% *}, declared is $sum" >&2
    exit 1
  fi
fi
tar -x -f "$archive" -C "$draft" --no-same-owner --strip-components "$strip"
if [ ! -x "$draft/$program" ]; then
  echo "$url: there is no $program in it" >&2
  exit 1
fi
said=$(HOME=/root "$draft/$program" --version 2>&1) || { echo "$url: it does not run: $said" >&2; exit 1; }
version=${said##*version}
version=${version#:}
version=${version# }
version=${version#is }
printf '%s\\n' "${version%%[!A-Za-z0-9.+-]*}" >"$folder.version"
ln -sfn "$folder/$program" "$link"
rm -rf --one-file-system "$folder"
sync -f "$draft"
mv "$draft" "$folder"
"""
_VERSION = re.compile(r"version(?: is|:)? ([0-9]\S*)")


@dataclass(frozen=True, slots=True)
class Seen:
    """The version that the program tells, and the one that was installed; empty where there is none."""

    told: str
    kept: str


def _seen(result: Result) -> Seen:
    lines = answered(result, "which version of a program there is").splitlines()
    if not all(line.startswith(("said ", "kept ")) for line in lines):
        raise NodeError("Which version of a program there is cannot be read.", "Look whether the container works.")
    said = [found[1] for line in lines if line.startswith("said ") and (found := _VERSION.search(line))]
    kept = [line.removeprefix("kept ") for line in lines if line.startswith("kept ")]
    return Seen(said[-1] if said else "", kept[-1].strip() if kept else "")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


class Release(Resource):
    """A program in a folder of its own. ``name`` is the folder, ``program`` the path of what is run in it.

    ``urls`` are rows of a version and the address from that version on, with ``{version}`` in it; ``newest`` is the
    address without one. Without a version the one that is there stays. ``strip``: so many folders are left out of the
    names in the archive.
    """

    kind: ClassVar[str] = "release"
    name: AbsolutePath
    program: str
    version: str | None = None
    urls: tuple[tuple[str, str], ...]
    newest: Url
    sha256: Sha256 | None = None
    strip: int = 0

    @property
    def _link(self) -> str:
        return f"/usr/local/bin/{self.program.rpartition('/')[2]}"

    @property
    def _fact(self) -> Fact[Seen]:
        look = Command("sh", "-s", "--", self.name.lstrip("/"), self.program, stdin=_LOOK, timeout=30.0)
        return Fact(f"program in {self.name}", look, _seen)

    def facts(self) -> Iterator[Fact[Any]]:
        yield self._fact

    def change(self, facts: Facts) -> Iterator[Command]:
        seen = facts[self._fact]
        wanted = self.version or seen.kept
        if seen.told and seen.told == wanted == seen.kept:
            return
        url = self._address(wanted) if wanted else self.newest
        words = (self.name, self.program, url, (self.sha256 or "").lower(), self._link, str(self.strip))
        yield Command("sh", "-c", _INSTALL, "install-release", *words, timeout=_TIMEOUT)

    def _address(self, version: str) -> str:
        found = [url for since, url in self.urls if _numbers(since) <= _numbers(version)]
        return (found or [self.urls[0][1]])[-1].format(version=version)

    def verdict(self, facts: Facts) -> Verdict:
        seen = facts[self._fact]
        if not seen.told:
            return Verdict(Symbol.ADD, "not installed")
        wanted = self.version or seen.kept
        return Verdict(reason=f"{seen.told} is there, {wanted or 'none'} is {'declared' if self.version else 'kept'}")

    def __str__(self) -> str:
        name = self.program.rpartition("/")[2]
        return f"{name} {self.version}" if self.version else f"{name} as installed, else its newest"
