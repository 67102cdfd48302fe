"""What dpkg does with a package: unpacks it, keeps or replaces configuration files, sets it up, takes it away."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field

from phoenix_hypervisor.simulator.coreutils.common import Fault
from phoenix_hypervisor.simulator.debian import contents, dpkg, units
from phoenix_hypervisor.simulator.debian.packages import ARCHIVE, depends
from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.process import Machine, Process, Program, Run

FAILED = 100
_BUSY = """\
dpkg: error: dpkg frontend lock was locked by another process with pid 1
Note: removing the lock file is always wrong, can damage the locked area
and the entire system. See <https://wiki.debian.org/Teams/Dpkg/FAQ#db-lock>.
"""
_UNMET = """\
dpkg: dependency problems prevent configuration of {name}:
 {name} depends on {other}; however:
  Package {other} is not installed.

dpkg: error processing package {name} (--configure):
 dependency problems - leaving unconfigured
Errors were encountered while processing:
 {name}
"""


@dataclass
class Setup:
    """How packages are set up: what becomes of changed configuration files when nobody can be asked."""

    process: Process
    options: Sequence[str] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    def install(self, names: list[str]) -> Run:
        """Set the packages up one after the other: what was cut off is unpacked, not installed."""
        process, files = self.process, self.process.files
        for name in names:
            package = ARCHIVE[name]
            version = self.versions.get(name, package.version)
            known = dpkg.read(files)
            before = known.get(name, {})
            over = f" over ({before['Version']})" if before and dpkg.is_installed(before) else ""
            if not over:
                process.say(f"Selecting previously unselected package {name}.\n")
            fields = dpkg.entry(name, version, "install ok unpacked")
            kept = {"Conffiles": before["Conffiles"]} if "Conffiles" in before else {}
            dpkg.write(files, known | {name: fields | kept})
            process.say(f"Unpacking {name} ({version}){over} ...\n")
            yield package.seconds
            self.configure(name)
        return 0

    def configure(self, name: str) -> None:
        """Set up one unpacked package. Raises Fault where a configuration file needs an answer."""
        machine, files = self.process.machine, self.process.files
        known = dpkg.read(files)
        version, before = known[name].get("Version", ""), known[name].get("Conffiles", "")
        self.process.say(f"Setting up {name} ({version}) ...\n")
        sums = _sums(before)
        for path, (text, mode) in contents.conffiles(name).items():
            self._conffile(name, path, text, mode, sums)
        bring(machine, name)
        for unit in ARCHIVE[name].units if name in ARCHIVE else ():
            units.add(machine, unit)
        fields = dpkg.entry(name, version)
        sums_now = listed(name)
        dpkg.write(files, dpkg.read(files) | {name: fields | ({"Conffiles": sums_now} if sums_now else {})})

    def _conffile(self, name: str, path: str, text: str, mode: int, sums: Mapping[str, str]) -> None:
        files = self.process.files
        entry, known = files.stat(path), sums.get(path)
        if entry is None:
            if known is None or "--force-confmiss" in self.options:
                put(self.process.machine, path, text, mode)
            return
        if entry.data == text or known == _digest(text):
            return
        if known == _digest(entry.data) or "--force-confnew" in self.options:
            put(self.process.machine, path, text, mode)
        elif not {"--force-confold", "--force-confdef"} & set(self.options):
            raise Fault(
                f"\nConfiguration file '{path}'\n"
                f" ==> File on system created by you or by a script.\n"
                f" ==> File also in package provided by package maintainer.\n"
                f"dpkg: error processing package {name} (--configure):\n end of file on stdin at conffile prompt\n"
                f"Errors were encountered while processing:\n {name}\n"
                "E: Sub-process /usr/bin/dpkg returned an error code (1)",
                FAILED,
            )

    def remove(self, names: list[str], purge: bool) -> Run:
        """Take packages away; their configuration files stay unless they are purged."""
        process, files = self.process, self.process.files
        for name in names:
            yield 0.5
            known = dpkg.read(files)
            fields = known.pop(name)
            if dpkg.is_installed(fields):
                process.say(f"Removing {name} ({fields.get('Version', '')}) ...\n")
            if not purge and "Conffiles" in fields:
                known[name] = fields | {"Status": "deinstall ok config-files"}
            elif purge:
                process.say(f"Purging configuration files for {name} ({fields.get('Version', '')}) ...\n")
            elif name in ARCHIVE and ARCHIVE[name].units:
                known[name] = fields | {"Status": "deinstall ok config-files"}
            dpkg.write(files, known)
            for unit in ARCHIVE[name].units if name in ARCHIVE else ():
                units.drop(process.machine, unit)
            gone = [*contents.files(name), *(contents.conffiles(name) if purge else ())]
            for path in gone:
                if files.stat(path, follow=False) is not None:
                    files.remove(path)
        return 0


def bring(machine: Machine, name: str) -> None:
    """Put down the files of a package that are no configuration files, and what its set-up changes."""
    for path, (text, mode) in contents.files(name).items():
        put(machine, path, text, mode)
    contents.after(machine, name)


def put(machine: Machine, path: str, text: str, mode: int) -> None:
    machine.files.mkdir(path.rpartition("/")[0], parents=True)
    machine.files.write(path, text, mode=mode)


def listed(name: str) -> str:
    """The configuration files of a package as dpkg's status lists them, with the sums that they are installed with."""
    return "".join(f"\n {path} {_digest(text)}" for path, (text, _) in contents.conffiles(name).items())


