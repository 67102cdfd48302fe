"""Environments: ``python3 -m venv``, and the packages that are in one."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from phoenix_hypervisor.simulator.coreutils.common import absolute
from phoenix_hypervisor.simulator.debian import dpkg
from phoenix_hypervisor.simulator.process import Machine, Process

_SECONDS = 3.0
_PIP = "25.1.1"
_WITHOUT = """\
The virtual environment was not created successfully because ensurepip is not
available.  On Debian/Ubuntu systems, you need to install the python3-venv
package using the following command.

    apt install python{0}-venv

"""


@dataclass(frozen=True)
class Place:
    """An environment of a machine: its folder, empty for the system's own, and the version of Python that asks."""

    machine: Machine
    folder: str
    version: str

    @property
    def packages(self) -> str:
        return f"{self.folder}/lib/python{short(self.version)}/site-packages"

    def installed(self) -> dict[str, str]:
        """Its packages with their versions."""
        found = self.machine.files.glob(f"{self.packages}/*.dist-info") if self.folder else []
        names = (path.rpartition("/")[2].removesuffix(".dist-info") for path in found)
        return {name: version for name, _, version in (each.rpartition("-") for each in names)}

    def put(self, name: str, version: str) -> None:
        """Install a package in place of any other version of it."""
        files = self.machine.files
        self.drop(name)
        files.mkdir(f"{self.packages}/{name}-{version}.dist-info", parents=True)
        files.write(f"{self.packages}/{name}-{version}.dist-info/METADATA", f"Name: {name}\nVersion: {version}\n")

    def drop(self, name: str) -> None:
        before = self.installed().get(name)
        if before is not None:
            self.machine.files.remove(f"{self.packages}/{name}-{before}.dist-info", recursive=True)

    def program(self, name: str, module: str) -> None:
        """Put down a program that a package brings."""
        text = f"#!{self.folder}/bin/python3\nimport sys\nfrom {module} import main\nsys.exit(main())\n"
        self.machine.files.write(f"{self.folder}/bin/{name}", text, mode=0o755)


def short(version: str) -> str:
    return ".".join(version.split(".")[:2])


def make(process: Process, words: list[str], version: str) -> Generator[float, None, int]:
    """``python3 -m venv [--clear] FOLDER``."""
    folders = [word for word in words if not word.startswith("-")]
    unknown = [word for word in words if word.startswith("-") and word not in ("--clear", "--without-pip")]
    if unknown or len(folders) != 1:
        wrong = f"unrecognized arguments: {unknown[0]}" if unknown else "the following arguments are required: ENV_DIR"
        process.complain(f"usage: venv [-h] [--clear] [--without-pip] ENV_DIR [ENV_DIR ...]\nvenv: error: {wrong}\n")
        return 2
    files, folder = process.files, absolute(process, folders[0])
    if "--clear" in words and files.exists(folder):
        files.remove(folder, recursive=True)
    yield _SECONDS / 2
    files.mkdir(f"{folder}/bin", parents=True)
    files.write(f"{folder}/pyvenv.cfg", f"home = /usr/bin\nversion = {version}\n")
    files.write(f"{folder}/bin/python3", "#!/usr/bin/python3\n", mode=0o755)
    if "python3-venv" not in dpkg.installed(files):
        process.complain(_WITHOUT.format(short(version)))
        return 1
    yield _SECONDS / 2
    if "--without-pip" not in words:
        Place(process.machine, folder, version).put("pip", _PIP)
    return 0
