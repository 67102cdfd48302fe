"""A lab machine and a host document: ``phoenix apply host`` as a user runs it, over SSH, and what came of it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.host.disk import Disk
from lab.host.machine import HOST, Machine
from lab.standin import archive as package_archive
from lab.standin import install

REPOSITORY = Path(__file__).resolve().parents[3]
SUDO_PASSWORD, SAMBA_PASSWORD = "sudo-of-ann", "samba-of-ann"
_ENVIRONMENT = {
    "LAB_HASH": "$6$lab$HqJ/U1pDhEPQ5uFG1TeZEf8o4HlIcQJneT2Zj/.7k.RKOyLXFWCriAVwC06m0s3nnSnQPrJ5qrCfKcoSsUkIa0",
    "LAB_SAMBA": SAMBA_PASSWORD,
}
"""The hash is that of SUDO_PASSWORD."""
_LIMIT = 1200.0
_POLL = 0.05
_HELD = 5
"""The exit status when something else is at work on the machine."""


@dataclass(frozen=True)
class Applied:
    """A run: exit status, all that it said, the events of its journal."""

    rc: int
    said: str
    events: Sequence[Mapping[str, Any]]

    @property
    def commands(self) -> list[str]:
        """The commands that changed something, or would have, one line each."""
        return [str(event["command"]) for event in self.events if event["event"] == "ran"]

    @property
    def nothing_to_do(self) -> bool:
        return self.rc == 0 and "Nothing to do" in self.said and not self.commands


class Site:
    """One machine, and documents that are applied to it. ``folder`` is the user's side: documents and journals."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self.machine = machine
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)

    # -- the machine

    def install(self) -> None:
        """Put the stand-ins on it."""
        archive = base64.b64encode(install.archive(REPOSITORY)).decode()
        self.sh("base64 -d | tar -C / -xzf -", archive)
        self.sh(install.SET_UP)
        self.sh(package_archive.SET_UP)

    def sh(self, script: str, stdin: str = "") -> str:
        """What a script of root's says, that must succeed."""
        return self.machine.out("sh", "-c", script, stdin=stdin)

    def says(self, script: str) -> tuple[int, str]:
        """Exit status and all that a script says."""
        done = self.machine.run("sh", "-c", script)
        return done.returncode, done.stdout + done.stderr

    def restart(self) -> None:
        """Shut the machine down in good order, and start it again."""
        self.sh("sync; systemctl poweroff")
        self.machine.power_off()
        self.machine.start()

    def disk(self, name: str, size: str = "512M") -> str:
        """Plug an empty disk in; its path."""
        return self.machine.add_disk(Disk(name, size)).path

    def as_user(self, user: str, key: Path, script: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """What a script says that a user runs who logs in with a key, and with nothing else."""
        ours = ("-o", f"IdentityFile={key}", "-o", "PreferredAuthentications=publickey")
        config = self.folder / "ssh_config_of_user"
        lines = self.machine.ssh_config.read_text().splitlines()
        config.write_text("".join(f"{line}\n" for line in lines if "IdentityFile" not in line))
        return subprocess.run(
            ("ssh", "-F", str(config), *ours, "-l", user, HOST, script), input=stdin, capture_output=True, text=True
        )

    # -- phoenix

    def phoenix(self, *words: str) -> subprocess.Popen[str]:
        """Start ``./phoenix`` as a user does."""
        return subprocess.Popen(
            [str(REPOSITORY / "phoenix"), *words, "--on", f"ssh://root@{HOST}"],
            env={
                **os.environ,
                **_ENVIRONMENT,
                "XDG_STATE_HOME": str(self.folder / "state"),
                "PHOENIX_SSH_CONFIG": str(self.machine.ssh_config),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def declare(self, document: Mapping[str, Any]) -> str:
        """Write the host document; its folder."""
        etc = self.folder / "etc"
        etc.mkdir(exist_ok=True)
        (etc / "phoenix_hypervisor_config.json").write_text(json.dumps(document, indent=2))
        return str(etc)

    def begin(self, document: Mapping[str, Any], *words: str) -> subprocess.Popen[str]:
        return self.phoenix("apply", "host", "--etc", self.declare(document), "--yes", *words)

    def apply(self, document: Mapping[str, Any], *words: str) -> Applied:
        """``phoenix apply host --etc DIR --on ssh://… --yes``."""
        before = self._journals()
        process = self.begin(document, *words)
        said, _ = process.communicate(timeout=_LIMIT)
        return Applied(process.returncode, said, self.events(before))

    def converged(self, document: Mapping[str, Any], *words: str) -> Applied:
        """Apply, which must succeed, then apply again, which must change nothing."""
        first = self.apply(document, *words)
        assert first.rc == 0, first.said
        second = self.apply(document, *words)
        assert second.nothing_to_do, second.said
        return first

    def applied_when_free(self, document: Mapping[str, Any]) -> Applied:
        """Apply, again and again while a command of the run before, which was cut off, is still at work."""
        until = time.monotonic() + _LIMIT
        while (done := self.apply(document)).rc == _HELD and time.monotonic() < until:
            time.sleep(1.0)
        return done

    def _journals(self) -> set[Path]:
        return set((self.folder / "state").rglob("*.jsonl"))

    def events(self, before: set[Path]) -> list[dict[str, Any]]:
        """The events of the journals that are new, as far as they are written."""
        lines = [line for path in sorted(self._journals() - before) for line in path.read_text().splitlines()]
        return [json.loads(line) for line in lines if line.endswith("}")]

    def cut(self, document: Mapping[str, Any], step: str, how: Callable[[subprocess.Popen[str]], None]) -> Applied:
        """Apply, and as soon as a step has begun let ``how`` end it, whatever way."""
        before = self._journals()
        process = self.begin(document)
        try:
            self._wait_for(step, process, before)
            how(process)
            said, _ = process.communicate(timeout=_LIMIT)
        finally:
            process.kill()
        return Applied(process.returncode, said, self.events(before))

    def _wait_for(self, step: str, process: subprocess.Popen[str], before: set[Path]) -> None:
        until = time.monotonic() + _LIMIT
        while not any(event["event"] == "started" and event["step"] == step for event in self.events(before)):
            assert process.poll() is None, f"{step} never began:\n{process.communicate()[0]}"
            assert time.monotonic() < until, f"{step} never began"
            time.sleep(_POLL)


def furnished(machine: Machine, folder: Path) -> Site:
    """A machine with the stand-ins on it."""
    site = Site(machine, folder)
    site.install()
    return site


def standins(*names: str) -> None:
    """Say in the test's output what is a stand-in in it."""
    print(f"\nStand-in here: {', '.join(names) or 'nothing'}.")