def _digest(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _sums(listed: str) -> dict[str, str]:
    """The sums of configuration files as they were installed, by path."""
    return {line.split()[0]: line.split()[1] for line in listed.splitlines() if len(line.split()) == 2}


def _dpkg(process: Process, /) -> Run:
    words = process.argv[1:]
    yield 0.02
    if "--configure" not in words:
        return dpkg.answer(process, words)
    return (yield from _configure(process, words))


def _configure(process: Process, words: list[str]) -> Generator[float, None, int]:
    """``dpkg --configure -a`` or of named packages: finishes what was only unpacked."""
    known, begun = dpkg.read(process.files), waiting(process.files)
    names = [word for word in words if not word.startswith("-")]
    if not names and not {"-a", "--pending"} & set(words):
        raise Fault("error: --configure needs at least one package name argument", 2)
    if dpkg.LOCK in process.files.locks:
        process.complain(_BUSY)
        return 2
    dpkg.finish(process.files)
    for name in names:
        if name not in begun:
            reason = "is already installed and configured" if name in known else "is not installed"
            process.complain(f"dpkg: error processing package {name} (--configure):\n package {name} {reason}\n")
            return 1
    status = 0
    for name in names or begun:
        if lacking := lacks(process.machine, name):
            process.complain(_UNMET.format(name=name, other=lacking[0]))
            status = 1
            continue
        yield ARCHIVE[name].seconds / 2 if name in ARCHIVE else 0.1
        try:
            Setup(process, words).configure(name)
        except Fault as fault:
            process.complain(f"{fault}\n".partition("E: Sub-process")[0])
            return 1
    return status


def waiting(files: Filesystem) -> list[str]:
    """The packages that are unpacked and not set up."""
    return [name for name, fields in dpkg.read(files).items() if fields.get("Status", "").endswith(" unpacked")]


def lacks(machine: Machine, name: str) -> list[str]:
    """What a package depends on and is not there, not even unpacked; of what no archive has nothing can be said."""
    known = dpkg.read(machine.files)
    there = {other for other, fields in known.items() if fields.get("Status", "").endswith((" installed", " unpacked"))}
    return [other for other in depends(name, machine.kernel.release) if other in ARCHIVE and other not in there]


PROGRAMS: dict[str, Program] = {"dpkg": _dpkg}
