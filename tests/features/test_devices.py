"""Which devices a container with GPUs sees, and under which keys."""

from __future__ import annotations

import pytest

from phoenix_hypervisor.features.lifecycle.devices import devices_of, place_devices
from phoenix_hypervisor.proxmox.guest import Section

CONTROL = {
    "dev1": "/dev/nvidiactl,mode=0666",
    "dev2": "/dev/nvidia-uvm,mode=0666",
    "dev3": "/dev/nvidia-uvm-tools,mode=0666",
}
ONE = {"dev0": "/dev/nvidia1,mode=0666", **CONTROL}


def test_exactly_the_assigned_cards() -> None:
    assert devices_of(()) == ()
    assert devices_of((1,))[0] == "/dev/nvidia1"
    assert devices_of((0, 3))[:2] == ("/dev/nvidia0", "/dev/nvidia3")


CASES: dict[str, tuple[dict[str, str], dict[str, str], dict[str, str]]] = {
    "none yet": ({}, {}, ONE),
    "in order": (ONE, {}, ONE),
    "in another order": (
        {"dev7": "/dev/nvidia1"},
        {},
        {
            "dev7": "/dev/nvidia1,mode=0666",
            "dev0": "/dev/nvidiactl,mode=0666",
            "dev1": "/dev/nvidia-uvm,mode=0666",
            "dev2": "/dev/nvidia-uvm-tools,mode=0666",
        },
    ),
    "somebody else's device stays": (
        {"dev0": "/dev/ttyUSB0"},
        {},
        {f"dev{int(key[3:]) + 1}": value for key, value in ONE.items()},
    ),
    "one that the configuration sets itself is left to it": (
        {},
        {"dev0": "/dev/nvidia1,mode=0660,gid=44"},
        CONTROL,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_device_has_one_key(case: str) -> None:
    there, declared, expected = CASES[case]
    assert place_devices(devices_of((1,)), Section(there), declared) == expected
