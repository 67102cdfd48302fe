"""Command lines are judged as the real tools judge them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from phoenix_hypervisor.simulator.contract import UsageError, find_verb, keys_of, print_properties, verbs
from phoenix_hypervisor.simulator.failures import ParameterError, PveError


def test_the_data_is_the_reduced_contract(transcripts: Path, repository: Path) -> None:
    dumps = [transcripts.parent / name for name in ("contract.json", "differences-8.4-9.2.json")]
    command = [sys.executable, repository / "scripts/reduce-contract", *dumps]
    made = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert made == (repository / "src/phoenix_hypervisor/simulator/contract.json").read_text()


@pytest.mark.parametrize(
    ("verb", "words", "wanted"),
    [
        ("start", "900", {"vmid": "900"}),
        ("start", "--debug 900", None),
        ("start", "900 --debug", {"vmid": "900", "debug": "1"}),
        ("start", "900 --debug --skiplock 0", {"vmid": "900", "debug": "1", "skiplock": "0"}),
        ("set", "900 -memory 512", {"vmid": "900", "memory": "512"}),
        ("set", "900 --memory=512", {"vmid": "900", "memory": "512"}),
        ("set", "900 --mem 512", {"vmid": "900", "memory": "512"}),
        ("set", "900 --onboot yes", {"vmid": "900", "onboot": "1"}),
        ("set", "900 --delete net0,mp1 --delete dev0", {"vmid": "900", "delete": "net0,mp1,dev0"}),
        ("set", "900 --memory 1 --memory 512", {"vmid": "900", "memory": "512"}),
        ("set", "900 --mp255 /a,mp=/a", {"vmid": "900", "mp255": "/a,mp=/a"}),
        ("set", "900 --mp256 /a,mp=/a", None),
        ("set", "900 --mp01 /a,mp=/a", None),
        ("set", "900 --me 512", {"vmid": "900", "memory": "512"}),
        ("set", "900 --s 512", None),
        ("set", "900 --memory", None),
        ("set", "900 --onboot maybe", None),
    ],
)
def test_options(verb: str, words: str, wanted: dict[str, str] | None) -> None:
    if wanted is None:
        with pytest.raises((UsageError, ParameterError)):
            verbs("pct")[verb].parse(words.split())
    else:
        assert verbs("pct")[verb].parse(words.split()) == (wanted, [])


def test_what_follows_a_command_to_execute_is_left_alone() -> None:
    parse = verbs("pct")["exec"].parse
    assert parse(["900", "--keep-env", "0", "--", "ls", "-l", "--", "x"]) == (
        {"vmid": "900", "keep-env": "0"},
        ["ls", "-l", "--", "x"],
    )
    with pytest.raises(UsageError, match="Unknown option: l"):
        parse(["900", "ls", "-l"])


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("net0", "eth0", "net0: invalid format - value without key, but schema does not define a default key\n"),
        ("net0", "name=a,name=b", "net0: invalid format - duplicate key in comma-separated list property: name\n"),
        ("net0", "name=a,tag=5000", "net0.tag: value must have a maximum value of 4094\n"),
        ("net0", "name=a,firewall=perhaps", "net0.firewall: type check ('boolean') failed - got 'perhaps'\n"),
        ("net0", "name=a,hwaddr=01:00:00:00:00:00", "net0.hwaddr: invalid format - value does not look like"),
        ("dev0", "/dev/../etc/passwd", "dev0.path: invalid format - /dev/../etc/passwd is not a valid device path\n"),
        ("dev0", "/etc/passwd", "is not a valid device path\n"),
        ("dev0", "/dev/fuse,mode=666", "dev0.mode: value does not match the regex pattern\n"),
        ("mp0", "/a/../b,mp=/b", "mp0.volume: invalid format - /a/../b contains illegal character sequences\n"),
        ("nameserver", "10.0.0.1,nosuch", "nameserver: invalid format - value does not look like a valid IP address\n"),
        ("cores", "9000", "cores: value must have a maximum value of 8192"),
        ("cpulimit", "half", "cpulimit: type check ('number') failed - got 'half'"),
        ("startup", "first", "startup: invalid format - unable to parse startup options\n"),
        ("description", "x" * 8193, "description: value may only be 8192 characters long"),
        ("hookscript", "nosuch", "hookscript: invalid format - unable to parse volume ID 'nosuch'\n"),
        ("hostname", "-a", "hostname: invalid format - value does not look like a valid DNS name\n"),
    ],
)
def test_values(option: str, value: str, reason: str) -> None:
    with pytest.raises(ParameterError) as caught:
        verbs("pct")["set"].parse(["900", f"--{option}", value])
    assert reason in f"{caught.value.text}\n"


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ({"ip": "dhcp", "bridge": "vmbr0", "name": "eth0"}, "name=eth0,bridge=vmbr0,ip=dhcp"),
        ({"type": "veth", "name": "eth0", "hwaddr": "A"}, "name=eth0,hwaddr=A,type=veth"),
    ],
)
def test_property_strings_are_printed_in_proxmoxs_order(value: dict[str, str], printed: str) -> None:
    assert print_properties(value, keys_of("net0")) == printed


@pytest.mark.parametrize(
    ("word", "found"),
    [("snap", "snapshot"), ("status", "status"), ("sta", "incomplete"), ("x", "unknown"), ("list", "list")],
)
def test_verbs_may_be_abbreviated(word: str, found: str) -> None:
    try:
        assert find_verb("pct", word).name == found
    except PveError as failure:
        assert failure.text == f"ERROR: {found} command 'pct {word}'"
