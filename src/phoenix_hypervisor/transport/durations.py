"""How long commands usually take on a real node, by what they are called with. For estimates only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

DEFAULT = "*"
SCRIPT = "/*"
"""The entry of a program that is called by its path: a script of the configuration."""

USUAL: Mapping[str, float] = {
    "pct": 1.0,
    "pct create": 18.0,
    "pct clone": 2.0,
    "pct clone --full": 180.0,
    "pct start": 1.5,
    "pct stop": 1.6,
    "pct shutdown": 3.0,
    "pct reboot": 4.5,
    "pct snapshot": 1.1,
    "pct rollback": 1.2,
    "pct delsnapshot": 1.3,
    "pct destroy": 1.5,
    "pvesm": 0.4,
    "pvesh": 0.6,
    "pveum": 0.6,
    "pveam": 0.4,
    "pveam update": 2.0,
    "pveam download": 10.0,
    "zpool": 0.05,
    "zpool create": 2.0,
    "lxc-attach": 0.03,
    "apt-get": 1.0,
    "apt-get update": 4.0,
    "apt-get install": 10.0,
    "update-initramfs": 20.0,
    SCRIPT: 30.0,
    DEFAULT: 0.02,
}
"""Seconds by program, by program and verb, and by one of the flags after them; the longest name that fits counts.

``pct`` and its verbs: as measured and published for Proxmox VE 8 and 9 (nearly all of it loads Perl modules; a full
clone copies every file). Downloads and packages: over 100 Mbit/s.
"""


def expected(argv: Sequence[str], usual: Mapping[str, float] = USUAL) -> float:
    """Seconds; of what runs inside a container, those of its program and those of the way in."""
    program, *words = argv
    if program == "lxc-attach" and "--" in words:
        return usual[program] + expected(_program(words[words.index("--") + 1 :]), usual)
    if "/" in program:
        return usual[SCRIPT]
    return next((usual[name] for name in _names(program, words) if name in usual), usual[DEFAULT])


def _program(words: Sequence[str]) -> Sequence[str]:
    """What is run when ``env`` and its assignments are taken away."""
    if words[:1] == ["env"]:
        rest = [number for number, word in enumerate(words) if number and "=" not in word]
        words = words[rest[0] :] if rest else words
    return words or ("true",)


def _names(program: str, words: Sequence[str]) -> Iterator[str]:
    """The names under which it may be found, the longest first."""
    verb = next((word for word in words if not word.startswith("-") and "=" not in word), "")
    yield from (f"{program} {verb} {word}" for word in words if word.startswith("--"))
    yield f"{program} {verb}"
    yield program
