"""The laws over generated configurations that cover every field of section 9."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import law
from phoenix_hypervisor.simulator.node import Node
from rig import Rig, fitted, load_site, state
from strategies import Configuration, configurations

SLOW = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
"""Each example builds a node and applies to it, several times."""


@contextmanager
def folder_of(configuration: Configuration) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield configuration.write(Path(folder) / "etc")


@SLOW
@given(configurations())
def test_planning_changes_nothing(configuration: Configuration) -> None:
    with folder_of(configuration) as folder:
        law.planning_changes_nothing(fitted(load_site(folder)))


@SLOW
@given(configurations(), st.sampled_from([1, 3, 32]))
def test_applied_means_nothing_to_do(configuration: Configuration, jobs: int) -> None:
    with folder_of(configuration) as folder:
        law.applied_means_nothing_to_do(fitted(load_site(folder)), jobs)


@SLOW
@given(configurations(max_containers=4), st.integers(0, 60), st.integers(0, 5))
def test_interrupted_it_ends_the_same(configuration: Configuration, cut: int, pauses: int) -> None:
    with folder_of(configuration) as folder:
        site = load_site(folder)
        law.interrupted_it_ends_the_same(lambda: fitted(site), [(cut, pauses)])


@SLOW
@given(configurations())
def test_a_parallel_run_ends_like_a_serial_one(configuration: Configuration) -> None:
    with folder_of(configuration) as folder:
        site = load_site(folder)
        law.parallel_ends_like_serial(lambda: fitted(site))


@SLOW
@given(configurations(max_containers=4))
def test_what_is_not_ours_is_as_it_was(configuration: Configuration) -> None:
    with folder_of(configuration) as folder:
        rig = fitted(load_site(folder))
        foreign = furnish(rig)
        law.what_is_not_ours_is_as_it_was(rig, foreign.tell)


class Foreign:
    """A container, a dataset, a storage and files that someone else made."""

    ctid = "99999"

    def __init__(self, node: Node) -> None:
        self.node = node
        tarball = "local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst"
        if not node.files.exists("/var/lib/vz/template/cache/debian-13-standard_13.1-2_amd64.tar.zst"):
            node.add_tarball(tarball)
        made = node.run(["pct", "create", self.ctid, tarball, "--rootfs", "local-zfs:4", "--hostname", "theirs"])
        assert made.ok, made
        assert node.run(["pct", "snapshot", self.ctid, "theirs"]).ok
        assert node.run(["zfs", "create", "rpool/theirs"]).ok
        node.add_storage("theirs", "zfspool", "images", pool="rpool/theirs")

    def tell(self) -> str:
        files = self.node.files
        kept = [files.read(f"/etc/pve/lxc/{self.ctid}.conf"), files.read("/etc/pve/storage.cfg")]
        kept.append(self.node.run(["zfs", "get", "-H", "-p", "all", "rpool/theirs"]).stdout)
        listing = self.node.run(["zfs", "list", "-H", "-t", "all", "-o", "name,origin"]).stdout
        kept += [line for line in listing.splitlines() if self.ctid in line or "theirs" in line]
        return "\n".join(kept)


def furnish(rig: Rig) -> Foreign:
    return Foreign(rig.node)


@SLOW
@given(configurations(max_containers=3), st.data())
def test_drift_of_any_key_is_repaired(configuration: Configuration, data: st.DataObject) -> None:
    """Whatever ``pct set`` owns and was changed by hand is as declared after one apply."""
    with folder_of(configuration) as folder:
        rig = fitted(load_site(folder))
        rig.converge()
        before = state(rig.node)["guests"]
        ctid = data.draw(st.sampled_from(sorted(rig.site.containers)))
        change = data.draw(
            st.sampled_from(
                [
                    ("--memory", "333"),
                    ("--hostname", "drifted"),
                    ("--cores", "7"),
                    ("--delete", "net0"),
                    ("--delete", "cores"),
                    ("--tags", "drifted"),
                    ("--description", "drifted"),
                    ("--net0", "name=eth9,bridge=vmbr0"),
                ]
            )
        )
        changed = rig.node.run(["pct", "set", str(ctid), *change])
        assert changed.ok, changed
        rig.converge()
        assert rig.plan().steps == ()
        after = state(rig.node)["guests"]
        container = rig.site.containers[ctid]
        declared = {"memory": container.memory_mb, "cores": container.cores, "hostname": container.name}
        for key, value in declared.items():
            if value is not None:
                assert f"\n{key}: {value}\n" in "\n" + after[f"/etc/pve/lxc/{ctid}.conf"]
        untouched = {path: text for path, text in before.items() if f"/{ctid}.conf" not in path}
        assert untouched.items() <= after.items()
