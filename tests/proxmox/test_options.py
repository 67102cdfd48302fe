"""Values of container options: as the real commands' own schema has them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phoenix_hypervisor.proxmox.options import CHOICES, RANGES, SWITCHES, check_option

FINE = [
    "cpulimit=1.5",
    "cpuunits=100",
    "tty=0",
    "protection=yes",
    "cmode=shell",
    "timezone=host",
    "timezone=Europe/Berlin",
]
FINE += ["hookscript=local:snippets/hook.sh", "searchdomain=lab.example other.example", "ostype=debian", "env=A=b"]
WRONG = ["cpulimit=abc", "cpulimit=9999", "cpuunits=9999999", "cpuunits=1.5", "tty=99", "protection=maybe", "console=2"]
WRONG += ["cmode=foo", "arch=foo", "ostype=foo", "hookscript=foo", "timezone=x; reboot", "searchdomain=a b_c"]


@pytest.mark.parametrize("option", FINE)
def test_what_proxmox_takes(option: str) -> None:
    key, _, value = option.partition("=")
    assert check_option(key, value) is None


@pytest.mark.parametrize("option", WRONG)
def test_what_proxmox_refuses(option: str) -> None:
    key, _, value = option.partition("=")
    assert check_option(key, value)


def test_the_rules_are_those_of_the_schema(transcripts: Path) -> None:
    schema = json.loads((transcripts.parent / "contract.json").read_text())["ct_config"]
    assert {key: list(choices) for key, choices in CHOICES.items()} == {key: schema[key]["enum"] for key in CHOICES}
    assert all(schema[key]["type"] == "boolean" for key in SWITCHES)
    for key, (least, most) in RANGES.items():
        assert (float(schema[key]["minimum"]), float(schema[key]["maximum"])) == (least, most)
