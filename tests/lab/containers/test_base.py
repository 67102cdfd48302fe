"""The base of a container, made from the tarball."""

from __future__ import annotations

from lab.containers.site import TIMEZONE, Site, standins

CTID = 901


def test_packages_and_time_zone_are_there_and_come_back(machine: Site) -> None:
    standins()
    machine.declare(CTID, features=["base_setup"])
    machine.converged(CTID)
    assert machine.inside(CTID, "jq -n 1+1; readlink -f /etc/localtime; cat /etc/timezone") == (
        f"2\n/usr/share/zoneinfo/{TIMEZONE}\n{TIMEZONE}\n"
    )
    assert machine.deep(CTID).nothing_to_do

    machine.inside(CTID, "dpkg --purge jq && ln -sf /usr/share/zoneinfo/UTC /etc/localtime")
    seen = machine.deep(CTID)
    assert "not installed: jq" in seen.said, seen.said
    assert f"timezone {TIMEZONE}: not as declared" in seen.said, seen.said

    machine.repaired(CTID)
    assert machine.inside(CTID, "jq -n 1+1; readlink -f /etc/localtime") == f"2\n/usr/share/zoneinfo/{TIMEZONE}\n"
    machine.gone(CTID)
