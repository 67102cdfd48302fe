"""The Debian mirror that this machine uses, read from its own apt configuration; none is written down here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from failure import Failed

MIRROR = "PHOENIX_LAB_MIRROR"
ONE_LINE = re.compile(r"deb\s+(?:\[[^]]*\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True)
class Source:
    """One archive and one suite of it."""

    uri: str
    suite: str
    components: tuple[str, ...]


@dataclass(frozen=True)
class Mirror:
    """The addresses of Debian's archive and of its security updates, when the machine has those."""

    archive: str
    security: str | None = None

    def lines(self, suite: str) -> str:
        """A sources.list of the suite with contrib, updates and backports."""
        pairs = [(self.archive, each) for each in (suite, f"{suite}-updates", f"{suite}-backports")]
        if self.security:
            pairs.append((self.security, f"{suite}-security"))
        return "".join(f"deb {uri} {each} main contrib\n" for uri, each in pairs)


def mirror(etc: Path = Path("/etc")) -> Mirror:
    """What PHOENIX_LAB_MIRROR names, or else what apt is set up with; raises Failed where no Debian archive is."""
    if named := os.environ.get(MIRROR):
        return Mirror(named)
    found = [each for each in sources(etc / "apt") if each.uri.startswith("http") and "main" in each.components]
    name = codename(etc / "os-release")
    updated = {each.uri for each in found if each.suite == f"{name}-updates"}
    archives = [each.uri for each in found if each.suite == name]
    archives.sort(key=lambda uri: (uri not in updated, not uri.rstrip("/").endswith("/debian")))
    if not archives:
        raise Failed(f"{etc}/apt names no Debian archive. Name one: {MIRROR}=http://HOST/debian scripts/lab")
    security = next((each.uri for each in found if each.suite == f"{name}-security"), None)
    return Mirror(archives[0], security)


def codename(release: Path) -> str:
    """Of the Debian that this machine runs; empty on another system."""
    pairs = dict(line.split("=", 1) for line in release.read_text("utf-8").splitlines() if "=" in line)
    return pairs.get("VERSION_CODENAME", "").strip('"') if pairs.get("ID", "").strip('"') == "debian" else ""


def sources(apt: Path) -> Iterator[Source]:
    """What apt reads, in both of its formats; disabled ones left out."""
    for path in (apt / "sources.list", *sorted((apt / "sources.list.d").glob("*.list"))):
        if path.is_file():
            yield from _one_line(path.read_text("utf-8"))
    for path in sorted((apt / "sources.list.d").glob("*.sources")):
        for stanza in re.split(r"\n\s*\n", path.read_text("utf-8")):
            yield from _stanza(stanza)


def _one_line(text: str) -> Iterator[Source]:
    for line in text.splitlines():
        if match := ONE_LINE.match(line.split("#", 1)[0].strip()):
            yield Source(match["uri"], match["suite"], tuple(match["components"].split()))


def _stanza(text: str) -> Iterator[Source]:
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    unfolded = re.sub(r"\n[ \t]+", " ", kept)
    fields = {key.lower(): value.split() for key, _, value in (line.partition(":") for line in unfolded.splitlines())}
    if fields.get("enabled") == ["no"] or "deb" not in fields.get("types", []):
        return
    for uri in fields.get("uris", []):
        for suite in fields.get("suites", []):
            yield Source(uri, suite, tuple(fields.get("components", [])))
