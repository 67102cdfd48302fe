"""What a service's program is started with: its user, its variables, its state folder. Source: systemd.exec(5)."""

from __future__ import annotations

import shlex

from phoenix_hypervisor.simulator.debian import accountfiles as book
from phoenix_hypervisor.simulator.debian.unitfile import UnitFile
from phoenix_hypervisor.simulator.process import Process

NO_USER = 217
VARIABLES = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG": "C.UTF-8"}


class Refusal(Exception):
    """Why systemd starts nothing, and the status that it gives the program."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


def prepare(process: Process, told: UnitFile) -> dict[str, str]:
    """The variables; the state folder is made. Raises Refusal."""
    user = told.last("Service", "User")
    row = book.row(process.files, book.PASSWD, user) if user else None
    if user and row is None:
        raise Refusal("Failed to determine user credentials: No such process", NO_USER)
    for name in told.words("Service", "StateDirectory"):
        folder = f"/var/lib/{name}"
        if not process.files.exists(folder):
            process.files.mkdir(folder, parents=True)
            if row is not None:
                process.files.chown(folder, int(row[2]), int(row[3]))
    found = dict(VARIABLES)
    for value in told.all("Service", "Environment"):
        found |= dict(word.split("=", 1) for word in shlex.split(value) if "=" in word)
    for path in told.all("Service", "EnvironmentFile"):
        found |= _read(process, path)
    return found


def _read(process: Process, path: str) -> dict[str, str]:
    entry = process.files.stat(path.removeprefix("-"))
    if entry is None:
        if path.startswith("-"):
            return {}
        raise Refusal("Failed to load environment files: No such file or directory", 1)
    lines = (line for line in entry.data.splitlines() if "=" in line and line[0] not in "#;")
    return {name: "".join(shlex.split(value)) for name, _, value in (line.partition("=") for line in lines)}
