"""What merging a stanza of /etc/network/interfaces changes, and what it does not."""

from __future__ import annotations

import difflib

import pytest

from phoenix_hypervisor.resources.stanza import Wanted, merged, stanzas

TEXT = """\
# the node's network
auto lo
iface lo inet loopback

iface enp1s0 inet manual

auto vmbr0
iface vmbr0 inet static
        # moved in 2024
        address 10.0.0.2/24
        gateway 10.0.0.1
        bridge-ports enp1s0
        bridge-stp off
        post-up echo "address 10.9.9.9/24"
#end of vmbr0

iface vmbr0 inet6 static
\taddress fd00::2/64

source /etc/network/interfaces.d/*
"""


def after(text: str, wanted: Wanted, family: str = "inet") -> list[str]:
    """The lines that go and come."""
    (stanza,) = (each for each in stanzas(text) if (each.name, each.family) == ("vmbr0", family))
    lines = difflib.ndiff(text.splitlines(), merged(text, stanza, wanted).splitlines())
    return [line[0] + line[2:].lstrip() for line in lines if line[0] in "+-"]


@pytest.mark.parametrize(
    ("wanted", "lines"),
    [
        (Wanted("10.0.0.2/24"), []),
        (Wanted("10.0.0.2/24", "10.0.0.1"), []),
        (Wanted("10.0.0.3/24", "10.0.0.1"), ["-address 10.0.0.2/24", "+address 10.0.0.3/24"]),
        (Wanted("10.0.0.2/24", "10.0.0.254"), ["-gateway 10.0.0.1", "+gateway 10.0.0.254"]),
    ],
)
def test_only_what_differs_is_merged(wanted: Wanted, lines: list[str]) -> None:
    assert after(TEXT, wanted) == lines


def test_an_address_of_the_other_family_goes_into_its_own_stanza() -> None:
    assert after(TEXT, Wanted("fd00::3/64", "fd00::1"), "inet6") == [
        "-address fd00::2/64",
        "+address fd00::3/64",
        "+gateway fd00::1",
    ]
    assert after(TEXT, Wanted("FD00:0::2/64"), "inet6") == []


@pytest.mark.parametrize(
    ("body", "wanted", "lines"),
    [
        ("static\n\taddress 10.0.0.2\n\tnetmask 255.255.255.0\n", Wanted("10.0.0.2/24"), []),
        ("static\n\taddress 10.0.0.2\n\tnetmask 255.255.255.0\n", Wanted("10.0.0.2/16"),
         ["-address 10.0.0.2", "-netmask 255.255.255.0", "+address 10.0.0.2/16"]),
        ("dhcp\n\tbridge-ports none\n", Wanted("10.0.0.2/24"),
         ["-iface vmbr0 inet dhcp", "+iface vmbr0 inet static", "+address 10.0.0.2/24"]),
        ("static\n\taddress 10.0.0.2/24\n\taddress 10.0.1.2/24\n", Wanted("10.0.1.2/24"), []),
        ("static\n\taddress 10.0.0.2/24\n\tgateway 10.0.0.8\n\tgateway 10.0.0.9\n",
         Wanted("10.0.0.2/24", "10.0.0.1"), ["-gateway 10.0.0.8", "-gateway 10.0.0.9", "+gateway 10.0.0.1"]),
        ("manual", Wanted("10.0.0.2/24", "10.0.0.1"),
         ["-iface vmbr0 inet manual", "+iface vmbr0 inet static", "+address 10.0.0.2/24", "+gateway 10.0.0.1"]),
        ("static\n\taddress 10.0.0.2/24 \\\n\t# on\n", Wanted("10.0.0.3/24"), []),
    ],
)  # fmt: skip
def test_other_ways_to_say_it(body: str, wanted: Wanted, lines: list[str]) -> None:
    text = f"iface vmbr0 inet {body}"
    assert sorted(after(text, wanted)) == sorted(lines)
    (stanza,) = stanzas(text)
    once = merged(text, stanza, wanted)
    (again,) = stanzas(once)
    assert merged(once, again, wanted) == once


def test_stanzas_end_where_the_next_begins() -> None:
    found = {(each.name, each.family): each for each in stanzas(TEXT)}
    assert set(found) == {("lo", "inet"), ("enp1s0", "inet"), ("vmbr0", "inet"), ("vmbr0", "inet6")}
    assert found["vmbr0", "inet"].addresses == ("10.0.0.2/24",) and found["vmbr0", "inet"].gateway == "10.0.0.1"
    assert found["enp1s0", "inet"].options == ()
