"""The OS tarball that the containers of the lab are made of, once, in the same cache as the host lab's image."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import building
import image
import sources
from building import BASE, SUITE, Build
from failure import Failed

PACKAGES = f"{BASE},openssh-server,python3"
"""Of what Proxmox's own Debian tarball has, that which tests look at."""
ROOM = 3 * 2**30
"""Bytes that a build takes for a while; 150 MiB of them stay."""
_LEFT_OUT = ("./usr/sbin/policy-rc.d", "./var/cache/apt/archives/*.deb", "./var/lib/apt/lists/*")


class Template(Build):
    """Debian with an SSH server and Python, which updates itself from the mirror that this machine uses."""

    def run(self) -> Path:
        """The folder of the finished tarball; raises Failed."""
        options = ("--variant=minbase", f"--include={PACKAGES}", f"--keyring={sources.KEYRING}")
        self._alone(("debootstrap", *options, SUITE, str(self.root), self.mirror.archive))
        building._copy_network(self.root)
        lines = self.mirror.lines(SUITE).splitlines(keepends=True)
        listing = "".join(line for line in lines if f" {SUITE}-backports " not in line)
        (self.root / "etc/apt/sources.list").write_text(listing)
        self._alone(("chroot", str(self.root), "update-ca-certificates"))
        version = (self.root / "etc/debian_version").read_text().strip()
        name = f"debian-{version.split('.')[0]}-standard_{version}-1_amd64.tar.zst"
        excluded = (f"--exclude={each}" for each in _LEFT_OUT)
        self._do(("tar", "--zstd", "-cf", str(self.image / name), *excluded, "-C", str(self.root), "."))
        return self.image


def folder() -> Path:
    """Where the tarball of today's recipe is, or would be."""
    recipe = Path(__file__).read_bytes() + Path(building.__file__).read_bytes()
    return _cache() / hashlib.sha256(recipe).hexdigest()[:16]


def cached() -> bool:
    return folder().is_dir()


def build(say: Callable[[str], None]) -> Path:
    """Makes the tarball unless it is there; raises Failed. One build at a time."""
    _cache().mkdir(parents=True, exist_ok=True)
    with image.one_at_a_time():
        wanted = folder()
        if wanted.is_dir():
            return wanted
        for cut_off in _cache().glob("building-*"):
            shutil.rmtree(cut_off)
        if os.geteuid() != 0:
            raise Failed("only root can build the tarball. Start scripts/lab as root.")
        if shutil.disk_usage(_cache()).free < ROOM:
            raise Failed(f"the tarball needs 3 GiB in {_cache()} while it is built. Make room, or set XDG_CACHE_HOME.")
        with tempfile.TemporaryDirectory(dir=_cache(), prefix="building-") as name:
            Template(Path(name), _cache() / "build.log", say).run().rename(wanted)
    return wanted


def _cache() -> Path:
    return image.cache() / "containers"
