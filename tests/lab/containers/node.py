"""A node for real containers, on this machine's own kernel.

    with started(image) as node:
        node.out("pct", "list")

It has mounts, processes, a name, control groups and a network of its own: what happens there leaves nothing here. Its
files are this machine's under a layer that is thrown away, Proxmox's commands there are the stand-ins, and its bridge
reaches the network through a user-space router. It ends with the process that started it, however that ends.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lab.containers import cgroup
from lab.containers.image import Image

REPOSITORY = Path(__file__).resolve().parents[3]
LEFT = "running-"
_END_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")
_IN_GROUP = ("sh", "-c", 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"', "sh")
_NAMESPACES = ("--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup")
_CONNECT = """\
set -e
ip link set tap0 master vmbr0 up
ip route add default via 10.0.2.2
"""


class Broken(Exception):
    """A node that cannot be had here; the text says why, in one line."""


class Node:
    """One node; ``place`` is its folder on this machine, ``user`` the one folder that both see under the same name.

    It runs the program as that was when the node was made, whoever edits it meanwhile.
    """

    def __init__(self, image: Image) -> None:
        self.image = image
        self.place = Path(tempfile.mkdtemp(dir=image.folder.parent, prefix=f"{LEFT}{os.getpid()}-"))
        self.user = self.place / "user"
        for name in ("top", "tank/.standin", "user"):
            (self.place / name).mkdir(parents=True)
        for name in ("src", "tests/lab"):
            shutil.copytree(
                REPOSITORY / name, self.place / Path(name).name, ignore=shutil.ignore_patterns("__pycache__")
            )
        self._first: subprocess.Popen[str] | None = None
        self._router: subprocess.Popen[bytes] | None = None
        self._group: Path | None = None
        self._pid = 0

    def start(self) -> None:
        """Returns when containers can be started; raises Broken."""
        above = cgroup.top()
        if above is None:
            raise Broken("this machine has no control groups of version 2")
        cgroup.end_left(above)
        self._group = cgroup.make(above)
        words = (str(self.place), str(self.image.folder), str(REPOSITORY), sys.executable)
        with (self.place / "log").open("w") as log:
            self._first = subprocess.Popen(
                (
                    *(*_END_WITH_US, *_IN_GROUP, str(self._group), "unshare", *_NAMESPACES, "--fork", "--kill-child"),
                    *("sh", str(Path(__file__).with_name("node.sh")), *words),
                ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._first.stdout
        if self._first.stdout.readline() != "ready\n":
            raise Broken(f"namespaces: {_last_line(self.place / 'log')}")
        self._pid = _child(self._first.pid)
        self._connect()

    def _connect(self) -> None:
        """Plug the router into the bridge; it is a process on this machine's side."""
        told, tells = os.pipe()
        argv = ("slirp4netns", f"--ready-fd={tells}", "--netns-type=path", f"/proc/{self._pid}/ns/net", "tap0")
        with (self.place / "router.log").open("w") as log:
            self._router = subprocess.Popen(
                (*_END_WITH_US, *argv), stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(tells,)
            )
        os.close(tells)
        with os.fdopen(told, "rb") as ready:
            if ready.read(1) != b"1":
                raise Broken(f"slirp4netns: {_last_line(self.place / 'router.log')}")
        self.out("sh", "-c", _CONNECT)

    def stop(self) -> None:
        """End all that runs there, and leave nothing."""
        for process in (self._router, self._first):
            if process:
                process.kill()
                process.wait()
        if self._group:
            cgroup.end(self._group)
        _remove(self.place)

    # -- running

    def argv(self, *words: str) -> tuple[str, ...]:
        """What runs a command on the node."""
        inside = ("nsenter", "--target", str(self._pid), "-m", "-u", "-i", "-n", "-p", "-C", "--")
        return (
            *inside,
            "env",
            "HOME=/root",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            *words,
        )

    def run(self, *words: str, stdin: str = "", timeout: float = 900.0) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.argv(*words), input=stdin, capture_output=True, text=True, timeout=timeout)

    def out(self, *words: str, stdin: str = "") -> str:
        """What a command says that must succeed."""
        done = self.run(*words, stdin=stdin)
        assert done.returncode == 0, f"{' '.join(words)}: exit status {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout


@contextmanager
def started(image: Image) -> Iterator[Node]:
    """A node that is gone afterwards; raises Broken."""
    _remove_left(image.folder.parent)
    node = Node(image)
    try:
        node.start()
        yield node
    finally:
        node.stop()


def _remove_left(folder: Path) -> None:
    """Remove the folders of nodes whose process was killed."""
    for place in folder.glob(f"{LEFT}*"):
        if not Path(f"/proc/{place.name.removeprefix(LEFT).partition('-')[0]}").exists():
            _remove(place)


def _remove(folder: Path) -> None:
    """By a program that takes a tenth of the time that Python does."""
    subprocess.run(("rm", "-rf", "--one-file-system", "--", folder))


def _child(pid: int) -> int:
    """The one process that another has started (proc(5), stat)."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                return int(stat.parent.name)
    raise Broken("the node's first process is gone")


def _last_line(log: Path) -> str:
    return (log.read_text("utf-8", "replace").strip() or "it said nothing").splitlines()[-1]
