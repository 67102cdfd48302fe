"""apt's package sources: one-line lists and deb822 stanzas, refused with apt's words. Source: sources.list(5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from phoenix_hypervisor.simulator.coreutils.common import Fault
from phoenix_hypervisor.simulator.filesystem import Filesystem

MAIN, PARTS = "/etc/apt/sources.list", "/etc/apt/sources.list.d"
FAILED = 100
_IGNORED = re.compile(r"(~|\.disabled|\.bak|\.dpkg-[a-z]+|\.save|\.orig|\.distUpgrade)$")
_NO = ("no", "false", "without", "off", "disable", "0")
_UNREADABLE = "The list of sources could not be read."


@dataclass(frozen=True)
class Source:
    """One archive, suite and component (empty for a flat one), where it is written, and whose signature it takes."""

    uri: str
    suite: str
    component: str
    where: str
    signed_by: str = ""
    trusted: bool = False

    @property
    def base(self) -> str:
        """The start of the names of its lists."""
        return re.sub(r"^[a-z+]+://", "", self.uri).strip("/").replace("/", "_")

    @property
    def release(self) -> str:
        """The name of its release file among the lists."""
        return f"{self.base}_dists_{self.suite.replace('/', '_')}_InRelease"

    @property
    def index(self) -> str:
        """The name of its list of packages."""
        return f"{self.base}_dists_{self.suite.replace('/', '_')}_{self.component}_binary-amd64_Packages"


def read(files: Filesystem) -> list[Source]:
    """All sources that are in force. Raises Fault with all of apt's lines."""
    found = list(_line_sources(files, MAIN)) if files.exists(MAIN) else []
    for name in files.list(PARTS) if files.is_dir(PARTS) else ():
        path = f"{PARTS}/{name}"
        if files.is_dir(path) or not re.fullmatch(r"[A-Za-z0-9_.-]+", name) or not files.exists(path):
            continue
        if name.endswith(".list"):
            found += _line_sources(files, path)
        elif name.endswith(".sources"):
            found += _stanza_sources(files, path)
    _check_signers(found)
    return found


def notices(files: Filesystem) -> list[str]:
    """What apt says of files with names that it does not read."""
    names = files.list(PARTS) if files.is_dir(PARTS) else []
    odd = [name for name in names if not name.endswith((".list", ".sources")) and not _IGNORED.search(name)]
    ending = "it has an invalid filename extension"
    return [f"N: Ignoring file '{name}' in directory '{PARTS}/' as {ending}\n" for name in odd if "." in name] + [
        f"N: Ignoring file '{name}' in directory '{PARTS}/' as it has no filename extension\n"
        for name in odd
        if "." not in name
    ]


def _check_signers(found: list[Source]) -> None:
    signers: dict[tuple[str, str], str] = {}
    for one in found:
        before = signers.setdefault((one.uri.rstrip("/"), one.suite), one.signed_by)
        if before != one.signed_by:
            place = f"{one.uri.rstrip('/')}/ {one.suite}"
            raise _refused(
                f"Conflicting values set for option Signed-By regarding source {place}: {before} != {one.signed_by}"
            )


def _refused(text: str) -> Fault:
    return Fault(f"{text}\nE: {_UNREADABLE}", FAILED)


def _line_sources(files: Filesystem, path: str) -> Iterator[Source]:
    for number, line in enumerate(files.read(path).splitlines(), 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        found = re.fullmatch(r"(\S+)(?:\s+\[([^\]]*)\])?(?:\s+(\S+))?(?:\s+(\S+))?((?:\s+\S+)*)", text)
        kind = text.split()[0]
        if kind not in ("deb", "deb-src"):
            raise _refused(f"Type '{kind}' is not known on line {number} in source list {path}")
        wrong = f"Malformed entry {number} in list file {path}"
        if found is None or (found[3] or "").startswith("["):
            raise _refused(f"{wrong} ([option] unparseable)")
        uri, suite, components = found[3] or "", found[4] or "", found[5].split()
        options = dict(one.split("=", 1) for one in (found[2] or "").split() if "=" in one)
        _check(wrong, uri, suite, components)
        if kind == "deb":
            trusted = options.get("trusted", "no") == "yes"
            for component in components or [""]:
                yield Source(uri, suite, component, f"{path}:{number}", options.get("signed-by", ""), trusted)


def _check(wrong: str, uri: str, suite: str, components: list[str]) -> None:
    if not re.match(r"[a-z][a-z0-9+]*:/", uri):
        raise _refused(f"{wrong} (URI{' parse' if uri else ''})")
    if not suite:
        raise _refused(f"{wrong} (Suite)")
    if suite.endswith("/") and components:
        raise _refused(f"{wrong} (absolute Suite Component)")
    if not suite.endswith("/") and not components:
        raise _refused(f"{wrong} (Component)")


def _stanzas(text: str, path: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The stanzas with the numbers of their first lines; field names in lower case, values of several lines joined."""
    fields: dict[str, str] = {}
    first, last = 0, ""
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield first, fields
            fields, last = {}, ""
        elif line[0] in " \t":
            if not last:
                raise _refused(f"Unable to parse package file {path} (1)")
            fields[last] += f"\n{line.strip()}"
        else:
            name, colon, value = line.partition(":")
            if not colon:
                raise _refused(f"Unable to parse package file {path} (1)")
            first, last = (first if fields else number), name.strip().lower()
            fields[last] = value.strip()


def _stanza_sources(files: Filesystem, path: str) -> Iterator[Source]:
    for count, (number, fields) in enumerate(_stanzas(files.read(path), path), 1):
        if fields.get("enabled", "yes").lower() in _NO:
            continue
        wrong = f"Malformed stanza {count} in source list {path}"
        kinds = fields.get("types", "").split()
        if not kinds:
            raise _refused(f"{wrong} (type)")
        for kind in kinds:
            if kind not in ("deb", "deb-src"):
                raise _refused(f"Type '{kind}' is not known on stanza {count} in source list {path}")
        uris, suites = fields.get("uris", "").split(), fields.get("suites", "").split()
        components = fields.get("components", "").split()
        for what, values in (("URI", uris), ("Suite", suites)):
            if not values:
                raise _refused(f"{wrong} ({what})")
        for uri in uris:
            for suite in suites:
                _check(wrong, uri, suite, components)
                for component in components or [""] if "deb" in kinds else ():
                    signer, trusted = fields.get("signed-by", ""), fields.get("trusted", "no").lower() == "yes"
                    yield Source(uri, suite, component, f"{path}:{number}", signer, trusted)
