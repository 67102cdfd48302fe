"""Which machine an address names."""

from __future__ import annotations

import pytest

from phoenix_hypervisor.errors import UsageError
from phoenix_hypervisor.transport.destination import Destination, parse

NAMED = {
    "ssh://root@pve1": Destination("pve1", "root"),
    "ssh://pve1": Destination("pve1"),
    "ssh://pve1/": Destination("pve1"),
    "ssh://Pve-Alias": Destination("Pve-Alias"),
    "ssh://root@Root": Destination("Root", "root"),
    "ssh://root@10.0.0.1:2222": Destination("10.0.0.1", "root", 2222),
    "ssh://root@[fd00::1]:22": Destination("fd00::1", "root", 22),
    "ssh://a.b_c-d@host.example": Destination("host.example", "a.b_c-d"),
}
REFUSED = (
    "ssh://",
    "ssh://root@",
    "ssh://-oProxyCommand=id",
    "ssh://-l@host",
    "ssh://root@-host",
    "ssh://root@host:port",
    "ssh://root@host:70000",
    "ssh://root@host:0",
    "ssh://root@host/etc",
    "ssh://root@host?x",
    "ssh://root@ho st",
    "ssh://root@host;id",
    "ssh://root@[::1",
)


@pytest.mark.parametrize(("text", "expected"), NAMED.items(), ids=NAMED)
def test_an_address_names_a_machine(text: str, expected: Destination) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_address_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="names no machine"):
        parse(text)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError) as told:
        parse("ssh://root:hunter2@host")
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize("text", [text for text in NAMED if not text.endswith("/")])
def test_it_is_shown_as_it_was_given(text: str) -> None:
    assert f"ssh://{parse(text)}" == text


def test_what_ssh_is_told() -> None:
    assert parse("ssh://root@host:2222").argv == ("-l", "root", "-p", "2222", "--", "host")
    assert parse("ssh://alias").argv == ("--", "alias")
