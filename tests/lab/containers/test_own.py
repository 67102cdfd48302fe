"""Features of one's own, those of the repository: one in shell, one in Python."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.containers.node import REPOSITORY
from lab.containers.site import BASE, Site, standins

CTID = 930
FILE = "/etc/modules-load.d/lab.conf"
SETTINGS = {"greeting": {"text": "Welcome."}, "line_in_file": {"path": FILE, "lines": ["one", "two"]}}
GREETING, LINES = f"ct{CTID}: Welcome.\n", "one\ntwo\n"


@pytest.fixture(scope="module")
def own(site: Site) -> Iterator[Site]:
    for path in (REPOSITORY / "features.d").iterdir():
        if path.is_file():
            site.write(f"features.d/{path.name}", path.read_text("utf-8"))
    site.declare(CTID, clone_from_ctid=str(BASE), features=list(SETTINGS), feature_config=SETTINGS)
    site.converged(CTID)
    yield site
    site.gone(CTID)


def test_they_are_established(own: Site) -> None:
    standins()
    assert own.inside(CTID, "cat /etc/motd") == GREETING
    assert own.inside(CTID, f"cat {FILE}") == LINES
    assert own.deep(CTID).nothing_to_do


@pytest.mark.parametrize(
    ("feature", "broken", "other", "look", "wanted"),
    [
        ("greeting", "echo Hacked. >/etc/motd", "line_in_file", "cat /etc/motd", GREETING),
        ("line_in_file", f"sed -i /two/d {FILE}", "greeting", f"cat {FILE}", LINES),
    ],
)
def test_what_was_edited_is_seen_and_put_back(
    own: Site, feature: str, broken: str, other: str, look: str, wanted: str
) -> None:
    standins()
    own.inside(CTID, broken)
    seen = own.deep(CTID)
    assert f"~ {feature}" in seen.said, seen.said
    assert f"~ {other}" not in seen.said, seen.said
    assert feature in own.phoenix("status", "--deep", str(CTID)).said
    own.repaired(CTID)
    assert own.inside(CTID, look) == wanted


def test_a_setting_that_changed_runs_that_feature_and_no_other(own: Site) -> None:
    standins()
    own.declare(
        CTID,
        clone_from_ctid=str(BASE),
        features=list(SETTINGS),
        feature_config={**SETTINGS, "greeting": {"text": "Good day."}},
    )
    done = own.converged(CTID)
    assert "line_in_file" not in done.said, done.said
    assert own.inside(CTID, "cat /etc/motd") == f"ct{CTID}: Good day.\n"
