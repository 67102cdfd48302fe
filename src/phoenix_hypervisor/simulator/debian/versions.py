"""The order of Debian's version numbers. Source: deb-version(7)."""

from __future__ import annotations

import re
from functools import cmp_to_key, lru_cache


def _weight(sign: str) -> int:
    """Where a sign sorts: a tilde before the end, the end before letters, letters before all else."""
    if sign == "~":
        return -1
    return ord(sign) if sign.isalpha() else ord(sign) + 256


def _part(left: str, right: str) -> int:
    """The order of two upstream versions or revisions: less than, equal to or greater than 0."""
    while left or right:
        first, second = _head(left), _head(right)
        for index in range(max(len(first), len(second))):
            one = _weight(first[index]) if index < len(first) else 0
            other = _weight(second[index]) if index < len(second) else 0
            if one != other:
                return one - other
        left, right = left[len(first) :], right[len(second) :]
        numbers = [re.match(r"[0-9]*", text) for text in (left, right)]
        digits = [found[0] if found else "" for found in numbers]
        difference = int(digits[0] or 0) - int(digits[1] or 0)
        if difference:
            return difference
        left, right = left[len(digits[0]) :], right[len(digits[1]) :]
    return 0


def _head(text: str) -> str:
    found = re.match(r"[^0-9]*", text)
    return found[0] if found else ""


def _split(version: str) -> tuple[int, str, str]:
    epoch, colon, rest = version.partition(":")
    if not colon or not epoch.isdecimal():
        epoch, rest = "0", version
    upstream, dash, revision = rest.rpartition("-")
    return int(epoch), upstream if dash else rest, revision if dash else ""


@lru_cache(maxsize=4096)
def order(left: str, right: str) -> int:
    """Less than 0 where the left version is older, 0 where they are equal, more where it is newer."""
    first, second = _split(left), _split(right)
    if first[0] != second[0]:
        return first[0] - second[0]
    return _part(first[1], second[1]) or _part(first[2], second[2])


def newest(versions: list[str]) -> str:
    """The newest of some versions."""
    return max(versions, key=cmp_to_key(order))
