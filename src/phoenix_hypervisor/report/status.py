"""The status of a node's containers, as a table."""

from __future__ import annotations

from collections.abc import Iterable

from phoenix_hypervisor.plan.status import Line, of_node
from phoenix_hypervisor.plan.step import Plan
from phoenix_hypervisor.report.style import Style
from phoenix_hypervisor.report.text import kept, not_managed


def render_status(label: str, lines: Iterable[Line], plan: Plan, style: Style) -> str:
    """The table, then what is beside it."""
    head = ("CTID", "NAME", "KIND", "STATE", "CLONE OF", "AS DECLARED")
    body = [(str(r.ctid), r.name, r.kind, r.state, r.source or "-", _verdict(r)) for r in lines]
    widths = [max(len(row[column]) for row in (head, *body)) for column in range(5)]
    text = [style.paint(f"Status of {label}", "bold"), "", style.paint(_row(head, widths), "dim")]
    text += [_row(row, widths) for row in body]
    behind = sum(row[5] != "yes" for row in body)
    text += ["", f"{len(body) - behind} of {len(body)} containers are as declared."]
    differences = of_node(plan)
    text += ["The node itself is as declared." if not differences else "The node itself is not as declared:"]
    text += [f"  {each}" for each in differences]
    text += [*kept(plan), *(f"Note: {note}" for note in plan.notes)]
    if plan.unmanaged:
        text.append(f"Not managed yet: {not_managed(plan.unmanaged)}")
    return "\n".join(text)


def _verdict(row: Line) -> str:
    return "yes" if row.as_declared else "no: " + "; ".join(row.differences)


def _row(cells: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join([*(cell.ljust(width) for cell, width in zip(cells[:5], widths, strict=True)), cells[5]])
