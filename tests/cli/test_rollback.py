"""``phoenix rollback``: back to a snapshot, with what is in the way named."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Phoenix
from .test_destroy import Site, tree


@pytest.fixture
def site(phoenix: Phoenix, tmp_path: Path) -> Site:
    return Site(phoenix, tmp_path, tree()).apply()


def test_it_is_as_it_was_and_runs_as_before(site: Site) -> None:
    site.run("pct", "exec", "951", "--", "sh", "-c", "echo lost >/root/lost")
    site.run("pct", "set", "951", "--memory", "333")
    said = site.phoenix("rollback", "951", *site.there)
    assert said.code == 0 and "what was changed since is lost" in said.out
    assert "running" in site.run("pct", "status", "951").out
    assert "memory: 256" in site.run("pct", "config", "951").out
    assert site.phoenix("sim", "run", site.node, "pct", "exec", "951", "--", "cat", "/root/lost").code != 0
    assert site.phoenix("plan", *site.there[:-1], "--exit-code").code == 0


def test_newer_snapshots_are_named_whoever_took_them(site: Site) -> None:
    site.run("pct", "snapshot", "951", "mine")
    site.run("zfs", "snapshot", "tank/tank-lxc/subvol-951-disk-0@autosnap")
    said = site.phoenix("rollback", "ct951", *site.there)
    assert said.code == 4
    for text in ("subvol-951-disk-0@mine", "@autosnap", "pct delsnapshot 951 mine", "zfs destroy"):
        assert text in said.err
    site.run("sh", "-c", "pct delsnapshot 951 mine && zfs destroy tank/tank-lxc/subvol-951-disk-0@autosnap")
    assert site.phoenix("rollback", "951", *site.there).code == 0


def test_clones_of_what_is_in_the_way_are_named(site: Site) -> None:
    site.run("pct", "delsnapshot", "900", "configured-state")
    site.run("zfs", "snapshot", "tank/tank-lxc/subvol-900-disk-0@later")
    site.run("zfs", "clone", "tank/tank-lxc/subvol-900-disk-0@later", "tank/mine")
    said = site.phoenix("rollback", "900", "base", *site.there)
    assert said.code == 4 and "Clones hang on them: tank/mine" in said.err


def test_a_snapshot_that_is_not_there_is_told_with_those_that_are(site: Site) -> None:
    said = site.phoenix("rollback", "951", "configured-stat", *site.there)
    assert said.code == 2 and 'Did you mean "configured-state"' in said.err
    assert "It has: configured-state" in site.phoenix("rollback", "951", "zzz", *site.there).err
    assert site.phoenix("rollback", "99", *site.there).code == 2


def test_what_is_not_ours_is_left_alone(site: Site) -> None:
    site.run("pct", "set", "951", "--delete", "tags,description")
    assert site.phoenix("rollback", "951", *site.there).code == 4


@pytest.mark.parametrize(
    ("words", "text"), [(("--protection", "1"), "is protected"), (("--lock", "backup"), "is locked")]
)
def test_what_is_protected_or_locked_is_refused(site: Site, words: tuple[str, ...], text: str) -> None:
    site.run("pct", "set", "951", *words)
    said = site.phoenix("rollback", "951", *site.there)
    assert said.code == 4 and text in said.err


def test_a_stopped_one_stays_stopped(site: Site) -> None:
    site.run("pct", "stop", "951")
    assert site.phoenix("rollback", "951", *site.there).code == 0
    assert "stopped" in site.run("pct", "status", "951").out


def test_volumes_that_the_snapshot_does_not_know_come_back_with_their_data(site: Site) -> None:
    containers = tree()
    volume = {"pool": "tank-lxc", "size_gb": 1}
    containers[951]["volumes"] = [volume | {"name": name, "mount_point": f"/{name}"} for name in ("one", "two")]
    site.declare(containers)
    site.apply()
    site.run("pct", "exec", "951", "--", "sh", "-c", "echo kept >/two/file")
    said = site.phoenix("rollback", "951", *site.there)
    assert said.code == 0 and "they are detached, with their data" in said.out
    site.apply()
    assert site.run("pct", "exec", "951", "--", "cat", "/two/file").out == "kept\n"
    assert site.phoenix("plan", *site.there[:-1], "--exit-code").code == 0
