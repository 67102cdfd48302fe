"""A service that a script sets up, and its health."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.containers.site import BASE, Site, network, standins

CTID = 920
PORT = 8080
SCRIPT = """\
#!/bin/sh
set -eu
mkdir -p /srv/www
echo "{text} of CT $1" >/srv/www/index.html
cat >/etc/systemd/system/web.service <<END
[Service]
ExecStart=/usr/bin/python3 -m http.server --directory /srv/www {port}

[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl enable web
systemctl restart web
"""
HEALTH = {"command": f"curl -sf http://localhost:{PORT}/", "retries": 10, "interval": 1}


def page(site: Site) -> str:
    """What the node reads from the service, through its bridge."""
    address = network(CTID)["ip"].partition("/")[0]
    read = (
        f"import urllib.request as r; print(r.urlopen('http://{address}:{PORT}/', timeout=10).read().decode(), end='')"
    )
    return site.node.out("python3", "-c", read)


@pytest.fixture(scope="module")
def web(site: Site) -> Iterator[Site]:
    site.write("web.sh", SCRIPT.format(text="The first page", port=PORT))
    site.declare(CTID, clone_from_ctid=str(BASE), application_script="web.sh", health_check=HEALTH)
    site.converged(CTID)
    yield site
    site.gone(CTID)


def test_it_serves_from_the_first_apply_on(web: Site) -> None:
    standins()
    assert page(web) == f"The first page of CT {CTID}\n"


def test_a_script_that_changed_runs_again_and_once(web: Site) -> None:
    standins()
    web.write("web.sh", SCRIPT.format(text="The second page", port=PORT))
    planned = web.phoenix("plan", str(CTID))
    assert "run web.sh inside" in planned.said, planned.said
    web.converged(CTID)
    assert page(web) == f"The second page of CT {CTID}\n"


def test_a_service_that_does_not_come_up_is_told_with_the_end_of_its_log(web: Site) -> None:
    standins()
    web.inside(CTID, "mv /srv/www /srv/away; sed -i 's/--directory/--wrong/' /etc/systemd/system/web.service")
    web.node.out("pct", "stop", str(CTID))
    done = web.apply(CTID)
    assert done.rc == 1, done.said
    assert "web.service failed" in done.said, done.said
    assert "server.py: error:" in done.said, done.said
    assert "sys-kernel" not in done.said, done.said

    web.inside(CTID, "mv /srv/away /srv/www; sed -i 's/--wrong/--directory/' /etc/systemd/system/web.service")
    web.inside(CTID, "systemctl daemon-reload; systemctl reset-failed; systemctl start web")
    web.converged(CTID)
    assert page(web) == f"The second page of CT {CTID}\n"
