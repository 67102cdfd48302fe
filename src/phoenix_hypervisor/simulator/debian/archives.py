"""The package archives that a simulated machine can reach: what answers at an address, and whose key signs it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from phoenix_hypervisor.simulator.debian.packages import ARCHIVE
from phoenix_hypervisor.simulator.debian.sources import Source
from phoenix_hypervisor.simulator.process import Machine

DEBIAN_SUITES = {"bullseye": "oldoldstable", "bookworm": "oldstable", "trixie": "stable", "forky": "testing"}
_UBUNTU_SUITES = ("focal", "jammy", "noble", "oracular", "plucky")
_POCKETS = {"debian": ("", "-updates", "-backports", "-proposed-updates"), "security": ("-security",)}
_KEYS = {
    "debian": "B7C5D7D6350947F8",
    "proxmox": "A7BCD1420BFE778E",
    "ubuntu": "871920D1991BC93C",
    "docker": "7EA0A9C3F273FCD8",
    "nvidia": "DDCAE044F796ECB0",
    "cuda": "A4B469963BF863CC",
}
AUTHORISATIONS = ("/etc/apt/auth.conf", "/etc/apt/auth.conf.d/*")


@dataclass(frozen=True)
class Archive:
    """Who publishes an archive, its suites and its components; ``collection`` is which packages it has."""

    vendor: str
    collection: str
    suites: tuple[str, ...]
    components: tuple[str, ...]

    @property
    def key(self) -> str:
        return _KEYS[self.vendor]


def _debian(pockets: tuple[str, ...]) -> Archive:
    names = (*DEBIAN_SUITES, *DEBIAN_SUITES.values())
    suites = tuple(f"{name}{pocket}" for name in names for pocket in pockets) + (("sid",) if "" in pockets else ())
    return Archive("debian", "debian", suites, ("main", "contrib", "non-free", "non-free-firmware"))


_PROXMOX = ("bookworm", "trixie")
_PLACES: tuple[tuple[str, Archive], ...] = (
    (r"(security\.debian\.org|deb\.debian\.org)/debian-security", _debian(_POCKETS["security"])),
    (r"security\.debian\.org", _debian(_POCKETS["security"])),
    (r"download\.proxmox\.com/debian/pve",
     Archive("proxmox", "pve", _PROXMOX, ("pve-no-subscription", "pve-test", "pvetest"))),
    (r"enterprise\.proxmox\.com/debian/pve", Archive("proxmox", "pve", _PROXMOX, ("pve-enterprise",))),
    (r"download\.proxmox\.com/debian/ceph-(quincy|reef|squid|tentacle)",
     Archive("proxmox", "ceph", _PROXMOX, ("no-subscription", "test"))),
    (r"enterprise\.proxmox\.com/debian/ceph-(quincy|reef|squid|tentacle)",
     Archive("proxmox", "ceph", _PROXMOX, ("enterprise",))),
    (r"download\.docker\.com/linux/(debian|ubuntu)",
     Archive("docker", "docker", (*DEBIAN_SUITES, *_UBUNTU_SUITES), ("stable", "test", "nightly"))),
    (r"nvidia\.github\.io/libnvidia-container/stable/deb/(amd64|\$\(ARCH\))",
     Archive("nvidia", "nvidia", ("/",), ("",))),
    (r"developer\.download\.nvidia\.com/compute/cuda/repos/(debian|ubuntu)[0-9]+/x86_64",
     Archive("cuda", "cuda", ("/",), ("",))),
    (
        r"([a-z]+\.)?(archive|security)\.ubuntu\.com/ubuntu",
        Archive(
            "ubuntu", "debian",
            tuple(name + pocket for name in _UBUNTU_SUITES for pocket in ("", "-updates", "-security", "-backports")),
            ("main", "restricted", "universe", "multiverse"),
        ),
    ),
    (r"[a-z0-9.-]+/(pub/)?debian", _debian(_POCKETS["debian"])),
    (r"[a-z0-9.-]+/(pub/)?debian-security", _debian(_POCKETS["security"])),
)  # fmt: skip
ENTERPRISE = "enterprise.proxmox.com"
_PUBLISHED = {
    "https://download.docker.com/linux/debian/gpg": "docker",
    "https://download.docker.com/linux/ubuntu/gpg": "docker",
    "https://nvidia.github.io/libnvidia-container/gpgkey": "nvidia",
    **{
        f"https://developer.download.nvidia.com/compute/cuda/repos/{release}/x86_64/3bf863cc.pub": "cuda"
        for release in ("debian12", "ubuntu2204", "ubuntu2404")
    },
    "https://developer.download.nvidia.com/compute/cuda/repos/debian13/x86_64/8793F200.pub": "newer cuda",
}
_ARMOUR = "-----{} PGP PUBLIC KEY BLOCK-----\n"
KEYS = {
    url: f"{_ARMOUR.format('BEGIN')}keyring of {vendor}\n{_ARMOUR.format('END')}" for url, vendor in _PUBLISHED.items()
}
"""The keys that vendors publish, by address."""


def find(source: Source) -> Archive | None:
    """What answers at a source's address; None where nothing does."""
    place = re.sub(r"^https?://([^/@]*@)?", "", source.uri).rstrip("/")
    return next((archive for pattern, archive in _PLACES if re.fullmatch(pattern, place)), None)


def host(source: Source) -> str:
    found = re.match(r"[a-z+]+://(?:[^/@]*@)?([^/:]+)", source.uri)
    return found[1] if found else ""


def is_authorised(machine: Machine, source: Source) -> bool:
    """Whether the server lets us in: the enterprise archive wants a subscription's login."""
    if host(source) != ENTERPRISE:
        return True
    if re.match(r"https?://[^/@:]+:[^/@]+@", source.uri):
        return True
    texts = (machine.files.read(path) for pattern in AUTHORISATIONS for path in machine.files.glob(pattern))
    return any(re.search(rf"machine\s+(https://)?{re.escape(ENTERPRISE)}\S*\s+login\s+\S+", text) for text in texts)


def signature(machine: Machine, source: Source, archive: Archive) -> str:
    """What keeps apt from trusting the release file; empty when nothing does."""
    if source.trusted:
        return ""
    files, mark = machine.files, f"keyring of {archive.vendor}"
    signers = source.signed_by.replace(",", " ").split() if "BEGIN PGP" not in source.signed_by else []
    if not signers:
        if source.signed_by or archive.vendor in ("debian", "ubuntu"):
            return ""
        keyrings = files.glob("/etc/apt/trusted.gpg.d/*")
    else:
        keyrings = [path for path in signers if path.startswith("/")]
        if len(keyrings) < len(signers):
            return ""
    for path in keyrings:
        entry = files.stat(path)
        if entry is not None and (mark in entry.data or "BEGIN PGP PUBLIC KEY" in entry.data):
            return ""
    return archive.key


def offered(machine: Machine, source: Source, archive: Archive) -> Mapping[str, str]:
    """The versions of the packages in a source's component, by name."""
    newer: Mapping[str, str] = getattr(machine, "archive", {})
    if re.search(r"-(updates|security|backports|proposed-updates)$", source.suite):
        return {}
    shelf = _shelf(source, archive)
    return {
        one.name: newer.get(one.name, one.version)
        for one in ARCHIVE.values()
        if (one.collection, one.component) == shelf and (not one.suites or source.suite in one.suites)
    }


def _shelf(source: Source, archive: Archive) -> tuple[str, str]:
    if archive.collection != "debian":
        return archive.collection, ""
    return "debian", {"restricted": "non-free", "universe": "main", "multiverse": "non-free"}.get(
        source.component, source.component
    )
