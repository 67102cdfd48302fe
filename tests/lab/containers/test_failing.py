"""A feature that fails: its last words, and what is left of the container."""

from __future__ import annotations

from lab.containers.site import BASE, Site, standins

CTID = 950
MANIFEST = '{"name": "shop", "summary": "A shop.", "executable": "shop.sh"}\n'
BEGINS = "#!/bin/sh\nset -eu\ncase $1 in\n  check) [ -e /srv/shop/open ] || exit 3 ;;\n  apply)\n"
FAILS = (
    f"{BEGINS}    mkdir -p /srv/shop; echo begun >/srv/shop/half; echo 'the goods are missing' >&2; exit 9 ;;\nesac\n"
)
WORKS = f"{BEGINS}    touch /srv/shop/open ;;\nesac\n"


def test_it_shows_its_last_lines_and_goes_on_when_it_is_mended(site: Site) -> None:
    standins()
    site.write("features.d/shop.json", MANIFEST)
    site.write("features.d/shop.sh", FAILS)
    site.declare(CTID, clone_from_ctid=str(BASE), features=["shop"])
    done = site.apply(CTID)
    assert done.rc == 1, done.said
    assert "the goods are missing" in done.said, done.said
    assert site.inside(CTID, "cat /srv/shop/half; ls /var/lib/phoenix/layers") == "begun\nbase_setup\nsurroundings\n"

    site.write("features.d/shop.sh", WORKS)
    mended = site.converged(CTID)
    assert not [command for command in mended.commands if "clone" in command], mended.commands
    assert site.inside(CTID, "cat /srv/shop/half; ls /srv/shop") == "begun\nhalf\nopen\n"
    site.gone(CTID)
