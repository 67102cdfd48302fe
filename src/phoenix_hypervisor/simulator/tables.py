"""Columns of text, as the command line tools align them."""

from __future__ import annotations

from collections.abc import Sequence


def aligned(lines: Sequence[Sequence[str]], right: Sequence[bool] = (), gap: str = "  ") -> str:
    """Lines with cells padded to their columns; the last column is not padded when it stands at the left."""
    if not lines:
        return ""
    sides = list(right) or [False] * len(lines[0])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "".join(
        gap.join(
            cell.rjust(width) if side else cell.ljust(width)
            for cell, width, side in zip(line, widths, sides, strict=True)
        ).rstrip()
        + "\n"
        for line in lines
    )
