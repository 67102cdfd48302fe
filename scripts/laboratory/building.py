"""How the lab's image is made: Debian's base system, a template for containers, the guest, one file system."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import sources
from failure import Failed

SUITE = "bookworm"
BASE = "ca-certificates,dbus,ifupdown,iproute2,isc-dhcp-client,systemd-sysv"
"""What a container's template has beyond Debian's smallest system; the machine itself starts from the same."""
SIZE = "8G"
RECIPE = Path(__file__).resolve().parent / "recipe"
NAMESPACES = ("--mount", "--pid", "--uts", "--ipc")
ALONE = ("setpriv", "--pdeathsig", "KILL", "--", "unshare", *NAMESPACES, "--fork", "--kill-child")
"""A process that ends with this one, and with it all that it started and mounted."""
NO_START = "#!/bin/sh\nexit 101\n"
"""Policy of Debian's packages while they are installed: start no service."""


class Build:
    """One build in a folder that is thrown away: `root` becomes `image/root.raw`."""

    def __init__(self, place: Path, log: Path, say: Callable[[str], None]) -> None:
        self.root = place / "root"
        self.image = place / "image"
        self.image.mkdir()
        self.log = log
        self.log.write_bytes(b"")
        self.mirror = sources.mirror()
        self.say = say

    def run(self) -> Path:
        """The folder of the finished image; raises Failed."""
        steps = {
            "Debian's base system": self._base,
            "a template for containers": self._template,
            "kernel, ZFS module, services": self._guest,
            "file system": self._file_system,
        }
        for name, step in steps.items():
            begun = time.monotonic()
            step()
            self.say(f"  {name}: {time.monotonic() - begun:.0f} s")
        return self.image

    def _base(self) -> None:
        options = ("--variant=minbase", f"--include={BASE}", f"--keyring={sources.KEYRING}")
        self._alone(("debootstrap", *options, SUITE, str(self.root), self.mirror.archive))
        (self.root / "usr/sbin/policy-rc.d").write_text(NO_START)
        (self.root / "usr/sbin/policy-rc.d").chmod(0o755)

    def _template(self) -> None:
        version = (self.root / "etc/debian_version").read_text().strip()
        name = f"debian-{version.split('.')[0]}-standard_{version}-1_amd64.tar.zst"
        left_out = ("./usr/sbin/policy-rc.d", "./var/cache/apt/archives/*.deb", "./var/lib/apt/lists/*")
        excluded = (f"--exclude={each}" for each in left_out)
        self._do(("tar", "--zstd", "-cf", str(self.image / name), *excluded, "-C", str(self.root), "."))
        shelf = self.root / "var/lib/vz/template/cache"
        shelf.mkdir(parents=True)
        (self.image / name).rename(shelf / name)

    def _guest(self) -> None:
        _copy_network(self.root)
        (self.root / "etc/apt/sources.list").write_text(self.mirror.lines(SUITE))
        shutil.copytree(RECIPE, self.root / "recipe", symlinks=True)
        self._do(
            ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "phoenix-lab", "-f", str(self.image / "id_ed25519"))
        )
        shutil.copy(self.image / "id_ed25519.pub", self.root / "recipe/key.pub")
        self._alone(("chroot", str(self.root), "/bin/bash", "/recipe/guest.sh", SUITE))
        shutil.rmtree(self.root / "recipe")
        (self.root / "usr/sbin/policy-rc.d").unlink()

    def _file_system(self) -> None:
        for name, pattern in (("vmlinuz", "vmlinuz-*"), ("initrd.img", "initrd.img-*")):
            shutil.copy(next((self.root / "boot").glob(pattern)), self.image / name)
        kind, key = (self.root / "etc/ssh/ssh_host_ed25519_key.pub").read_text().split()[:2]
        (self.image / "known_hosts").write_text(f"phoenix-lab {kind} {key}\n")
        options = ("-q", "-F", "-L", "phoenix-lab", "-E", "lazy_itable_init=0,root_owner=0:0")
        self._do(("mkfs.ext4", *options, "-d", str(self.root), str(self.image / "root.raw"), SIZE))

    def _alone(self, argv: Sequence[str]) -> None:
        self._do((*ALONE, *argv), argv[0])

    def _do(self, argv: Sequence[str], name: str | None = None) -> None:
        with self.log.open("ab") as log:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        if done.returncode:
            last = self.log.read_text("utf-8", "replace").splitlines()[-1:]
            raise Failed(f"{name or argv[0]} failed: {' '.join(last)}. All of it: {self.log}")


def _copy_network(root: Path) -> None:
    """What this machine's apt needs to reach its mirror: name servers, proxies and checks, own certificates."""
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    said = subprocess.run(("apt-config", "dump"), capture_output=True, text=True).stdout
    wanted = [line for line in said.splitlines() if line.startswith("Acquire::") and "::IndexTargets::" not in line]
    (root / "etc/apt/apt.conf.d/90mirror").write_text("\n".join(wanted) + "\n")
    own = Path("/usr/local/share/ca-certificates")
    if own.is_dir():
        shutil.copytree(own, root / "usr/local/share/ca-certificates", dirs_exist_ok=True)
