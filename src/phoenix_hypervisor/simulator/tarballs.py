"""OS tarballs: what their names say, how large they are, what they unpack to.

A simulated tarball is a short text that names its system and its packed size; anything else is no archive.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = re.compile(r"\.(tar\.(gz|xz|zst|bz2)|tgz|tar)$")
_TEXT = re.compile(r"^simulated archive of (\S+), (\d+) bytes\n$")
_SYSTEM = re.compile(r"^(debian|ubuntu|devuan|alpine|centos|fedora|rockylinux|almalinux|archlinux|opensuse)-([0-9.]+)?")
_OSTYPES = {"rockylinux": "centos", "almalinux": "centos"}
_CODENAMES = {
    "debian-11": "bullseye",
    "debian-12": "bookworm",
    "debian-13": "trixie",
    "ubuntu-20.04": "focal",
    "ubuntu-22.04": "jammy",
    "ubuntu-24.04": "noble",
    "ubuntu-24.10": "oracular",
    "ubuntu-25.04": "plucky",
}
_SYSTEMD = {
    "debian-11": 247, "debian-12": 252, "debian-13": 257,
    "ubuntu-20.04": 245, "ubuntu-22.04": 249, "ubuntu-24.04": 255, "ubuntu-24.10": 256, "ubuntu-25.04": 257,
}  # fmt: skip
_PACKED = {"debian-13-minimal": 39_825_000, "debian": 126_500_000, "ubuntu": 141_600_000, "alpine": 3_260_000}
_UNPACKED_PER_PACKED = 3.4
_MINIMAL_UNPACKED = 117_278_720


@dataclass(frozen=True, slots=True)
class System:
    """An operating system: ``debian-13`` and the rest of the tarball's name."""

    name: str

    @property
    def _match(self) -> re.Match[str] | None:
        return _SYSTEM.match(self.name)

    @property
    def distribution(self) -> str:
        return self._match[1] if self._match else "unmanaged"

    @property
    def version(self) -> str:
        return (self._match[2] or "").rstrip(".") if self._match else ""

    @property
    def release(self) -> str:
        return f"{self.distribution}-{self.version}"

    @property
    def ostype(self) -> str:
        return _OSTYPES.get(self.distribution, self.distribution)

    @property
    def codename(self) -> str:
        return _CODENAMES.get(self.release, "")

    @property
    def systemd(self) -> int | None:
        """The version of systemd; None for a system without it."""
        return _SYSTEMD.get(self.release, 256 if self.distribution not in ("alpine", "devuan", "unmanaged") else None)


@dataclass(frozen=True, slots=True)
class Tarball:
    """An archive: its system and its size in bytes, packed and unpacked."""

    system: System
    packed: int

    @property
    def unpacked(self) -> int:
        if self.system.name.startswith("debian-13-minimal"):
            return _MINIMAL_UNPACKED
        return int(self.packed * _UNPACKED_PER_PACKED) // 10240 * 10240


def is_name(path: str) -> bool:
    return bool(_NAME.search(path))


def text(name: str, packed: int | None = None) -> str:
    """The content of a tarball file of that name."""
    stem = _NAME.sub("", name)
    usual = next((size for start, size in _PACKED.items() if stem.startswith(start)), 100_000_000)
    return f"simulated archive of {stem}, {usual if packed is None else packed} bytes\n"


def read(content: str) -> Tarball | None:
    """The tarball that a file is; None when it is no archive."""
    match = _TEXT.match(content)
    return Tarball(System(match[1]), int(match[2])) if match else None


def packed_size(content: str) -> int:
    """The bytes of a file in a tarball folder."""
    found = read(content)
    return found.packed if found else len(content)
