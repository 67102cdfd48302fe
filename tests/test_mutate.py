"""The table of mutations: whole, and of the code as it is. ``scripts/mutate`` itself runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mutations import PACKAGE, READER_CODES, BadMutation, Edit, Mutation, Returns, checks, every, mutated
from phoenix_hypervisor.config.checks import CHECKS
from phoenix_hypervisor.features.lifecycle import effects
from phoenix_hypervisor.features.lifecycle.conditions import Condition

CODES = (
    "syntax duplicate-key type unknown-field missing-field value alias-conflict clone-source-missing clone-cycle "
    "clone-source-not-a-template privilege-differs-from-source rootfs-smaller-than-source duplicate-address "
    "duplicate-mac multicast-mac duplicate-name ctid-out-of-range bad-snapshot-name bad-hostname bad-storage-id "
    "storage-not-declared storage-without-rootdir storage-without-vztmpl zfspool-content storage-alias-unused "
    "duplicate-mount-point bind-mount-blocks-snapshot feature-unknown script-missing docker-without-nesting "
    "docker-without-keyctl gpu-list-spelling gpu-dropped-from-source gpu-not-on-node gpu-without-nvidia "
    "dependency-missing share-path-unknown export-path-unknown firewall-without-rules unprivileged-not-given "
    "driver-versions-disagree vfio-conflict disk-used-twice pool-unknown literal-secret field-without-effect"
)
"""Specification section 8."""
TABLE = every()


@pytest.mark.parametrize("code", CODES.split())
def test_every_code_of_the_specification_is_switched_off(code: str) -> None:
    assert {f"check:{code}", f"code:{code}"} & set(TABLE)
    assert code in CHECKS or code in READER_CODES


def test_every_check_is_switched_off() -> None:
    assert {name.removeprefix("check:") for name in TABLE if name.startswith("check:")} == set(CHECKS)


def test_every_condition_is_switched_off() -> None:
    found = [Condition]
    for condition in found:
        found += condition.__subclasses__()
    told = {f"{each.__module__}.{each.__name__}" for each in found if each.__name__[0] != "_"}
    told.remove(f"{Condition.__module__}.Condition")
    assert f"{effects.__name__}.Stamped" in told
    switched_off = {f"{PACKAGE}.{mutation.at.rpartition('.')[0]}" for mutation in TABLE.values()}
    assert told - switched_off == set()


def test_every_mutation_fits_the_code_as_it_is(repository: Path) -> None:
    strange = {}
    for name, mutation in TABLE.items():
        try:
            mutated(mutation)
        except (BadMutation, SyntaxError) as error:
            strange[name] = str(error)
        for place in (word for word in " ".join(mutation.tests).split() if "/" in word):
            if not (repository / place).exists():
                strange[name] = f"there is no {place}"
    assert strange == {}


@pytest.mark.parametrize(
    ("at", "how"),
    [
        ("plan.nowhere", Returns()),
        ("plan.graph.nothing", Returns()),
        ("plan.graph.Cycle.nothing", Returns()),
        ("plan.graph", Returns()),
        ("plan.graph.Cycle", Returns()),
        ("plan.graph.closure", Returns("unheard_of")),
        ("plan.graph.closure", Edit("not in the function", "")),
        ("plan.graph.closure", Edit("node", "twice")),
    ],
)
def test_what_does_not_fit_is_an_error_of_the_table(at: str, how: Returns | Edit) -> None:
    with pytest.raises(BadMutation, match=at):
        mutated(Mutation("x", "x", at, how))


@pytest.mark.parametrize(
    ("how", "gives"),
    [(Returns("{'planted'}"), {"planted"}), (Edit("if node not in found and node in needs", "if False"), set())],
)
def test_a_mutation_changes_what_the_function_does(how: Returns | Edit, gives: set[str]) -> None:
    room: dict[str, object] = {"__name__": "planted"}
    exec(mutated(Mutation("x", "x", "plan.graph.closure", how)), room)
    closure = room["closure"]
    assert callable(closure) and closure(["a"], {"a": []}) == gives


def test_each_place_that_tells_of_a_problem_is_switched_off() -> None:
    told = [mutation for mutation in checks() if "/" in mutation.name]
    assert len(told) > 100
