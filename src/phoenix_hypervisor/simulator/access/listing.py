"""Lists as Proxmox prints them. Source: PVE::CLIFormatter."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from phoenix_hypervisor.simulator.call import Call
from phoenix_hypervisor.simulator.failures import PveError

Row = dict[str, Any]


def show(call: Call, rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Print rows in the form that the call asks for."""
    form = call.get("output-format", "text")
    if call.flag("quiet"):
        return
    if form == "json":
        call.say(json.dumps(rows, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
    elif form == "json-pretty":
        text = json.dumps(rows, sort_keys=True, indent=3, separators=(",", " : "), ensure_ascii=False)
        call.say(text)
    elif form == "yaml":
        raise PveError("yaml is not simulated")
    elif rows:
        cells = [[_cell(row.get(name)) for name in columns] for row in sorted(rows, key=lambda row: row[columns[0]])]
        call.process.say(_table(list(columns), cells, not call.flag("noheader"), not call.flag("noborder")))


def _cell(value: Any) -> str:
    return "" if value is None else json.dumps(value) if isinstance(value, dict | list) else str(value)


def _table(head: list[str], rows: list[list[str]], with_head: bool, with_border: bool) -> str:
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    if not with_border:
        shown = [*([head] if with_head else []), *rows]
        padded = (zip(row, widths, strict=True) for row in shown)
        return "".join(" ".join(f"{cell:<{width}}" for cell, width in row).rstrip() + "\n" for row in padded)

    def rule(left: str, line: str, cross: str, right: str) -> str:
        return left + cross.join(line * (width + 2) for width in widths) + right + "\n"

    def drawn(row: list[str]) -> str:
        return "│" + "│".join(f" {cell:<{width}} " for cell, width in zip(row, widths, strict=True)) + "│\n"

    body = rule("├", "─", "┼", "┤").join(drawn(row) for row in rows)
    top = drawn(head) + rule("╞", "═", "╪", "╡") if with_head else ""
    return rule("┌", "─", "┬", "┐") + top + body + rule("└", "─", "┴", "┘")
