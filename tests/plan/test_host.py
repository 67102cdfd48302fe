"""The node's own part of a plan, over resources of which nothing is real but what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.features.registry import of_host
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.plan.host import (
    SEED_ORDER,
    HostPlan,
    Part,
    facts_of,
    hidden,
    host_features,
    parts,
    plan_host,
    selection,
)
from phoenix_hypervisor.resource import Difference, Feature, Obstacle, Resource, Slice, Symbol, Verdict
from phoenix_hypervisor.simulator.node import Node
from rig import load_site

NOTHING = Facts({})


class Thing(Resource):
    """Something that is to be made, unless ``so``."""

    kind: ClassVar[str] = "thing"
    so: bool = False
    stands: str = ""
    loses: str = ""
    reboot: str = ""
    kept: str = ""

    def facts(self) -> Iterator[Fact[Any]]:
        yield Fact(f"thing {self.name}", Command("true"), str)

    def change(self, facts: Facts) -> Iterator[Command]:
        if not self.so:
            yield Command("make", self.name)

    def verdict(self, facts: Facts) -> Verdict:
        obstacles = (Obstacle(self.stands, "Take it away.", self.loses),) if self.stands else ()
        kept = (Difference(self.kept, "it is fixed"),) if self.kept else ()
        return Verdict(Symbol.ADD, "wanted", obstacles=obstacles, kept=kept, reboot=self.reboot)


class Installed(Thing):
    kind: ClassVar[str] = "installed"
    locks: ClassVar[frozenset[str]] = frozenset({"apt"})


class Shared(Thing):
    """One that several features ask for: it is so where it is for each."""

    def joined(self, other: Resource) -> Resource:
        return self.model_copy(update={"so": self.so and isinstance(other, Shared) and other.so})


def part(name: str, *things: Resource, needs: tuple[str, ...] = ()) -> Part:
    feature = Feature(name, "", "host", Slice, lambda _: iter(things), {}, needs=needs)
    return Part(feature, Slice(), things)


def planned(*parts: Part, allowed: Iterable[str] = ()) -> HostPlan:
    chosen = selection(parts, frozenset(each.feature.name for each in parts))
    return plan_host(parts, chosen, NOTHING, frozenset(allowed))


def test_no_two_features_install_the_same_package(repository: Path) -> None:
    found = parts(load_site(repository / "examples/ai-lab"), lambda _name: hidden)
    wanted = [name for part in found for each in part.resources for name in getattr(each, "packages", ())]
    listed = Node.new().run(("dpkg-query", "-W", "-f", "${Package}\n", "*")).stdout.split()
    missing = [name for name in wanted if name not in listed]
    assert "sudo" in missing
    assert [name for name, times in Counter(missing).items() if times > 1] == []


def test_what_is_needed_comes_first() -> None:
    plan = planned(part("zfs", Thing(name="b", after=("thing:a",)), Thing(name="a"), Thing(name="c", so=True)))
    assert list(plan.steps) == ["thing:a", "thing:b"]
    assert plan.steps["thing:b"].needs == ("host:thing:a",)
    assert plan.steps["thing:a"].title == "zfs: thing a"


def test_a_feature_comes_after_the_features_that_it_needs() -> None:
    plan = planned(part("nfs", Thing(name="n"), needs=("initial_setup",)), part("initial_setup", Thing(name="i")))
    assert plan.steps["thing:n"].after == ("host:thing:i",)
    assert plan.first == ("host:thing:i",)


def test_what_stands_in_the_way_blocks_what_hangs_on_it_and_nothing_else() -> None:
    pool = Thing(name="pool", stands="it has no disks")
    plan = planned(part("zfs", pool, Thing(name="dataset", after=(pool.id,)), Thing(name="arc")))
    assert list(plan.steps) == ["thing:arc"]
    assert plan.blocked["thing:pool"].reason == "zfs: thing pool: it has no disks"
    assert plan.blocked["thing:pool"].hint == "Take it away."
    assert plan.blocked["thing:dataset"].reason == "zfs: thing dataset: it needs thing pool, which cannot go on"


@pytest.mark.parametrize(("first", "second", "named"), [(1, 0, "zfs"), (0, 1, "nvidia"), (0, 0, "nvidia")])
def test_what_two_features_ask_for_is_of_the_one_that_it_changes_for(first: int, second: int, named: str) -> None:
    plan = planned(part("nvidia", Shared(name="it", so=bool(first))), part("zfs", Shared(name="it", so=bool(second))))
    assert plan.steps["thing:it"].title == f"{named}: thing it"


def test_what_it_comes_down_to_is_named() -> None:
    pool = Thing(name="pool", stands="it has no disks")
    chain = (Thing(name="dataset", after=(pool.id,)), Thing(name="storage", after=("thing:dataset",)))
    plan = planned(part("zfs", pool, *chain))
    assert plan.blocked["thing:storage"].reason == "zfs: thing storage: it needs thing pool, which cannot go on"


@pytest.mark.parametrize("stands", ["", "it has no stanza"])
def test_what_only_follows_another_waits_for_it_and_goes_on_without_it(stands: str) -> None:
    address = Thing(name="address", stands=stands)
    plan = planned(part("setup", Thing(name="packages", follows=("thing:address", "thing:elsewhere")), address))
    assert plan.steps["thing:packages"].needs == ()
    assert plan.steps["thing:packages"].after == (() if stands else ("host:thing:address",))
    assert list(plan.blocked) == (["thing:address"] if stands else [])


def test_what_is_so_is_not_blocked_by_what_it_needs() -> None:
    pool = Thing(name="pool", stands="degraded", so=True)
    plan = planned(part("zfs", pool, Thing(name="dataset", after=(pool.id,), so=True)))
    assert list(plan.blocked) == ["thing:pool"]
    assert not plan.steps


def test_a_loss_is_refused_until_it_is_allowed_by_its_name() -> None:
    pool = Thing(name="pool", stands="an ext4 file system is on it", loses="disk:S1")
    parts = part("zfs", pool, Thing(name="arc"))
    refused = planned(parts)
    assert [(what, each.loses) for what, each in refused.refused] == [("zfs: thing pool", "disk:S1")]
    assert "thing:pool" not in refused.steps
    assert planned(parts, allowed=["disk:S2"]).refused == refused.refused
    allowed = planned(parts, allowed=["disk:S1"])
    assert not allowed.refused
    assert list(allowed.steps) == ["thing:pool", "thing:arc"]


def test_an_obstacle_that_loses_nothing_is_lifted_by_nothing() -> None:
    plan = planned(part("zfs", Thing(name="pool", stands="it is mounted")), allowed=[""])
    assert list(plan.blocked) == ["thing:pool"]


def test_differences_that_stay_and_reboots_are_told_also_where_nothing_is_to_be_done() -> None:
    plan = planned(part("nvidia", Thing(name="driver", so=True, reboot="nouveau is loaded", kept="ashift 9 -> 12")))
    assert plan.reboot == {"thing:driver": "nouveau is loaded"}
    assert [kept.change.what for kept in plan.kept] == ["ashift 9 -> 12"]
    assert not plan.steps


def test_a_resource_brings_what_it_needs_and_no_more() -> None:
    parts = (
        part("initial_setup", Thing(name="sources")),
        part("zfs", Thing(name="pool"), Thing(name="dataset", after=("thing:pool",)), Thing(name="arc")),
    )
    assert selection(parts, frozenset(), ["thing:dataset", "thing:nowhere"]) == {"thing:pool", "thing:dataset"}
    names = [fact.name for fact in facts_of(parts, frozenset({"thing:arc"}))]
    assert names == ["thing arc"]


class Sources(Thing):
    kind: ClassVar[str] = "repository"
    locks: ClassVar[frozenset[str]] = frozenset({"apt"})


def test_packages_need_their_sources_and_nothing_else_of_the_first_feature() -> None:
    first = part("initial_setup", Sources(name="s"), Thing(name="network", stands="no bridge"))
    plan = planned(first, part("nfs", Installed(name="n"), Thing(name="e"), needs=("initial_setup",)))
    assert plan.steps["installed:n"].needs == ("host:repository:s",)
    assert plan.steps["thing:e"].needs == ()
    assert list(plan.blocked) == ["thing:network"]


def test_packages_bring_their_sources() -> None:
    parts = (part("initial_setup", Thing(name="sources")), part("nvidia", Installed(name="driver")))
    assert selection(parts, frozenset(), ["installed:driver"]) == {"installed:driver", "thing:sources"}


def test_a_feature_that_is_named_brings_those_that_it_needs() -> None:
    parts = (part("initial_setup", Thing(name="i")), part("nfs", Thing(name="n"), needs=("initial_setup",)))
    assert selection(parts, frozenset({"nfs"})) == {"thing:i", "thing:n"}


def test_resources_that_may_destroy_are_looked_at_right_before() -> None:
    class Guarded(Thing):
        kind: ClassVar[str] = "guarded"
        guarded: ClassVar[bool] = True

    steps = planned(part("zfs", Guarded(name="pool"), Thing(name="arc"))).steps
    first = {name: type(step.work[0]).__name__ for name, step in steps.items()}
    assert first == {"guarded:pool": "Unobstructed", "thing:arc": "Command"}
    assert {type(step.work[-1]).__name__ for step in steps.values()} == {"Established"}


def test_the_features_of_the_node_come_in_the_order_of_the_seeds() -> None:
    names = [feature.name for feature in host_features()]
    assert sorted(names) == sorted(of_host())
    assert names == [name for name in SEED_ORDER if name in names]


@pytest.mark.parametrize("name", sorted(of_host()))
def test_every_feature_of_the_node_says_what_it_is(name: str) -> None:
    feature = of_host()[name]
    assert feature.summary and feature.touches
    assert set(feature.sources) <= set(feature.slice.model_fields)
    assert list(feature.resources(feature.slice())) is not None
