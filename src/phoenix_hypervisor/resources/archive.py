"""Package archives of others: an entry for apt, and the key that signs what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.documents.types import Matching
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Resource, Symbol, Verdict
from phoenix_hypervisor.resources.distribution import DISTRIBUTION
from phoenix_hypervisor.resources.file import HEADER, content_of, difference, write

NEEDED = ("ca-certificates", "curl", "gpg")
"""The packages without which no archive can be added."""
Fingerprint = Annotated[str, Matching("[0-9A-F]{40}", "a fingerprint has 40 hexadecimal digits in upper case")]
Address = Annotated[str, Matching(r"https://[A-Za-z0-9./{}_-]+", "it must be an address with https")]
ArchiveName = Annotated[str, Matching("[a-z][a-z0-9-]*", "it names files: small letters, digits and dashes")]
_FETCH_KEY = """\
set -eu
umask 022
path=$1 url=$2 fingerprint=$3
draft=$path.part
mkdir -p "${path%/*}"
curl --fail --location --silent --show-error --proto =https --connect-timeout 30 --max-time 120 --retry 3 \\
  --output "$draft" "$url"
if ! gpg --batch --show-keys --with-colons "$draft" 2>/dev/null | grep -q "^fpr:*$fingerprint:"; then
  rm -f "$draft"
  echo "$url: this is not the key $fingerprint" >&2
  exit 1
fi
sync "$draft"
mv -f "$draft" "$path"
"""


class Archive(Resource):
    """An archive as a deb822 entry of its own (sources.list(5)), trusted with exactly one key.

    ``{id}`` and ``{codename}`` in the addresses and the suite are the machine's distribution and release.
    """

    kind: ClassVar[str] = "archive"
    locks: ClassVar[frozenset[str]] = frozenset({"apt"})
    name: ArchiveName
    uri: Address
    suite: str
    components: tuple[str, ...] = ()
    key: Address
    fingerprint: Fingerprint

    @property
    def _key_path(self) -> str:
        return f"/etc/apt/keyrings/{self.name}.asc"

    @property
    def _path(self) -> str:
        return f"/etc/apt/sources.list.d/{self.name}.sources"

    def _filled(self, text: str, facts: Facts) -> str:
        found = facts[DISTRIBUTION]
        return text.format(id=found.id, codename=found.codename)

    def _text(self, facts: Facts) -> str:
        lines = [
            f"# {HEADER}",
            "Types: deb",
            f"URIs: {self._filled(self.uri, facts)}",
            f"Suites: {self._filled(self.suite, facts)}",
            *([f"Components: {' '.join(self.components)}"] if self.components else []),
            f"Signed-By: {self._key_path}",
        ]
        return "\n".join(lines) + "\n"

    def facts(self) -> Iterator[Fact[Any]]:
        yield DISTRIBUTION
        yield content_of(self._key_path)
        yield content_of(self._path)

    def change(self, facts: Facts) -> Iterator[Command]:
        if facts[content_of(self._key_path)] is None:
            argv = ("sh", "-c", _FETCH_KEY, "fetch-key", self._key_path, self._filled(self.key, facts))
            yield Command(*argv, self.fingerprint, timeout=600.0)
        seen = facts[content_of(self._path)]
        if seen is None or seen.text != self._text(facts):
            yield write(self._path, self._text(facts), seen)

    def verdict(self, facts: Facts) -> Verdict:
        seen = facts[content_of(self._path)]
        detail = difference(self._path, (seen.text if seen else None) or "", self._text(facts))
        return Verdict(Symbol.CHANGE if seen else Symbol.ADD, "not as declared" if seen else "not there yet", detail)

    def __str__(self) -> str:
        return f"archive {self.name}"
