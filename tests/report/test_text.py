"""Plans as text: the line that tells how long one takes."""

from __future__ import annotations

from phoenix_hypervisor.plan.estimate import Estimate
from phoenix_hypervisor.plan.step import Plan, Step, Symbol
from phoenix_hypervisor.report.style import Style
from phoenix_hypervisor.report.text import render_plan


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


def test_nothing_to_do_takes_no_line() -> None:
    assert said().startswith("Nothing to do")
    assert render_plan(Plan("node"), "node", Style()).splitlines()[-1].startswith("Nothing to do")
