"""The three ways of cloning: whichever is asked for, the containers are really made so, and the laws hold (spec L2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import pytest

from ground import WAYS, Json, cloned, configuration, documents
from law import applied_means_nothing_to_do, parallel_ends_like_serial, planning_changes_nothing
from phoenix_hypervisor.events import Done, Started
from phoenix_hypervisor.features.lifecycle.options import Effect
from phoenix_hypervisor.plan.build import build
from phoenix_hypervisor.simulator.node import Node
from rig import HOST, TARBALL, Rig, container, fitted, site_of, state

EXAMPLES = ("ai-lab", "2025-09-01")
EVERY = pytest.mark.parametrize(("example", "way"), [(name, way) for name in EXAMPLES for way in WAYS])
Folder = Callable[[str], Path]


@pytest.fixture
def folder(request: pytest.FixtureRequest, repository: Path) -> Folder:
    """The folder of an example by its name."""

    def find(example: str) -> Path:
        beside = repository / "examples" if example == "ai-lab" else request.getfixturevalue("examples")
        return Path(beside / example)

    return find


def rig_of(example: Path, etc: Path, way: str, node: Node | None = None, **more: Json) -> Rig:
    """An example with one way of cloning for all, and with more containers (as ctNNN)."""
    host, lxc = documents(example)
    lxc["lxc_configs"] |= {name.removeprefix("ct"): fields for name, fields in more.items()}
    etc.mkdir(parents=True, exist_ok=True)
    for script in example.glob("*.sh"):
        (etc / script.name).write_text(script.read_text())
    site = site_of(etc, lxc, cloned(host, way))
    return Rig(site, node) if node is not None else fitted(site)


@EVERY
def test_it_converges_and_then_there_is_nothing_to_do(folder: Folder, tmp_path: Path, example: str, way: str) -> None:
    rig = rig_of(folder(example), tmp_path, way)
    planning_changes_nothing(rig)
    applied_means_nothing_to_do(rig)


@EVERY
def test_the_containers_are_what_was_asked_for(folder: Folder, tmp_path: Path, example: str, way: str) -> None:
    rig = rig_of(folder(example), tmp_path, way)
    rig.converge()
    facts = rig.look()
    for ctid, declared in rig.site.containers.items():
        guest = facts.guests[ctid]
        is_base = way == "native" and declared.is_template
        assert guest.is_base is is_base
        assert not (is_base and guest.running)
        assert bool(guest.config.snapshots) is not is_base
        source = declared.source and facts.guests[declared.source].dataset
        snapshot = "__base__" if way == "native" else declared.source and rig.site.containers[declared.source].snapshot
        origin = f"{source}@{snapshot}" if source and way != "full" else None
        assert facts.origin_of(guest) == origin
        assert guest.rootfs["size"] == f"{declared.size_gb}G"


def identities(rig: Rig) -> Iterator[dict[str, str]]:
    """What must differ from container to container."""
    for ctid in rig.site.containers:
        current = configuration(rig.node, ctid).current
        root = rig.node.storages.path((current.get("rootfs") or "").partition(",")[0])
        keys = {
            f"{kind} key": rig.node.files.read(f"{root}/etc/ssh/ssh_host_{kind}_key") for kind in ("rsa", "ed25519")
        }
        found = {**keys, "MAC": (current.get("net0") or "").partition("hwaddr=")[2].partition(",")[0]}
        machine = rig.node.files.read(f"{root}/etc/machine-id")
        assert machine or not rig.node.guests.is_running(ctid)
        yield {**found, "machine-id": machine or f"none yet of {ctid}"}


@EVERY
def test_no_two_share_an_identity(folder: Folder, tmp_path: Path, example: str, way: str) -> None:
    rig = rig_of(folder(example), tmp_path, way)
    rig.converge()
    for one, other in combinations(identities(rig), 2):
        assert not {*one.values()} & {*other.values()}


@pytest.mark.parametrize("way", WAYS)
def test_a_feature_that_an_ancestor_gave_is_inherited(folder: Folder, tmp_path: Path, way: str) -> None:
    rig = rig_of(folder("ai-lab"), tmp_path, way)
    rig.converge()
    assert {event.step for event in rig.events if isinstance(event, Started) and "base_setup" in event.step} == {
        "900:base_setup"
    }
    layers = [guest.layers.get("base_setup") for guest in rig.look().guests.values()]
    assert None not in layers and len({*layers}) == 1


@EVERY
def test_a_parallel_run_ends_like_a_serial_one(folder: Folder, tmp_path: Path, example: str, way: str) -> None:
    parallel_ends_like_serial(lambda: rig_of(folder(example), tmp_path, way))


# -- at once, or one after the other


def spans(rig: Rig, name: str) -> dict[str, tuple[float, float]]:
    """Begin and end of the steps of a name, by CTID."""
    begun = {event.step: event.at for event in rig.events if isinstance(event, Started)}
    ended = {event.step: event.at for event in rig.events if isinstance(event, Done)}
    return {step.partition(":")[0]: (begun[step], ended[step]) for step in ended if step.endswith(f":{name}")}


@pytest.mark.parametrize("way", WAYS)
def test_clones_of_one_source_go_at_once_where_nothing_locks_it(tmp_path: Path, way: str) -> None:
    found = {"900": container(900, template=TARBALL, template_snapshot_name="base")}
    found |= {str(ctid): container(ctid, clone_from_ctid="900", cloning=way) for ctid in range(950, 956)}
    rig = fitted(site_of(tmp_path, {"lxc_configs": found}, HOST))
    rig.converge(jobs=32)
    pairs = list(combinations(spans(rig, "clone").values(), 2))
    assert len(pairs) == 15
    together = [one[0] < other[1] and other[0] < one[1] for one, other in pairs]
    assert all(together) if way == "snapshot" else not any(together)


# -- another way for what is there


def new_clone(example: str) -> Json:
    """One more container, of a template that is there."""
    fields: dict[str, Any] = {"name": "one-more", "unprivileged": True, "clone_from_ctid": "902"}
    if example == "ai-lab":
        return {**fields, "storage_size_gb": 32, "mac_address": "02:4C:41:42:00:99"}
    return {**fields, "storage_pool": "lxc-disks", "storage_size_gb": 32, "mac_address": "52:54:00:67:89:77"}


@pytest.mark.parametrize(("before", "after"), [*permutations(WAYS, 2)])
def test_another_way_destroys_nothing_and_says_what_must_be_made_anew(
    folder: Folder, tmp_path: Path, before: str, after: str
) -> None:
    rig = rig_of(folder("ai-lab"), tmp_path, before)
    rig.converge()
    there = state(rig.node)
    changed = rig_of(folder("ai-lab"), tmp_path, after, rig.node)
    plan = changed.plan()
    assert plan.steps == () and plan.blocked == ()
    clones = {str(ctid) for ctid, declared in rig.site.containers.items() if declared.source}
    assert clones <= {kept.target for kept in plan.kept if kept.change.effect is Effect.REBUILD}
    changed.converge()
    assert state(rig.node) == there


@pytest.mark.parametrize("example", EXAMPLES)
@pytest.mark.parametrize(("before", "after"), [*permutations(WAYS, 2)])
def test_a_new_clone_in_another_way_is_made_or_blocked_with_a_hint(
    folder: Folder, tmp_path: Path, example: str, before: str, after: str
) -> None:
    rig = rig_of(folder(example), tmp_path, before)
    rig.converge()
    changed = rig_of(folder(example), tmp_path, after, rig.node, ct955=new_clone(example))
    plan = changed.plan()
    possible = after == "full" or (before, after) == ("full", "snapshot")
    assert [blocked.target for blocked in plan.blocked] == ([] if possible else ["955"])
    assert possible or "--rebuild 902" in plan.blocked[0].hint
    assert {step.target for step in plan.steps} == ({"955"} if possible else set())


@pytest.mark.parametrize(("before", "after"), [*permutations(WAYS, 2)])
def test_rebuilt_as_a_whole_it_is_as_if_made_so(folder: Folder, tmp_path: Path, before: str, after: str) -> None:
    rig = rig_of(folder("2025-09-01"), tmp_path, before)
    rig.converge()
    changed = rig_of(folder("2025-09-01"), tmp_path, after, rig.node)
    whole = build(changed.site, changed.look(), rebuild=changed.site.containers)
    changed.distort = lambda _: whole
    changed.converge()
    changed.distort = lambda plan: plan
    assert changed.plan().empty and changed.plan().kept == ()
    fresh = rig_of(folder("2025-09-01"), tmp_path, after)
    fresh.converge()
    assert state(changed.node) == state(fresh.node)
