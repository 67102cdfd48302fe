"""Sources, time zone, rotation of the log, and what is somebody else's."""

from __future__ import annotations

import pytest

from lab.host.documents import host
from lab.host.machine import Machine
from lab.host.site import Site, furnished, standins

LISTS = "/etc/apt/sources.list.d"
ENTERPRISE = "deb https://enterprise.proxmox.com/debian/pve bookworm pve-enterprise\n"
THEIRS = "# deb http://theirs.example/debian stable main\n"


@pytest.fixture(scope="module")
def site(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return furnished(machine, tmp_path_factory.mktemp("user"))


@pytest.fixture(scope="module")
def based(site: Site) -> Site:
    """A machine with the enterprise repository that Proxmox's installer names, and somebody else's list."""
    site.sh(f"printf '%s' '{ENTERPRISE}' >{LISTS}/pve-enterprise.list; printf '%s' '{THEIRS}' >{LISTS}/theirs.list")
    site.converged(host(domain_name="lab.example"))
    return site


def test_the_enterprise_repository_is_off_and_the_other_one_on(based: Site) -> None:
    standins("Proxmox's archive, which is signed and empty here; apt is real, and fetched and checked it")
    assert based.sh(f"cat {LISTS}/pve-enterprise.list") == f"# {ENTERPRISE}"
    lists = based.sh("ls /var/lib/apt/lists")
    assert "download.proxmox.com_debian_pve_dists_bookworm_InRelease" in lists
    assert "enterprise" not in lists
    assert based.sh(f"cat {LISTS}/theirs.list") == THEIRS


def test_what_was_missing_is_installed_by_apt(based: Site) -> None:
    standins()
    assert based.sh("dpkg-query -W -f '${Package} ${db:Status-Status}\\n' tmux jq") == "jq installed\ntmux installed\n"


def test_the_time_zone_is_in_force(based: Site) -> None:
    standins()
    assert based.sh("timedatectl show -p Timezone --value") == "Europe/Berlin\n"
    assert based.sh("date -d 2026-07-01T12:00:00Z +%H") == "14\n"


def test_the_log_is_rotated(based: Site) -> None:
    standins()
    based.sh("echo line >/var/log/phoenix_hypervisor.log && logrotate -f /etc/logrotate.d/phoenix_hypervisor")
    assert based.sh("cat /var/log/phoenix_hypervisor.log.1") == "line\n"
    assert based.sh("stat -c %a:%s /var/log/phoenix_hypervisor.log") == "600:0\n"


def test_its_own_name_leads_to_its_real_address(based: Site) -> None:
    standins()
    address = based.sh("getent hosts $(hostname).lab.example").split()[0]
    assert address in based.sh("hostname -I").split()


def test_time_is_kept(based: Site) -> None:
    standins()
    assert based.sh("systemctl is-active chrony") == "active\n"
