"""The base of a container: packages that come whatever apt runs into, the locale, the time zone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.features.container.base_setup import BaseSetup, resources
from phoenix_hypervisor.simulator.faults import Fault, Kind
from rig import TARBALL, Rig, container, fitted, site_of
from within import of

BROKEN_MIRROR = "E: Failed to fetch http://archive.ubuntu.com/ubuntu/dists/noble/InRelease  {}"
PASSING = {
    "a name server that does not answer": BROKEN_MIRROR.format("Temporary failure resolving 'archive.ubuntu.com'"),
    "a mirror out of reach": "E: Unable to connect to archive.ubuntu.com:80:",
    "a mirror in the middle of an update": BROKEN_MIRROR.format("Hash Sum mismatch"),
    "a mirror that is overloaded": BROKEN_MIRROR.format("503  Service Unavailable [IP: 192.0.2.1 80]"),
}
JOURNAL = "/var/lib/dpkg/updates/0001"
attach, inside = of(950)


def rig_of(folder: Path, **host: Any) -> Rig:
    containers = {"950": container(950, template=TARBALL, features=["base_setup"])}
    return fitted(site_of(folder, {"lxc_configs": containers}, {"timezone": "Europe/Berlin", **host}))


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return rig_of(tmp_path / "etc")


def without_jq(rig: Rig) -> None:
    """An established container, in which a package is missing and the layer is to be established once more."""
    rig.converge()
    inside(rig, "sh", "-c", "apt-get remove -y jq; rm -rf /var/lib/phoenix/layers")


def has_jq(rig: Rig) -> bool:
    return attach(rig, "dpkg-query", "-W", "-f", "${db:Status-Status}", "jq").stdout == "installed"


@pytest.mark.parametrize("program", ["update", "install"])
@pytest.mark.parametrize("what", PASSING)
def test_what_passes_is_tried_again(rig: Rig, what: str, program: str) -> None:
    rig.node.faults.add(Fault(Kind.FAIL, ("apt-get", program), times=2, text=PASSING[what]))
    rig.converge()
    assert has_jq(rig)


def test_what_does_not_pass_is_given_up_with_its_reason(rig: Rig) -> None:
    text = PASSING["a mirror in the middle of an update"]
    rig.node.faults.add(Fault(Kind.FAIL, ("apt-get", "update"), text=text))
    said = rig.apply().failed["950:base_setup"]
    assert said.startswith("apt-get update: E: Failed to fetch")
    assert said.endswith("Hash Sum mismatch (tried 3 times)")


def test_what_trying_again_does_not_help_is_not_tried_again(rig: Rig) -> None:
    rig.node.faults.add(Fault(Kind.FAIL, ("apt-get", "install"), times=1, text="E: Unable to locate package jq"))
    assert rig.apply().failed == {"950:base_setup": "apt-get install ca-certificates: E: Unable to locate package jq"}


LOCKS = ["/var/lib/dpkg/lock-frontend", "/var/lib/apt/lists/lock"]


@pytest.mark.parametrize("lock", LOCKS)
def test_another_apt_is_waited_for_five_minutes_and_no_longer(rig: Rig, lock: str) -> None:
    without_jq(rig)
    locks = rig.node.container(950).files.locks  # type: ignore[union-attr]
    locks.add(lock)
    began = rig.node.clock
    said = rig.apply().failed["950:base_setup"]
    assert 290 < rig.node.clock - began < 400
    assert "lock" in said and len(said) < 400
    locks.discard(lock)
    rig.converge()
    assert has_jq(rig)


INTERRUPTED = {
    "amid its work": f"mkdir -p {JOURNAL.rpartition('/')[0]}; touch {JOURNAL}",
    "before setting a package up": "sed -i '/^Package: curl$/,/^$/ s/install ok installed/install ok unpacked/' "
    "/var/lib/dpkg/status",
    "before what a package depends on came": "apt-get remove -y openssl; "
    "printf '\\nPackage: ca-certificates\\nStatus: install ok unpacked\\nVersion: 20250419\\n' >>/var/lib/dpkg/status",
}


@pytest.mark.parametrize("when", INTERRUPTED)
def test_an_installation_that_was_cut_off_is_finished_first(rig: Rig, when: str) -> None:
    without_jq(rig)
    inside(rig, "sh", "-c", INTERRUPTED[when])
    rig.converge()
    listed = inside(rig, "dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n")
    wanted = ("jq", "curl", "ca-certificates", "openssl")
    assert {f"{name} installed" for name in wanted} <= set(listed.splitlines())
    assert not attach(rig, "test", "-e", JOURNAL).ok


def test_a_file_that_somebody_changed_is_kept_and_nobody_is_asked(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", locale="de_DE.UTF-8")
    rig.converge()
    lines = [line for line in rig.ran if re.search(r"(apt-get (install|remove)|dpkg) ", line)]
    assert len(lines) == 2 and all("--force-confold" in line for line in lines)


@pytest.mark.parametrize(
    ("locale", "packages", "generated"),
    [("de_DE.UTF-8", {"locales"}, "de_DE.utf8"), ("C.UTF-8", set(), "C.utf8"), (None, set(), "C.utf8")],
)
def test_the_locale_is_as_declared_or_left_alone(
    tmp_path: Path, locale: str | None, packages: set[str], generated: str
) -> None:
    rig = rig_of(tmp_path / "etc", **({"locale": locale} if locale else {}))
    rig.converge()
    assert inside(rig, "sh", "-c", "cat /etc/default/locale || :") == (f"LANG={locale}\n" if locale else "")
    assert generated in inside(rig, "locale", "-a").split()
    (first, *_) = resources(BaseSetup(locale=locale))
    assert set(first.packages) - {*BaseSetup().packages} == packages  # type: ignore[attr-defined]
    assert rig.plan().empty


def test_other_settings_of_the_locale_stay(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    inside(rig, "sh", "-c", "printf 'LC_TIME=en_DK.UTF-8\\nLANG=\"C\"\\n' >/etc/default/locale")
    rig.site = rig_of(tmp_path / "other", locale="en_GB.UTF-8").site
    rig.converge()
    assert inside(rig, "cat", "/etc/default/locale") == "LC_TIME=en_DK.UTF-8\nLANG=en_GB.UTF-8\n"
    rig.site = rig_of(tmp_path / "another", locale="C.UTF-8").site
    rig.converge()
    assert inside(rig, "cat", "/etc/default/locale") == "LC_TIME=en_DK.UTF-8\nLANG=C.UTF-8\n"


def test_a_locale_that_there_is_not_is_said(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    inside(rig, "sh", "-c", "mkdir -p /usr/share/i18n; echo 'en_GB.UTF-8 UTF-8' >/usr/share/i18n/SUPPORTED")
    rig.site = rig_of(tmp_path / "other", locale="qq_QQ.UTF-8").site
    assert "there is no locale qq_QQ.UTF-8" in rig.apply().failed["950:base_setup"]
