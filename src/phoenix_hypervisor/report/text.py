"""A plan, a summary and a status as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from phoenix_hypervisor.plan.estimate import Estimate
from phoenix_hypervisor.plan.step import REBOOT, Plan, Step, Symbol
from phoenix_hypervisor.report.style import Style

_DETAIL = 20
_CHAIN, _LINK = 8, 32
"""So many links of a chain are named, each with so many letters."""


def duration(seconds: float) -> str:
    """Seconds as people say them: ``0.4 s``, ``12 s``, ``3 min 20 s``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def render_plan(plan: Plan, node: str, style: Style, estimate: Estimate | None = None) -> str:
    """The whole plan: what changes and why, what cannot, what is kept, what is not managed yet, how long it takes."""
    lines = [style.paint(f"Plan for {node}", "bold"), ""]
    by_target: dict[str, list[Step]] = {}
    for step in plan.steps:
        by_target.setdefault(step.target, []).append(step)
    for target, steps in by_target.items():
        lines += _target(plan, target, steps, style)
    for blocked in plan.blocked:
        said = f"{_named(plan, blocked.target)}: {blocked.reason}. {blocked.hint}"
        lines.append(f"{style.paint('!', '!')} {said.rstrip()}")
    for refused in plan.refused:
        said = f"{_named(plan, refused.target)}: refused, {refused.reason}. {refused.hint}"
        lines.append(f"{style.paint('!', '!')} {said.rstrip()}")
    if plan.blocked or plan.refused:
        lines.append("")
    lines += [*_waiting(plan), *_remarks(plan, style), count(plan)]
    if estimate and estimate.critical_path:
        lines.append(render_estimate(plan, estimate))
    return "\n".join(lines)


def render_estimate(plan: Plan, estimate: Estimate) -> str:
    """One line: how long it takes, and what a faster node or more jobs could not shorten."""
    targets = {step.id: step.target for step in plan.steps}
    chain = list(estimate.critical_path)
    if len(chain) > _CHAIN:
        chain = [target for target, _ in groupby(targets[step_id] for step_id in chain)]
    if len(chain) > _CHAIN:
        chain = [*chain[: _CHAIN // 2], "…", *chain[-_CHAIN // 2 :]]
    titles = {step.id: step.title for step in plan.steps if step.target == "host"}
    chain = [titles.get(link, link) for link in chain]
    chain = [link if len(link) <= _LINK else f"{link[: _LINK - 1]}…" for link in chain]
    jobs, longest = plural(estimate.jobs, "job"), duration(estimate.critical_seconds)
    return f"Takes about {duration(estimate.seconds)} with {jobs}; the longest chain ({longest}): {' > '.join(chain)}."


def _target(plan: Plan, target: str, steps: list[Step], style: Style) -> Iterator[str]:
    symbol = str(plan.symbol_of(target))
    yield f"{style.paint(symbol, symbol)} {style.paint(_named(plan, target), 'bold')}"
    for step in steps:
        mark = style.paint(str(step.symbol), str(step.symbol))
        yield f"    {mark} {step.title}  {style.paint(f'({step.reason})', 'dim')}"
        yield from (f"        {style.paint(line, 'dim')}" for line in _shortened(step.detail))
    yield ""


def _shortened(detail: str) -> Iterator[str]:
    """A difference in lines, only the beginning of a long one; what is compared is named where it is several files."""
    lines = [line for line in _of_files(detail) if not line.startswith("@@")]
    yield from lines[:_DETAIL]
    if len(lines) > _DETAIL:
        yield f"… {len(lines) - _DETAIL} more lines; all of them: --output json"


def _of_files(detail: str) -> Iterator[str]:
    """The lines, with each file's head as its name, or without it where the difference is of one."""
    lines = [line for line in detail.splitlines() if line]
    heads = [number for number, line in enumerate(lines) if _is_head(lines[number : number + 3])]
    for number, line in enumerate(lines):
        if number in heads and len(heads) > 1:
            yield f"in {line.removeprefix('--- ').partition(chr(9))[0]}:"
        elif number not in heads and number - 1 not in heads:
            yield line


def _is_head(lines: list[str]) -> bool:
    begins = ("--- ", "+++ ", "@@")
    return len(lines) == len(begins) and all(map(str.startswith, lines, begins))


def _waiting(plan: Plan) -> Iterator[str]:
    """What the reboot is for, and what waits for it; nothing when the plan itself reboots."""
    if plan.reboot and not any(step.id == REBOOT for step in plan.steps):
        yield f"Reboot required: {'; '.join(dict.fromkeys(plan.reboot))}. Do it by hand, or with apply --reboot."
    for waiting in plan.waiting:
        yield f"Waits for the reboot: {_named(plan, waiting.target)} ({waiting.reason})."
    if plan.reboot:
        yield ""


def _named(plan: Plan, target: str) -> str:
    return f"{target} {plan.names[target]}" if target in plan.names else target


def kept(plan: Plan) -> Iterator[str]:
    """What stays as it is although it is declared otherwise, and the way out, once where several have the same."""
    last = {each.way_out: number for number, each in enumerate(plan.kept)}
    for number, each in enumerate(plan.kept):
        change, way = each.change, f" {each.way_out}" if each.way_out and last[each.way_out] == number else ""
        why = change.reason if each.target == "host" else f"{change.effect}: {change.reason}"
        yield f"Kept: {_named(plan, each.target)}: {change.what} ({why.rstrip('.')}).{way}"


def _remarks(plan: Plan, style: Style) -> Iterator[str]:
    yield from kept(plan)
    for note in plan.notes:
        yield f"Note: {note}"
    if plan.unmanaged:
        yield style.paint("Not managed yet: ", "dim") + not_managed(plan.unmanaged)
    if plan.notes or plan.unmanaged or plan.kept:
        yield ""


def not_managed(unmanaged: Mapping[str, tuple[str, ...]]) -> str:
    """``docker (902, 910); nvidia (host, 901)``."""
    return "; ".join(f"{name} ({', '.join(targets)})" for name, targets in unmanaged.items())


def count(plan: Plan) -> str:
    """One line: how much there is to do."""
    if plan.empty and plan.reboot:
        return "Nothing to do before the reboot."
    if plan.empty and plan.kept:
        return f"Nothing to do by itself; {plural(len(plan.kept), 'difference')} kept, as told above."
    if plan.empty and plan.unmanaged:
        return "Nothing to do: all that is managed so far is as declared."
    if plan.empty:
        return plan.nothing
    targets = [target for target in plan.targets() if target != "host"]
    symbols = [plan.symbol_of(target) for target in targets]
    added, replaced, removed = (symbols.count(each) for each in (Symbol.ADD, Symbol.REPLACE, Symbol.REMOVE))
    parts = [plural(added, "container") + " to create"] if added else []
    parts += [plural(replaced, "container") + " to destroy and make anew"] if replaced else []
    parts += [plural(removed, "container") + " to destroy"] if removed else []
    if changed := len(targets) - added - replaced - removed:
        parts.append(f"{changed} to change")
    if plan.blocked:
        parts.append(f"{len(plan.blocked)} blocked")
    if plan.refused:
        parts.append(f"{len(plan.refused)} refused")
    return f"{', '.join(parts) or 'The node'}: {plural(len(plan.steps), 'step')}."
