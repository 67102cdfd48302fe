"""``apt-get update``: asks every archive of the sources; says which do not answer, refuse or are not trusted."""

from __future__ import annotations

from dataclasses import dataclass, field

from phoenix_hypervisor.simulator.debian import apt_lists, archives, network, sources
from phoenix_hypervisor.simulator.debian.sources import Source
from phoenix_hypervisor.simulator.process import Process, Run

SECONDS = 4.0
FAILED = 100
_ADDRESS = "[IP: 192.0.2.10 443]"
_INSECURE = (
    "N: Updating from such a repository can't be done securely, and is therefore disabled by default.\n"
    "N: See apt-secure(8) manpage for repository creation and user configuration details.\n"
)


@dataclass
class _Update:
    process: Process
    strict: bool
    """Whether what is usually only warned of is an error: APT::Update::Error-Mode=any."""
    lines: list[str] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    failed: bool = False
    missed: bool = False
    number: int = 0

    def tell(self, what: str, source: Source, more: str = "") -> None:
        self.number += 1
        self.process.say(f"{what}:{self.number} {source.uri} {source.suite} InRelease{more}\n")

    def error(self, text: str) -> None:
        self.failed = True
        self.lines.append(f"E: {text}\n")

    def warn(self, text: str) -> None:
        self.lines.append(f"W: {text}\n")

    def group(self, group: list[Source]) -> None:
        """Ask one archive for one suite."""
        source, machine = group[0], self.process.machine
        archive, host = archives.find(source), archives.host(source)
        self.kept |= {source.release, *(one.index for one in group)}
        place = f"{source.uri.rstrip('/')}/dists/{source.suite}/InRelease"
        if not network.resolves(machine) or host.endswith(".invalid"):
            self.tell("Err", source, f"\n  Temporary failure resolving '{host}'")
            self.missed = True
            text = f"Failed to fetch {place}  Temporary failure resolving '{host}'"
            return self.error(text) if self.strict else self.warn(text)
        if not archives.is_authorised(machine, source):
            self.tell("Err", source, f"\n  401  Unauthorized {_ADDRESS}")
            self.error(f"Failed to fetch {place}  401  Unauthorized {_ADDRESS}")
            return self.error(
                f"The repository '{source.uri} {source.suite} InRelease' is not signed.\n{_INSECURE}".rstrip()
            )
        if archive is None or source.suite not in archive.suites:
            self.tell("Ign", source)
            self.process.say(f"Err:{self.number} {source.uri} {source.suite} Release\n  404  Not Found {_ADDRESS}\n")
            text = f"The repository '{source.uri} {source.suite} Release' does not have a Release file.\n{_INSECURE}"
            return self.error(text.rstrip())
        if key := archives.signature(machine, source, archive):
            return self._untrusted(source, key)
        self._fetch(group, archive)
        return None

    def _untrusted(self, source: Source, key: str) -> None:
        release = f"{source.uri} {source.suite} InRelease"
        wrong = (
            f"The following signatures couldn't be verified because the public key is not available: NO_PUBKEY {key}"
        )
        self.tell("Err", source, f"\n  {wrong}")
        self.warn(f"GPG error: {release}: {wrong}")
        self.error(f"The repository '{release}' is not signed.\n{_INSECURE}".rstrip())

    def _fetch(self, group: list[Source], archive: archives.Archive) -> None:
        source, machine, files = group[0], self.process.machine, self.process.files
        again = files.exists(f"{apt_lists.FOLDER}/{source.release}")
        self.tell("Hit" if again else "Get", source, "" if again else " [140 kB]")
        files.write(f"{apt_lists.FOLDER}/{source.release}", f"Origin: {archive.vendor}\nSuite: {source.suite}\n")
        for one in group:
            if one.component in archive.components:
                apt_lists.write(files, one, dict(archives.offered(machine, one, archive)))
                continue
            self.warn(
                f"Skipping acquire of configured file '{one.component}/binary-amd64/Packages' as repository "
                f"'{source.uri} {source.suite} InRelease' doesn't have the component '{one.component}' "
                "(component misspelt in sources.list?)"
            )


def update(process: Process, strict: bool) -> Run:
    """Bring the lists up to date. Raises Fault where the sources cannot be read."""
    files = process.files
    found = sources.read(files)
    yield SECONDS if network.resolves(process.machine) else 5.0
    work = _Update(process, strict)
    files.mkdir(f"{apt_lists.FOLDER}/partial", parents=True)
    groups: dict[tuple[str, str], list[Source]] = {}
    doubles: list[str] = []
    for one in found:
        group = groups.setdefault((one.uri.rstrip("/"), one.suite), [])
        first = next((other for other in group if other.component == one.component), None)
        if first is None:
            group.append(one)
        else:
            target = f"{one.component}/binary-amd64/Packages"
            doubles.append(f"Target Packages ({target}) is configured multiple times in {first.where} and {one.where}")
    for group in groups.values():
        work.group(group)
    for name in files.list(apt_lists.FOLDER):
        if name not in work.kept and name not in ("lock", "partial"):
            files.remove(f"{apt_lists.FOLDER}/{name}")
    process.say("Reading package lists...\n")
    if work.missed and not work.strict:
        work.warn("Some index files failed to download. They have been ignored, or old ones used instead.")
    elif work.missed:
        work.error("Some index files failed to download. They have been ignored, or old ones used instead.")
    process.complain("".join([*work.lines, *(f"W: {text}\n" for text in doubles)]))
    process.complain("".join(sources.notices(files)))
    return FAILED if work.failed else 0
