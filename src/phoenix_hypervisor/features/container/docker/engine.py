"""Docker's packages: engine, command line and compose, from the distribution or from Docker."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import reduce
from typing import Any, ClassVar, Literal

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.documents.host import DockerVersion
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.features.container.docker.preflight import PREFLIGHT
from phoenix_hypervisor.features.container.docker.state import STATE
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Resource, Symbol, Verdict
from phoenix_hypervisor.resources import apt
from phoenix_hypervisor.resources.distribution import DISTRIBUTION, Distribution

Source = Literal["distribution", "docker"]
_WITHOUT_CLI = ("buster", "bullseye", "bookworm")
"""Releases of Debian whose docker.io has the command line in it; later ones have a package for it."""
_DISTRIBUTIONS = ("docker.io", "docker-cli", "docker-compose", "docker-compose-v2")
_DOCKERS = ("docker-ce", "docker-ce-cli", "containerd.io", "docker-compose-plugin")
_KNOWN = (*_DISTRIBUTIONS, *_DOCKERS, "ca-certificates", "fuse-overlayfs")
_SCRIPT = """\
set -eu
wanted=$1 pinned=$2 others=$3
shift 3
@MEND@
@UPDATE@
@PREFLIGHT@for name in $pinned; do
  there=$(apt-cache policy "$name" |
    sed -n -e 's/^ \\*\\*\\* \\([^ ]*\\) .*/\\1/p' -e 's/^     \\([^ ]*\\) [0-9].*/\\1/p')
  found=
  for version in $there; do
    case ${version#*:} in
      "$wanted" | "$wanted"[-+~]*) found=$version ;;
    esac
    [ "$version" != "$wanted" ] || found=$version
    [ -z "$found" ] || break
  done
  if [ -z "$found" ]; then
    echo "docker.version: $name $wanted is not in the package sources; there is:" ${there:-nothing} >&2
    exit 1
  fi
  set -- "$@" "$name=$found"
done
[ -z "$others" ] || apt-get remove @APT@ $others
exec apt-get install @APT@ --allow-downgrades --no-install-recommends "$@"
"""
_PIECES = (
    ("@MEND@", apt.MEND),
    ("@UPDATE@", " ".join(apt.UPDATE)),
    ("@APT@", " ".join(apt.OPTIONS)),
    ("@PREFLIGHT@", PREFLIGHT),
)
_INSTALL = reduce(lambda text, piece: text.replace(*piece), _PIECES, _SCRIPT)


def _versions(result: Result) -> dict[str, str]:
    """The versions of what is installed; dpkg answers 1 when it does not know one of them."""
    if result.rc not in (0, 1):
        raise NodeError(f"The container could not tell which packages are installed: {result.said}")
    return dict(re.findall(r"^(\S+) installed (\S+)$", result.stdout, re.MULTILINE))


_INSTALLED = Fact(
    "Docker's packages",
    Command("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status} ${Version}\n", *_KNOWN),
    _versions,
)


def packages_of(source: Source, there: Distribution) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The packages that have Docker's version, and the others."""
    if source == "docker":
        return ("docker-ce", "docker-ce-cli"), ("containerd.io", "docker-compose-plugin", "ca-certificates")
    if there.id == "ubuntu":
        return ("docker.io",), ("docker-compose-v2", "ca-certificates")
    engine = ("docker.io",) if there.codename in _WITHOUT_CLI else ("docker.io", "docker-cli")
    return engine, ("docker-compose", "ca-certificates")


def is_version(version: str, wanted: str) -> bool:
    """Whether a package's version is the declared one: the whole, or the part before what the packager added."""
    plain = version.partition(":")[2] or version
    return version == wanted or plain == wanted or plain.startswith(tuple(wanted + mark for mark in "-+~"))


class Engine(Resource):
    """Docker's packages from one source, in the declared version where one is. ``name`` is the source.

    Packages of the other source go when these come: both have the same files.
    """

    kind: ClassVar[str] = "docker.engine"
    locks: ClassVar[frozenset[str]] = frozenset({"apt"})
    name: Source
    version: DockerVersion | None = None

    def facts(self) -> Iterator[Fact[Any]]:
        yield DISTRIBUTION
        yield STATE
        yield _INSTALLED

    def _missing(self, facts: Facts) -> tuple[list[str], list[str]]:
        """What is to be installed: in Docker's version, and beside it."""
        there, state = facts[_INSTALLED], facts[STATE]
        versioned, others = packages_of(self.name, facts[DISTRIBUTION])
        if state.fuse and not (state.answers or state.overlay):
            others = (*others, "fuse-overlayfs")
        wrong = [name for name in versioned if name not in there or not self._is_wanted(there[name])]
        return wrong, [name for name in others if name not in there]

    def _is_wanted(self, version: str) -> bool:
        return self.version is None or is_version(version, self.version)

    def change(self, facts: Facts) -> Iterator[Command]:
        versioned, others = self._missing(facts)
        if not (versioned or others):
            return
        pinned = " ".join(versioned) if self.version else ""
        rivals = _DISTRIBUTIONS if self.name == "docker" else _DOCKERS
        leaving = " ".join(name for name in rivals if name in facts[_INSTALLED])
        names = others if self.version else [*versioned, *others]
        argv = ("sh", "-c", _INSTALL, "install-docker", self.version or "", pinned, leaving, *names)
        yield Command(*argv, timeout=3 * apt.TIMEOUT)

    def verdict(self, facts: Facts) -> Verdict:
        there = facts[_INSTALLED]
        versioned, others = self._missing(facts)
        other = [f"{name} {there[name]}" for name in versioned if name in there]
        if other:
            return Verdict(reason=f"{', '.join(other)} is there, declared is {self.version}")
        return Verdict(Symbol.ADD, f"not installed: {', '.join([*versioned, *others])}")

    def __str__(self) -> str:
        version = f" {self.version}" if self.version else ""
        return f"Docker{version} from {'docker.com' if self.name == 'docker' else 'the distribution'}"
