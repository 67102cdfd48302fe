"""The laws over the node's own part, on the example and on real configuration files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hosts import CANARIES, FOREIGN, end_of, hosts_of, with_foreign
from moments import recorded
from phoenix_hypervisor.events import Ran
from phoenix_hypervisor.simulator.node import Node
from rig import Rig

VERSIONS = pytest.mark.parametrize("version", [8, 9])
POOLS = {"quickOS": 2 << 40, "fastData": 4 << 40}
SHARES = 4
"""The cuts are dealt to so many tests, so that they run side by side."""
PROXMOX_OWN = ("local", "local-zfs")


@pytest.fixture
def lab(repository: Path) -> Path:
    return repository / "examples/ai-lab"


def has_its_pools(rig: Rig) -> Rig:
    for name, size in POOLS.items():
        rig.node.add_pool(name, size)
    return rig


@VERSIONS
def test_the_host_of_the_example_converges_and_then_nothing_changes(tmp_path: Path, lab: Path, version: int) -> None:
    rig = hosts_of(tmp_path, lab, version)
    assert rig.plan().blocked == ()
    rig.converge()
    plan = rig.plan()
    assert (plan.steps, plan.blocked, plan.refused) == ((), (), ())
    assert rig.transport.stats.round_trips == 1
    rig.events.clear()
    before = end_of(rig.node)
    rig.converge()
    assert not [event for event in rig.events if isinstance(event, Ran)]
    assert end_of(rig.node) == before


def test_planning_changes_nothing(tmp_path: Path, lab: Path) -> None:
    rig = hosts_of(tmp_path, lab)
    before = end_of(rig.node)
    assert rig.plan().steps
    assert end_of(rig.node) == before


@VERSIONS
def test_real_files_on_a_node_that_has_its_pools(tmp_path: Path, examples: Path, version: int) -> None:
    rig = has_its_pools(hosts_of(tmp_path, examples / "2025-09-05", version))
    rig.node.add_gpu()
    assert rig.plan().blocked == ()
    rig.converge()
    assert rig.plan().empty
    shares = rig.node.run(["testparm", "-s"]).stdout
    assert "[shared-prod-data]" in shares
    made = {name: storage.type for name, storage in rig.node.storages.all().items() if name not in PROXMOX_OWN}
    assert made == {
        "quickOS-vm-disks": "zfspool",
        "quickOS-lxc-disks": "zfspool",
        "fastData-shared-backups": "dir",
        "fastData-shared-iso": "dir",
    }


def test_without_the_pools_they_are_named_and_the_rest_is_done(tmp_path: Path, examples: Path) -> None:
    rig = hosts_of(tmp_path, examples / "2025-09-05")
    rig.node.add_gpu()
    plan = rig.plan()
    reasons = " ".join(blocked.reason for blocked in plan.blocked)
    assert all(name in reasons for name in POOLS)
    assert not any("zfs.dataset" in step.id or "pve.storage" in step.id for step in plan.steps)
    summary = rig.converge()
    assert any("zfs.arc" in step for step in summary.done)
    left = rig.plan()
    assert left.steps == ()
    assert all(name in " ".join(blocked.reason for blocked in left.blocked) for name in POOLS)


def test_a_parallel_run_ends_like_a_serial_one(tmp_path: Path, lab: Path) -> None:
    ends = []
    for jobs in (1, 32):
        rig = hosts_of(tmp_path / str(jobs), lab)
        rig.converge(jobs=jobs)
        ends.append(end_of(rig.node))
    assert ends[0] == ends[1]


@pytest.mark.parametrize("share", range(SHARES))
def test_cut_off_anywhere_it_goes_on_to_the_same_end(tmp_path: Path, lab: Path, share: int) -> None:
    """Every command is cut off once, before it begins or after its first pause in turn."""
    rig = hosts_of(tmp_path / "etc", lab)
    summary, moments = recorded(rig)
    assert not summary.failed and not summary.skipped, summary
    expected = end_of(rig.node)
    for number, moment in list(enumerate(moments))[share::SHARES]:
        pauses = number // SHARES % 2
        again = Rig(rig.site, moment.cut(pauses) or moment.after(), whole=True, secrets=rig.secrets)
        again.converge()
        where = f"after a cut at {number}, {pauses}: {moment.command}"
        assert again.plan().steps == (), f"not converged {where}"
        assert end_of(again.node) == expected, f"another end {where}"


def test_no_secret_shows_anywhere(tmp_path: Path, lab: Path) -> None:
    rig = hosts_of(tmp_path, lab)
    shown = [json.dumps(rig.plan().as_json())]
    rig.converge()
    shown += [" ".join(command.argv) for command in rig.transport.sent]
    shown += [command.stdin for command in rig.transport.sent if not command.confidential]
    shown += [json.dumps([event.as_json() for event in rig.events])]
    for secret in CANARIES.values():
        assert not [text for text in shown if secret in text]


@VERSIONS
def test_what_is_not_ours_stays_byte_for_byte(tmp_path: Path, lab: Path, version: int) -> None:
    rig = hosts_of(tmp_path, lab, version)
    with_foreign(rig.node)
    storages = rig.node.files.read("/etc/pve/storage.cfg")
    interfaces = rig.node.files.read("/etc/network/interfaces")
    rig.converge()
    for path, text in FOREIGN.items():
        assert rig.node.files.read(path) == text
    assert rig.node.files.read("/rpool/theirs/data") == "theirs\n"
    assert rig.node.files.read("/etc/pve/storage.cfg").startswith(storages.rstrip("\n"))
    assert rig.plan().empty
    kept = [line for line in interfaces.splitlines() if "address" not in line and "gateway" not in line]
    now = rig.node.files.read("/etc/network/interfaces").splitlines()
    assert [line for line in kept if line not in now] == []


DRIFTS = (
    "zfs set compression=zstd deep/models",
    "zfs set quota=none swift/lxc",
    "rm -f /etc/exports.d/phoenix.exports",
    "echo '# by hand' >>/etc/samba/phoenix.conf",
    "pvesm set lab-library --content iso",
    "pvesm remove lab-backups",
    "usermod -s /bin/sh labadmin",
    "rm -f /etc/sudoers.d/phoenix-labadmin",
    "rm -rf /home/labadmin/.ssh",
    "systemctl stop smbd",
    "systemctl disable nfs-server",
    "ln -sfn /usr/share/zoneinfo/Etc/UTC /etc/localtime",
    "exportfs -ua",
    "smbpasswd -x labadmin",
    "pveum acl delete / --users labadmin@pam --roles PVEAdmin",
)


@pytest.fixture(scope="module")
def converged(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> tuple[Rig, Path]:
    folder = tmp_path_factory.mktemp("converged")
    rig = hosts_of(folder / "etc", repository / "examples/ai-lab")
    rig.converge()
    rig.node.save(folder / "node.json")
    return rig, folder / "node.json"


@pytest.mark.parametrize("drift", DRIFTS)
def test_what_is_changed_by_hand_is_put_right_by_one_apply(converged: tuple[Rig, Path], drift: str) -> None:
    whole, file = converged
    rig = Rig(whole.site, Node.load(file), whole=True, secrets=whole.secrets)
    expected = end_of(rig.node)
    changed = rig.node.run(["sh", "-c", drift])
    assert changed.ok, changed
    assert rig.plan().steps, "the change is not seen"
    rig.converge()
    assert rig.plan().steps == ()
    assert end_of(rig.node) == expected
