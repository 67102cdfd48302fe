"""A machine behind SSH: a real OpenSSH server on a loopback port, with ``/etc/pve`` and ``/run`` in a folder."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from phoenix_hypervisor.transport.connection import CONFIG

_SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin") or ""
_LOGIN = """\
#!/bin/sh
echo "Welcome, says the login shell."
here={root}
moved="s#/etc/pve#$here/etc/pve#g; s#/run/#$here/run/#g; s#PATH=/#PATH=$here/bin:/#"
line=$(printf '%s' "$SSH_ORIGINAL_COMMAND" | sed "$moved")
PATH=$here/bin:$PATH
eval "$line"
"""
_SERVER = """\
HostKey {root}/host_key
AuthorizedKeysFile {root}/authorized_keys
PidFile none
ListenAddress 127.0.0.1:{port}
ForceCommand {root}/login
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
MaxSessions {sessions}
"""
_CLIENT = """\
Host node
  HostName 127.0.0.1
  Port {port}
  User {user}
  IdentityFile {root}/key
  IdentitiesOnly yes
  UserKnownHostsFile {root}/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
"""


class SshMachine:
    """The server, and the client's configuration that reaches it as ``node``."""

    def __init__(self, root: Path, sessions: int = 10) -> None:
        if not _SSHD or not shutil.which("ssh"):
            pytest.skip("there is no OpenSSH server and client (scripts/tools installs them)")
        self.root = root
        self.sessions = sessions
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        for name in ("etc/pve", "run", "bin"):
            (root / name).mkdir(parents=True)
        self.program("pct", "exit 0")
        if os.geteuid():
            self.program("sudo", 'shift 2; exec "$@"')
        for name in ("key", "host_key"):
            subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", root / name), check=True)
        shutil.copy(root / "key.pub", root / "authorized_keys")
        self.know((root / "host_key.pub").read_text())
        self.config = root / "config"
        self.config.write_text(_CLIENT.format(root=root, port=self.port, user=getpass.getuser()))
        login = root / "login"
        login.write_text(_LOGIN.format(root=root))
        login.chmod(0o755)
        self._server: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, CONFIG: str(self.config)}

    def know(self, key: str) -> None:
        (self.root / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {key}")

    def program(self, name: str, text: str) -> None:
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        settings = self.root / "sshd_config"
        settings.write_text(_SERVER.format(root=self.root, port=self.port, sessions=self.sessions))
        if not os.geteuid():
            Path("/run/sshd").mkdir(exist_ok=True)
        with (self.root / "sshd.log").open("ab") as log:
            self._server = subprocess.Popen((_SSHD, "-D", "-e", "-f", settings), stderr=log)
        while True:
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self._server.poll() is not None:
                pytest.fail((self.root / "sshd.log").read_text())
            time.sleep(0.01)

    def cut(self) -> None:
        """Break every connection, as when the line is cut; what the sessions began goes on."""
        _kill(_serving(self._server))

    def stop(self) -> None:
        """No connection, and no server that would take one."""
        if self._server:
            serving = _serving(self._server)
            self._server.terminate()
            self._server.wait()
            self._server = None
            _kill(serving)

    def connections(self) -> int:
        return len(_serving(self._server))


def _kill(processes: list[int]) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def _serving(server: subprocess.Popen[bytes] | None) -> list[int]:
    """The server's processes that serve a connection each."""
    if server is None:
        return []
    return [int(number) for number in Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()]
