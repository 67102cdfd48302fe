"""The programs that the lab needs on this machine, and how it gets those that are missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import sources
from failure import Failed

RUN = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "ssh": "openssh-client",
    "setpriv": "util-linux",
}
BUILD = {
    "debootstrap": "debootstrap",
    "mkfs.ext4": "e2fsprogs",
    "ssh-keygen": "openssh-client",
    "unshare": "util-linux",
    "zstd": "zstd",
    sources.KEYRING: "debian-archive-keyring",
}
RUN_CONTAINERS = {
    "slirp4netns": "slirp4netns",
    "mkfs.btrfs": "btrfs-progs",
    "lxc-start": "lxc",
    "newuidmap": "uidmap",
    "ip": "iproute2",
    "ssh-keygen": "openssh-client",
    "setpriv": "util-linux",
    "zstd": "zstd",
}
"""What the container lab runs with; its containers install the rest themselves."""
OLDEST_QEMU = 8
"""Debian 12's own, 7.2, was seen to crash guests under emulation."""


def establish(building: bool) -> list[str]:
    """Installs what is missing; returns the names of the packages. Raises Failed where that cannot be."""
    wanted = {**RUN, **BUILD} if building else RUN
    missing = sorted({package for program, package in wanted.items() if not _there(program)})
    qemu = {"qemu-system-x86", "qemu-utils"} if _qemu_version() < OLDEST_QEMU else set()
    plain = [package for package in missing if package not in qemu]
    if not plain and not qemu:
        return []
    _may_install([*plain, *sorted(qemu)])
    if plain:
        _apt(("update",))
        _install(plain)
    if qemu:
        _install_qemu()
    return [*plain, *sorted(qemu)]


def establish_containers(building: bool) -> list[str]:
    """The same for the container lab."""
    wanted = {**RUN_CONTAINERS, **BUILD} if building else RUN_CONTAINERS
    missing = sorted({package for program, package in wanted.items() if not _there(program)})
    if missing:
        _may_install(missing)
        _apt(("update",))
        _install(missing)
    return missing


def _there(program: str) -> bool:
    return Path(program).exists() if program.startswith("/") else shutil.which(program) is not None


def _qemu_version() -> int:
    """The first number of the installed QEMU's version; 0 without one."""
    if not _there("qemu-system-x86_64"):
        return 0
    said = subprocess.run(("qemu-system-x86_64", "--version"), capture_output=True, text=True).stdout
    match = re.search(r"version (\d+)", said)
    return int(match[1]) if match else 0


def _may_install(packages: Sequence[str]) -> None:
    if not _there("apt-get"):
        raise Failed(f"missing here: {', '.join(packages)} (as Debian calls them). Install them, then start again.")
    if os.geteuid() != 0:
        raise Failed(f"{', '.join(packages)} must be installed, or newer. Start scripts/lab as root.")


def _install_qemu() -> None:
    """The distribution's own QEMU, or that of its backports when the own one is too old."""
    _apt(("update",))
    policy = subprocess.run(("apt-cache", "policy", "qemu-system-x86"), capture_output=True, text=True).stdout
    candidate = re.search(r"Candidate: (?:\d+:)?(\d+)", policy)
    packages = ("qemu-system-x86", "qemu-utils")
    if candidate and int(candidate[1]) >= OLDEST_QEMU:
        _install(packages)
        return
    suite = sources.codename(Path("/etc/os-release"))
    if not suite:
        raise Failed(f"QEMU {OLDEST_QEMU} or newer is needed, and apt offers none. Install one, then start again.")
    with tempfile.TemporaryDirectory() as folder:
        options = _with_backports(Path(folder), suite)
        _apt((*options, "update"))
        _install(packages, (*options, "-t", f"{suite}-backports"))


def _with_backports(folder: Path, suite: str) -> tuple[str, ...]:
    """Options that make apt read a list of its own for one command; the machine's sources stay as they are."""
    folder.chmod(0o755)
    (folder / "lists/partial").mkdir(parents=True)
    listing = folder / "sources.list"
    listing.write_text(sources.mirror().lines(suite).replace("deb ", f"deb [signed-by={sources.KEYRING}] "))
    values = {"Etc::sourcelist": listing, "Etc::sourceparts": "/dev/null", "State::lists": folder / "lists"}
    return tuple(word for key, value in values.items() for word in ("-o", f"Dir::{key}={value}"))


def _install(packages: Sequence[str], options: Sequence[str] = ()) -> None:
    print(f"lab: installing {', '.join(packages)}", flush=True)
    _apt((*options, "install", "-y", "--no-install-recommends", *packages))


def _apt(arguments: Sequence[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    argv = ("apt-get", "-qq", *arguments)
    done = subprocess.run(argv, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise Failed(f"apt-get {arguments[-1]} failed: {last}. Look at the machine's network and /etc/apt.")
