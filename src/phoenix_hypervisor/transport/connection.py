"""One connection to a machine: OpenSSH's own client, kept open as a master that other sessions go through."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from phoenix_hypervisor.errors import LockedError, TransportError, UsageError
from phoenix_hypervisor.transport import remote
from phoenix_hypervisor.transport.destination import Destination

CONFIG = "PHOENIX_SSH_CONFIG"
"""The environment variable that names another file than ``~/.ssh/config``."""
_BEAT = 10.0
"""Seconds between signs of life."""
_LEAVE = 5.0
_GREETING = 60.0
"""Seconds that a machine may take to greet where nobody is asked for a password."""
_OURS = (
    "ClearAllForwardings=yes",
    "ControlPersist=no",
    "ConnectTimeout=15",
    "LogLevel=ERROR",
    "PermitLocalCommand=no",
    "RemoteCommand=none",
    "ServerAliveCountMax=3",
    "ServerAliveInterval=10",
)
"""What the user's configuration cannot set otherwise: the sessions would not work, or hang when the line is cut.

Nothing here is about host keys: they are verified as the user's configuration says, by default strictly.
"""
_IGNORE_CTRL_C = 'trap "" INT; exec "$@"'
_HINTS = {
    "Host key verification failed": "Compare the host's key, and accept it: ssh {there}",
    "REMOTE HOST IDENTIFICATION HAS CHANGED": "Find out why before you go on.",
    "Permission denied": "The same keys as with ssh are used. Try: ssh {there}",
    "sudo:": "Log in as root, or let this user run sudo without a password.",
}


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the machine: a process of one of its boots."""

    boot: str
    process: int


@dataclass(frozen=True, slots=True)
class Session:
    """A client of the master, and its standard streams."""

    process: asyncio.subprocess.Process
    given: asyncio.StreamWriter
    said: asyncio.StreamReader
    complained: asyncio.StreamReader

    def leave(self) -> None:
        """End the client; what it began on the machine goes on.

        It is not waited for: the master holds the same streams until that is over.
        """
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)  # Process.kill() would reap it under asyncio's eyes
            if transport := getattr(self.process, "_transport", None):
                transport.close()  # asyncio has no public way; else it complains once the loop is closed


