"""A real Debian machine under QEMU: disks that tests ask for, root by SSH, and a plug that can be pulled.

    with boot(Disk("tank0"), Disk("tank1", "4G")) as machine:
        machine.out("zpool", "create", "tank", "mirror", *(disk.path for disk in machine.disks))
        machine.power_off()
        machine.start()

Nothing outlives the process that booted it: QEMU and SSH are ended with it, however it ends. Boot on the main thread:
the kernel ends them with the *thread* that started them.
"""

from __future__ import annotations

import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from lab.host import leftovers, qemu, saved
from lab.host.disk import Disk
from lab.host.image import Image
from lab.host.monitor import Monitor

BOOT = 420.0
"""Seconds until a machine must have started; about 40 under emulation on two idle cores."""
HOST = "phoenix-lab"
END_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")

CONFIG = """\
Host {host}
  HostName 127.0.0.1
  HostKeyAlias {host}
  Port {port}
  User root
  IdentityFile {image.key}
  IdentitiesOnly yes
  UserKnownHostsFile {image.known_hosts}
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  BatchMode yes
  ConnectTimeout 60
"""


class Broken(Exception):
    """A machine that did not do what the lab needs, with the last lines of its console."""


class Machine:
    """One machine and its disks; `start` and `power_off` as often as wanted."""

    def __init__(self, image: Image, disks: Sequence[Disk], hardware: qemu.Hardware) -> None:
        self.image = image
        self.disks = list(disks)
        self.hardware = hardware
        self.folder = Path(tempfile.mkdtemp(prefix=leftovers.PREFIX))
        leftovers.claim(self.folder)
        self.port = _free_port()
        self.console = self.folder / "console.log"
        """What the machine printed on its serial line, all starts one after the other."""
        self.ssh_config = self.folder / "ssh_config"
        self.ssh_config.write_text(CONFIG.format(host=HOST, port=self.port, image=image))
        self.boot_seconds = 0.0
        self._qemu: subprocess.Popen[bytes] | None = None
        self._master: subprocess.Popen[bytes] | None = None
        self._monitor: Monitor | None = None
        for disk in self.disks:
            disk.make(self.folder)

    @property
    def pid(self) -> int:
        """QEMU's process."""
        return self._running().pid

    def start(self) -> None:
        """Returns when the machine's services have started, at first from what was saved, if any; raises Broken."""
        begun = time.monotonic()
        root = self.folder / "root.qcow2"
        started = saved.of(self.image)
        if root.exists():
            self._start(qemu.with_disks(self.disks, self.folder))
        elif started.there() and self.hardware == qemu.Hardware():
            qemu.make_overlay(started.root, root)
            self._start(qemu.from_memory(started.memory))
            self.out("date", "--set", f"@{time.time():.0f}")
            for disk in self.disks:
                self._plug(disk)
        else:
            qemu.make_overlay(self.image.root, root)
            self._start(qemu.with_disks(self.disks, self.folder))
        self.boot_seconds = time.monotonic() - begun

    def save(self) -> None:
        """Keeps the machine for later ones, as it is now; it is off afterwards."""
        started = saved.of(self.image)
        assert self._monitor and not self.disks
        with tempfile.TemporaryDirectory(dir=self.image.folder, prefix="saving-") as name:
            half = saved.Saved(Path(name) / "started")
            half.folder.mkdir()
            saved.write_memory(self._monitor, half.memory)
            self.power_off()
            shutil.move(self.folder / "root.qcow2", half.root)
            if not started.there():
                half.folder.rename(started.folder)

    def power_off(self) -> None:
        """Pulls the plug: what the machine had not written to its disks is gone. Nothing when it is off."""
        if self._monitor:
            self._monitor.close()
        for process in (self._qemu, self._master):
            if process:
                process.kill()
                process.wait()
        self._qemu = self._master = self._monitor = None
        for name in ("ssh.socket", "qmp.socket"):
            (self.folder / name).unlink(missing_ok=True)

    def run(self, *argv: str, stdin: str | None = None, timeout: float = 300.0) -> subprocess.CompletedProcess[str]:
        """Runs a command as root; exit code 255 when SSH itself failed. Seconds; raises subprocess.TimeoutExpired."""
        return subprocess.run(
            ("ssh", "-F", self.ssh_config, "-S", self.folder / "ssh.socket", HOST, "--", shlex.join(argv)),
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def out(self, *argv: str, stdin: str | None = None, timeout: float = 300.0) -> str:
        """What a command that must succeed prints."""
        done = self.run(*argv, stdin=stdin, timeout=timeout)
        assert done.returncode == 0, f"{shlex.join(argv)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def add_disk(self, disk: Disk) -> Disk:
        """Plugs a disk in while the machine runs; returns when its name below /dev/disk/by-id is there."""
        disk.make(self.folder)
        self._plug(disk)
        self.disks.append(disk)
        return disk

    def remove_disk(self, disk: Disk) -> None:
        """Pulls a disk out while the machine runs; its content is gone."""
        self._running()
        assert self._monitor
        self._monitor.ask("device_del", id=disk.serial)
        self._monitor.wait_for_deletion(disk.serial)
        self._monitor.ask("blockdev-del", **{"node-name": f"node-{disk.serial}"})
        self.disks.remove(disk)
        disk.file(self.folder).unlink()

    def close(self) -> None:
        self.power_off()
        shutil.rmtree(self.folder, ignore_errors=True)

    def said(self, lines: int = 25) -> str:
        """The end of the console and of what QEMU itself printed."""
        paths = (self.console, self.folder / "qemu.log")
        texts = [path.read_text("utf-8", "replace") for path in paths if path.exists()]
        return "\n".join(line for text in texts for line in text.splitlines()[-lines:])

    def _plug(self, disk: Disk) -> None:
        self._running()
        assert self._monitor
        self._monitor.ask("blockdev-add", **disk.node(self.folder))
        self._monitor.ask("device_add", **disk.device())
        self.out("udevadm", "wait", "--timeout=60", "--settle", disk.path)

    def _start(self, more: Sequence[str]) -> None:
        argv = (*END_WITH_US, *qemu.command(self.image, self.hardware, self.folder, self.port), *more)
        with (self.folder / "qemu.log").open("ab") as log:
            self._qemu = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self._wait_for_ssh(time.monotonic() + BOOT)
        self._connect()
        self.run("systemctl", "is-system-running", "--wait", timeout=BOOT)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._qemu is None or self._qemu.poll() is not None:
            raise Broken(f"The machine is off.\n{self.said()}")
        return self._qemu

    def _wait_for_ssh(self, deadline: float) -> None:
        while not _answers(self.port):
            self._running()
            if time.monotonic() > deadline:
                raise Broken(f"The machine did not answer on SSH within {BOOT:.0f} s.\n{self.said()}")
            time.sleep(0.25)

    def _connect(self) -> None:
        """One connection for all commands: a key exchange costs a second under emulation."""
        self._monitor = Monitor(self.folder / "qmp.socket")
        control = self.folder / "ssh.socket"
        with (self.folder / "ssh.log").open("ab") as log:
            argv = (*END_WITH_US, "ssh", "-F", self.ssh_config, "-M", "-N", "-S", control, HOST)
            self._master = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while not control.exists():
            if self._master.poll() is not None:
                raise Broken(f"SSH failed: {(self.folder / 'ssh.log').read_text()}\n{self.said()}")
            time.sleep(0.05)


@contextmanager
def boot(*disks: Disk, image: Image | None = None, hardware: qemu.Hardware | None = None) -> Iterator[Machine]:
    """A machine that has started, fresh from the image; gone at the end of the block."""
    image = image or Image.of_environment()
    if image is None:
        raise Broken("There is no image. Run scripts/lab")
    leftovers.remove()
    machine = Machine(image, disks, hardware or qemu.Hardware())
    try:
        machine.start()
        yield machine
    finally:
        machine.close()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _answers(port: int) -> bool:
    """QEMU takes a connection before the guest does: only the server's greeting tells."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        return connection.recv(4) == b"SSH-"
    return False
