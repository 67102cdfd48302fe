"""Ids and names, at the edges of what Proxmox takes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from phoenix_hypervisor.proxmox import names

FINE: list[tuple[Callable[[str], str | None], str]] = [
    (names.check_hostname, "a"),
    (names.check_hostname, f"{'a' * 63}.Example"),
    (names.check_hostname, f"{'a.' * 127}a"),
    (names.check_snapshot, "ab"),
    (names.check_snapshot, "a" * 40),
    (names.check_snapshot, "currently"),
    (names.check_storage_id, "a1"),
    (names.check_storage_id, "A-b_c.d"),
    (names.check_tag, "_a.b+c-d"),
    (names.check_mac, "52:54:00:aa:BB:cc"),
    (names.check_interface, "eth0.100"),
    (names.check_interface, "a" * 15),
    (names.check_dataset, "tank/lxc-disks/a:b"),
    (names.check_pool, "tank.2"),
    (names.check_cidr, "10.0.0.5/24"),
    (names.check_cidr, "fd00::5/64"),
    (names.check_address, "10.0.0.5"),
    (names.check_address, "fd00::5"),
]
WRONG: list[tuple[Callable[[str], str | None], str, str]] = [
    (names.check_hostname, f"{'a.' * 128}a", "at most 255 characters"),
    (names.check_hostname, "a" * 64, "DNS name"),
    (names.check_hostname, "a-.b", "DNS name"),
    (names.check_hostname, "", "DNS name"),
    (names.check_snapshot, "Current", "reserved"),
    (names.check_snapshot, "vzdump", "reserved"),
    (names.check_snapshot, "pending", "reserved"),
    (names.check_snapshot, "a" * 41, "at most 40 characters"),
    (names.check_snapshot, "a", "two characters at least"),
    (names.check_snapshot, "1a", "a letter followed by"),
    (names.check_storage_id, "a", "starts with a letter"),
    (names.check_storage_id, "a-", "ends with a letter or digit"),
    (names.check_tag, "-a", "a tag holds"),
    (names.check_mac, "52:54:00:aa:bb", "MAC address"),
    (names.check_interface, "e", "2 to 15"),
    (names.check_interface, "a" * 16, "2 to 15"),
    (names.check_dataset, "tank//a", "ZFS dataset"),
    (names.check_pool, "2tank", "ZFS pool"),
    (names.check_pool, "mirror2", "for itself"),
    (names.check_pool, "log", "for itself"),
    (names.check_cidr, "10.0.0.5", "needs its prefix length"),
    (names.check_cidr, "10.0.0.5/255.255.255.0", "needs its prefix length"),
    (names.check_cidr, "10.0.0.5/33", "IP address with prefix length"),
    (names.check_address, "10.0.0.256", "IP address"),
]


@pytest.mark.parametrize(("check", "name"), FINE)
def test_what_proxmox_takes(check: Callable[[str], str | None], name: str) -> None:
    assert check(name) is None


@pytest.mark.parametrize(("check", "name", "reason"), WRONG)
def test_what_proxmox_refuses(check: Callable[[str], str | None], name: str, reason: str) -> None:
    assert reason in (check(name) or "")


@pytest.mark.parametrize(("ctid", "fine"), [(99, False), (100, True), (999_999_999, True), (1_000_000_000, False)])
def test_the_range_of_ids(ctid: int, fine: bool) -> None:
    assert (names.check_ctid(ctid) is None) is fine


@pytest.mark.parametrize(("mac", "multicast"), [("52:54:00:00:00:00", False), ("01:00:5E:00:00:00", True)])
def test_the_lowest_bit_of_the_first_byte_means_multicast(mac: str, multicast: bool) -> None:
    assert names.is_multicast(mac) is multicast