class Connection:
    """A master connection that holds the machine as long as this process lives.

    ``changes``: for a run that changes the machine; it is alone there. ``token`` names the run.
    """

    def __init__(self, destination: Destination, changes: bool, token: str, environment: Mapping[str, str]) -> None:
        self._destination = destination
        self._changes = changes
        self._token = token
        self._config = environment.get(CONFIG, "")
        self._asks = sys.stdin.isatty() or "SSH_ASKPASS" in environment
        self._folder = Path(tempfile.mkdtemp(prefix="phoenix-", dir=_short_folder()))
        self._master: subprocess.Popen[bytes] | None = None
        self._over = threading.Event()
        self._closed = False
        self.holder: Holder | None = None
        self.generation = 0
        """How often it was opened."""

    def open(self, silent: bool = False) -> None:
        """Connect, hold the machine, and begin the signs of life. Asks for passwords on a terminal unless ``silent``.

        TransportError when it cannot be reached, LockedError when another run holds it, UsageError when it is no node.
        """
        if shutil.which("ssh") is None:
            raise UsageError("This machine has no ssh.", "Install OpenSSH's client: apt install openssh-client")
        if self._closed:
            raise TransportError(f"The connection to {self._destination} is closed.")
        before = self.holder
        self.drop()
        mode = ("begin" if before is None else "again") if self._changes else "look"
        line = remote.hold(mode, self._token, before.process if before else 0, 5 if before else 0)
        self.holder = self._greeted(line, silent)
        self.generation += 1
        self._over = threading.Event()
        if self._master and self._master.stdin:
            threading.Thread(target=_live, args=(self._master.stdin, self._over), daemon=True).start()

    def _greeted(self, line: str, silent: bool) -> Holder:
        """Start the master, and read who holds the machine now."""
        quiet = ("-o", "BatchMode=yes") if silent or not self._asks else ()
        argv = (*self._options(), *quiet, "-M", "-S", str(self._socket), *self._destination.argv, line)
        with tempfile.TemporaryFile() as errors:
            self._master = subprocess.Popen(
                ("sh", "-c", _IGNORE_CTRL_C, "sh", *argv),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
            limit = threading.Timer(_GREETING, self._master.kill) if silent or not self._asks else None
            if limit:
                limit.start()
            words = _greeting(self._master.stdout)
            if limit:
                limit.cancel()
            if not words:
                self._master.wait()
                errors.seek(0)
                raise self._unreachable(errors.read().decode("utf-8", "replace"))
        return self._held(words)

    def _held(self, words: list[str]) -> Holder:
        if words[0] == "open":
            return Holder(words[1], int(words[2]))
        if words[0] == "held":
            raise LockedError(f"Another run on {self._destination} is at work.", "Wait until it is done.")
        if words[0] == "taken":
            raise LockedError(f"Another run was at work on {self._destination} meanwhile.", "Look what it did.")
        if words[0] == "busy":
            raise LockedError(
                f"A command of a run that was cut off still works on {self._destination}.", "Wait until it is through."
            )
        raise UsageError(f"{self._destination} is not a Proxmox VE node.", "Name one that has /etc/pve and pct.")

    def _unreachable(self, said: str) -> TransportError:
        lines = [line.strip() for line in said.splitlines() if line.strip(" @\r")]
        reason = lines[-1] if lines else "the connection was closed before anything was said"
        there = _typed(self._destination)
        hint = next((text for sign, text in _HINTS.items() if sign in said), "Try: ssh {there}").format(there=there)
        return TransportError(f"{self._destination} cannot be reached: {reason.rstrip('.')}.", hint)

    def _options(self) -> tuple[str, ...]:
        config = ("-F", self._config) if self._config else ()
        ours = (word for option in _OURS for word in ("-o", option))
        return "ssh", *config, "-T", *ours

    @property
    def _socket(self) -> Path:
        return self._folder / "master"

    async def session(self, line: str) -> Session:
        """Begin a session on the master. Without a master it fails at once: it never connects on its own."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._options(),
                *("-o", "ControlMaster=no", "-o", "ProxyCommand=false", "-S", str(self._socket)),
                *self._destination.argv,
                line,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise TransportError(f"ssh cannot be started: {error}.") from error
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise TransportError("ssh was started without its standard streams.")
        return Session(process, process.stdin, process.stdout, process.stderr)

    def remote(self, token: str) -> remote.Remote:
        """A command of this run, as whoever holds the machine now sends it."""
        holder = self.holder.process if self._changes and self.holder else None
        return remote.Remote(token, self._token, holder)

    @property
    def alive(self) -> bool:
        return self._master is not None and self._master.poll() is None

    def drop(self) -> None:
        """End the master, if there is one: the machine is given back."""
        self._over.set()
        master, self._master = self._master, None
        if master is None:
            return
        _close(master.stdin)
        try:
            master.wait(_LEAVE)
        except subprocess.TimeoutExpired:
            master.kill()
            master.wait()
        _close(master.stdout)  # not before: a thread may still read from it
        self._socket.unlink(missing_ok=True)

    def close(self) -> None:
        """End the master and remove what it needed."""
        self._closed = True
        self.drop()
        shutil.rmtree(self._folder, ignore_errors=True)


def _close(stream: IO[bytes] | None) -> None:
    with contextlib.suppress(OSError):
        if stream:
            stream.close()


def _live(stream: IO[bytes], over: threading.Event) -> None:
    """A sign of life every few seconds, also while a question is open: the machine is held as long as they come."""
    with contextlib.suppress(OSError, ValueError):
        while not over.wait(_BEAT):
            os.write(stream.fileno(), b".")


def _short_folder() -> str | None:
    """A folder whose path leaves room for a socket's name (108 bytes, unix(7))."""
    return None if len(tempfile.gettempdir()) < 60 else "/tmp"  # noqa: S108 - mkdtemp makes a private folder in it


def _greeting(stream: IO[bytes] | None) -> list[str]:
    """The words of the first line that is ours: a login shell may say something before it. Empty at the end."""
    for line in stream or ():
        head, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
        if head == remote.READY:
            return rest.split()
    return []


def _typed(destination: Destination) -> str:
    """What a person types after ``ssh``."""
    port = f"-p {destination.port} " if destination.port else ""
    user = f"{destination.user}@" if destination.user else ""
    return f"{port}{user}{destination.host}"
