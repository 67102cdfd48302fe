"""The admin user: logs in with its key, uses sudo with its password, and nobody locks it out."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from lab.host.documents import ADMIN, host
from lab.host.machine import HOST, Machine
from lab.host.site import SUDO_PASSWORD, Site, furnished, standins
from phoenix_hypervisor.command import Result
from phoenix_hypervisor.machine import Machine as Phoenix
from phoenix_hypervisor.resources.sudoers import Sudoers, drop_in, sudoers
from phoenix_hypervisor.transport.destination import Destination
from phoenix_hypervisor.transport.ssh import SshTransport


@pytest.fixture(scope="module")
def site(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return furnished(machine, tmp_path_factory.mktemp("user"))


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private key of ann's; its public half lies beside it."""
    path = tmp_path_factory.mktemp("key") / "ann"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ann", "-f", str(path)], check=True)
    return path


@pytest.fixture(scope="module")
def admin(site: Site, key: Path) -> Site:
    """A machine with ann on it."""
    site.converged(host(users={**ADMIN, "ssh_public_key": key.with_suffix(".pub").read_text().strip()}))
    return site


async def _ran(site: Site, broken: Sudoers) -> list[Result]:
    """What the resource's commands say, run over Phoenix's own connection."""
    transport = SshTransport(Destination(HOST, "root"), True)
    machine = Phoenix(transport)
    try:
        facts = await machine.read(broken.facts())
        return [await machine.run(command) for command in broken.change(facts)]
    finally:
        await transport.close()


def _as_ann(site: Site, key: Path, script: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return site.as_user("ann", key, script, stdin)


def test_she_logs_in_with_her_key(admin: Site, key: Path) -> None:
    standins("pveum")
    assert _as_ann(admin, key, "id -un; id -Gn").stdout == "ann\nann adm\n"


def test_she_is_root_by_sudo_with_her_password_only(admin: Site, key: Path) -> None:
    standins()
    assert _as_ann(admin, key, "sudo -S -p '' id -u", f"{SUDO_PASSWORD}\n").stdout == "0\n"
    assert _as_ann(admin, key, "sudo -S -p '' id -u", "another\n").returncode == 1
    assert _as_ann(admin, key, "sudo -n id -u").returncode == 1


def test_proxmox_knows_her_and_her_role(admin: Site) -> None:
    standins("pveum and /etc/pve")
    assert "acl:1:/:ann@pam:PVEAdmin:" in admin.sh("cat /etc/pve/user.cfg")
    assert "ann@pam" in admin.sh("pveum user list")


def test_a_drop_in_that_is_broken_is_refused_and_the_old_one_works_on(
    admin: Site, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standins()
    before = admin.sh(f"cat {drop_in('ann')}; ls -A /etc/sudoers.d")
    whole = sudoers("ann", password_comes=True, after=())
    broken = Sudoers.model_validate({**whole.model_dump(), "text": "ann ALL=((broken\n"})
    monkeypatch.setenv("PHOENIX_SSH_CONFIG", str(admin.machine.ssh_config))
    results = asyncio.run(_ran(admin, broken))
    assert any("syntax error" in result.said for result in results if not result.ok), results
    assert admin.sh(f"cat {drop_in('ann')}; ls -A /etc/sudoers.d") == before
    assert _as_ann(admin, key, "sudo -S -p '' id -u", f"{SUDO_PASSWORD}\n").stdout == "0\n"


def test_a_key_that_is_no_longer_declared_opens_nothing(admin: Site, key: Path) -> None:
    standins("pveum")
    admin.sh("echo '# theirs' >>/home/ann/.ssh/authorized_keys")
    admin.converged(host(users=ADMIN))
    assert _as_ann(admin, key, "true").returncode == 255
    assert "# theirs" in admin.sh("cat /home/ann/.ssh/authorized_keys")


def test_who_is_no_longer_the_admin_may_do_nothing_more(admin: Site) -> None:
    standins("pveum")
    admin.converged(host())
    assert admin.says(f"test -e {drop_in('ann')}")[0] == 1
    assert "ann" in admin.sh("cat /etc/passwd")


def test_no_secret_was_written_down(admin: Site) -> None:
    standins()
    texts = "".join(path.read_text() for path in admin.folder.rglob("*") if path.is_file())
    assert SUDO_PASSWORD not in texts
    assert "$6$lab$" not in texts
