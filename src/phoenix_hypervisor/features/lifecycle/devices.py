"""Devices of the node that a container sees: exactly those of its assigned GPUs, as ``devN`` (spec L6)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from phoenix_hypervisor.features.lifecycle.options import device_properties
from phoenix_hypervisor.proxmox.guest import Section

_KEY = re.compile(r"dev\d+")
_CONTROL = ("/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools")
"""What every program that uses CUDA opens, whichever card it uses."""
_MODE = "0666"
"""As on the node: who may use a card inside is not a matter of the device's mode."""


def devices_of(gpus: Iterable[int]) -> tuple[str, ...]:
    """The device nodes of these cards, by their numbers, and the control nodes; none without a card."""
    cards = tuple(f"/dev/nvidia{number}" for number in gpus)
    return (*cards, *_CONTROL) if cards else ()


def place_devices(paths: Iterable[str], section: Section, declared: Mapping[str, str]) -> dict[str, str]:
    """``devN`` to its value, for each path: where the section has it, else at the first free number.

    ``declared``: keys that the configuration sets itself; a path that one of them names is left to it.
    """
    by_hand = {_path(value) for key, value in declared.items() if _KEY.fullmatch(key)}
    there = {_path(value): key for key, value in section.options.items() if _KEY.fullmatch(key) and key not in declared}
    wanted = [path for path in paths if path not in by_hand]
    keys = {path: there[path] for path in wanted if path in there}
    used = {*section.options, *declared, *keys.values()}
    for path in wanted:
        if path not in keys:
            keys[path] = next(key for key in (f"dev{number}" for number in range(256)) if key not in used)
            used.add(keys[path])
    return {keys[path]: f"{path},mode={_MODE}" for path in wanted}


def _path(value: str) -> str:
    return device_properties(value).get("path", "")
