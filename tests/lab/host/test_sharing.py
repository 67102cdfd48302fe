"""What the machine serves, used by real clients."""

from __future__ import annotations

import pytest

from lab.host.documents import dataset, host, pool, zfs
from lab.host.machine import Machine
from lab.host.site import SAMBA_PASSWORD, Site, furnished, standins

THEIRS = "/srv/theirs 10.9.9.9(ro,no_subtree_check)\n"
SMB_OF_THEIRS = "[theirs]\n\tpath = /srv/theirs\n"


@pytest.fixture(scope="module")
def site(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return furnished(machine, tmp_path_factory.mktemp("user"))


@pytest.fixture(scope="module")
def disk(site: Site) -> str:
    return site.disk("depot0")


def _document(disk: str, **parts: object) -> dict[str, object]:
    datasets = (dataset("depot", "media"), dataset("depot", "projects"))
    return host(zfs=zfs(pool("depot", "single", disk), datasets=datasets), **parts)


NFS = {
    "exports": [
        {"path": "depot/media", "clients": ["127.0.0.1"], "options": ["rw", "sync", "no_root_squash"], "mode": "0755"}
    ]
}
SAMBA = {
    "user": "bob",
    "password": {"env": "LAB_SAMBA"},
    "shares": [
        {"name": "projects", "path": "depot/projects", "options": "browseable=yes writable=yes", "owner": "bob"}
    ],
}


@pytest.fixture(scope="module")
def served(site: Site, disk: str) -> Site:
    """A machine with somebody else's export and share, and ours."""
    site.sh(f"mkdir -p /srv/theirs /etc/exports.d && printf '%s' '{THEIRS}' >/etc/exports.d/theirs.exports")
    site.sh(f"printf '%s' '{SMB_OF_THEIRS}' >>/etc/samba/smb.conf && exportfs -ra")
    site.converged(_document(disk, nfs=NFS, samba=SAMBA))
    return site


def test_an_export_is_mounted_and_written_by_a_client(served: Site) -> None:
    standins()
    served.sh("mkdir -p /mnt/client && mount -t nfs 127.0.0.1:/mnt/pve/depot/media /mnt/client")
    served.sh("echo 'through nfs' >/mnt/client/one && umount /mnt/client")
    assert served.sh("cat /mnt/pve/depot/media/one") == "through nfs\n"


def test_an_export_is_not_for_others(served: Site) -> None:
    standins()
    own = served.sh("hostname -I").split()[0]
    rc, said = served.says(f"mount -t nfs -o retry=0 {own}:/mnt/pve/depot/media /mnt/client")
    assert (rc, "access denied" in said) == (32, True), said


def test_a_share_is_written_and_read_by_smbclient(served: Site) -> None:
    standins()
    client = f"smbclient //127.0.0.1/projects -U bob%{SAMBA_PASSWORD} -c"
    served.sh(f"echo 'through samba' >/tmp/one && cd /tmp && {client} 'put one; ls'")
    assert (
        served.sh("cat /mnt/pve/depot/projects/one; stat -c %U /mnt/pve/depot/projects/one") == "through samba\nbob\n"
    )
    served.sh(f"cd /tmp && {client} 'get one two'")
    assert served.sh("cat /tmp/two") == "through samba\n"


def test_a_share_is_not_for_who_does_not_know_the_password(served: Site) -> None:
    standins()
    rc, said = served.says("smbclient //127.0.0.1/projects -U bob%other -c ls")
    assert (rc, "NT_STATUS_LOGON_FAILURE" in said) == (1, True), said


def test_what_is_theirs_is_as_it_was(served: Site) -> None:
    standins()
    assert served.sh("cat /etc/exports.d/theirs.exports") == THEIRS
    assert "/srv/theirs" in served.sh("exportfs -s")
    assert SMB_OF_THEIRS in served.sh("cat /etc/samba/smb.conf")
    assert "[theirs]" in served.sh("testparm -s 2>/dev/null")


def test_an_option_that_nobody_knows_changes_nothing_that_is_in_force(served: Site, disk: str) -> None:
    standins()
    before = served.sh("exportfs -s; cat /etc/exports.d/phoenix.exports")
    wrong = {"exports": [{"path": "depot/media", "clients": ["127.0.0.1"], "options": ["rw", "colourful"]}]}
    assert served.apply(_document(disk, nfs=wrong, samba=SAMBA)).rc != 0
    assert served.sh("exportfs -s; cat /etc/exports.d/phoenix.exports") == before


def test_what_is_no_longer_declared_is_no_longer_served_and_its_data_stays(served: Site, disk: str) -> None:
    standins("pvesm")
    served.converged(_document(disk))
    assert "/mnt/pve/depot/media" not in served.sh("exportfs -s")
    assert "[projects]" not in served.sh("testparm -s 2>/dev/null")
    assert served.sh("cat /mnt/pve/depot/media/one") == "through nfs\n"
