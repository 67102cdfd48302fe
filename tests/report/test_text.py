"""Plans as text: the line that tells how long one takes."""

from __future__ import annotations

from phoenix_hypervisor.features.lifecycle.options import Effect
from phoenix_hypervisor.plan.estimate import Estimate
from phoenix_hypervisor.plan.step import Change, Kept, Plan, Step, Symbol
from phoenix_hypervisor.report.style import Style
from phoenix_hypervisor.report.text import kept, render_plan
from phoenix_hypervisor.resources.file import difference


def said(*chain: str, jobs: int = 8) -> str:
    """The last line of a plan whose longest chain is that; a step's target is what stands before its colon."""
    steps = tuple(Step(name, name.partition(":")[0], Symbol.ADD, name, "because", ()) for name in chain)
    estimate = Estimate(80.4, jobs, chain, 65.0, {})
    return render_plan(Plan("node", steps), "node", Style(), estimate).splitlines()[-1]


def test_a_short_chain_is_named_step_by_step() -> None:
    line = said("900:create", "900:start", "901:clone")
    assert line == (
        "Takes about 1 min 20 s with 8 jobs; the longest chain (1 min 5 s): 900:create > 900:start > 901:clone."
    )
    assert "with 1 job;" in said("900:create", jobs=1)


def test_a_long_chain_is_named_by_its_targets() -> None:
    steps = [f"{ctid}:{name}" for ctid in (900, 901, 950) for name in ("clone", "configure", "start", "stop")]
    assert said(*steps).endswith(": 900 > 901 > 950.")


def test_a_very_long_one_by_its_beginning_and_its_end() -> None:
    assert said(*(f"{ctid}:clone" for ctid in range(100, 150))).endswith(
        ": 100 > 101 > 102 > 103 > … > 146 > 147 > 148 > 149."
    )


def test_a_very_long_name_is_cut() -> None:
    assert said("download:library:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst").endswith(
        "): download:library:vztmpl/ubuntu-…."
    )


def shown(*details: str) -> list[str]:
    """The lines that a plan shows of a difference."""
    change = Step("host:a", "host", Symbol.CHANGE, "a", "because", (), detail="\n".join(details))
    text = render_plan(Plan("node", (change,)), "node", Style())
    return [line.removeprefix(" " * 8) for line in text.splitlines() if line.startswith(" " * 8)]


def test_a_difference_of_one_file_is_shown_without_its_name() -> None:
    assert shown(difference("/etc/a", "one\n", "two\n")) == ["-one", "+two"]


def test_one_of_several_files_says_which_line_is_of_which() -> None:
    details = (difference("/etc/a", "one\n", "two\n"), "", difference("/etc/b", "", "three\n"))
    assert shown(*details) == ["in /etc/a:", "-one", "+two", "in /etc/b:", "+three"]


def test_lines_that_look_like_the_head_of_a_file_are_shown() -> None:
    assert shown(difference("/etc/a", "-- one\n", "++ two\n")) == ["--- one", "+++ two"]


def test_why_something_is_kept_is_told_with_its_class_for_containers_only() -> None:
    change = Change("it", Effect.IMPOSSIBLE, "somebody unmounted it.")
    lines = kept(Plan("node", kept=(Kept("host", change), Kept("950", change))))
    assert list(lines) == [
        "Kept: host: it (somebody unmounted it).",
        "Kept: 950: it (impossible: somebody unmounted it).",
    ]


def test_a_step_of_the_node_is_named_as_the_plan_names_it() -> None:
    steps = (
        Step("host:zfs.dataset:tank/a", "host", Symbol.ADD, "zfs: dataset tank/a", "because", ()),
        Step("900:create", "900", Symbol.ADD, "create", "because", ()),
    )
    estimate = Estimate(1.0, 8, tuple(step.id for step in steps), 1.0, {})
    line = render_plan(Plan("node", steps), "node", Style(), estimate).splitlines()[-1]
    assert line.endswith(": zfs: dataset tank/a > 900:create.")


def test_nothing_to_do_takes_no_line() -> None:
    assert said().startswith("Nothing to do")
    assert render_plan(Plan("node"), "node", Style()).splitlines()[-1].startswith("Nothing to do")
