"""What Proxmox takes as the value of a container option. Source: the option schema of pct 9.2 (PVE::LXC::Config)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from phoenix_hypervisor.proxmox.names import check_hostname

CHOICES: Mapping[str, tuple[str, ...]] = {
    "arch": ("amd64", "i386", "arm64", "armhf", "riscv32", "riscv64"),
    "cmode": ("shell", "console", "tty"),
    "ostype": (
        *("debian", "devuan", "ubuntu", "centos", "fedora", "opensuse"),
        *("archlinux", "alpine", "gentoo", "nixos", "unmanaged"),
    ),
}
SWITCHES = frozenset({"console", "debug", "onboot", "protection"})
RANGES: Mapping[str, tuple[float, float]] = {"cpulimit": (0, 8192), "cpuunits": (0, 500_000), "tty": (0, 6)}
_BOOLEANS = frozenset({"0", "1", "yes", "no", "on", "off", "true", "false"})
_VOLUME = re.compile(r"[a-zA-Z][a-zA-Z0-9\-_.]*[a-zA-Z0-9]:[^\s:]+")
_ZONE = re.compile(r"host|[A-Za-z][A-Za-z0-9_+\-]*(?:/[A-Za-z0-9_+\-]+)*")


def check_option(key: str, value: str) -> str | None:
    """None when Proxmox takes the value, else the reason; keys without a rule of their own take any text."""
    if key in CHOICES:
        return None if value in CHOICES[key] else f"it must be one of {', '.join(CHOICES[key])}"
    if key in SWITCHES:
        return None if value.lower() in _BOOLEANS else "it must be 0 or 1"
    if key in RANGES:
        return _check_number(value, *RANGES[key], whole=key != "cpulimit")
    if key == "hookscript":
        return None if _VOLUME.fullmatch(value) else "it must be a volume, as local:snippets/hook.sh"
    if key == "timezone":
        return None if _ZONE.fullmatch(value) else "it must be host or a time zone, as Europe/Berlin"
    if key == "searchdomain":
        wrong = [name for name in re.split(r"[\s,;]+", value) if name and check_hostname(name)]
        return f"{wrong[0]} does not look like a DNS name" if wrong else None
    return None


def _check_number(value: str, least: float, most: float, *, whole: bool) -> str | None:
    pattern = r"[0-9]{1,9}" if whole else r"[0-9]{1,9}(?:\.[0-9]{1,6})?"
    if re.fullmatch(pattern, value) and least <= float(value) <= most:
        return None
    return f"it must be a {'whole ' if whole else ''}number from {least:g} to {most:g}"
