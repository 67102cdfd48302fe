"""Flags as docker reads them: all long here; of ``run`` only those before the image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from phoenix_hypervisor.simulator.coreutils.common import Fault


@dataclass
class Flags:
    """Options with their values, empty for those without one, and what else was given."""

    options: dict[str, str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)


def flags(words: Sequence[str], without_value: Sequence[str], with_value: Sequence[str]) -> Flags:
    """Read the words up to the first two that are no flags: an image and its program. Raises Fault."""
    found, rest = Flags(), list(words)
    while rest:
        word = rest.pop(0)
        if len(found.words) >= 2 or not word.startswith("--"):
            found.words.append(word)
            continue
        name, equals, value = word[2:].partition("=")
        if name in without_value:
            found.options[name] = ""
        elif name in with_value and (equals or rest):
            found.options[name] = value if equals else rest.pop(0)
        elif name in with_value:
            raise Fault(f"flag needs an argument: {word}")
        else:
            raise Fault(f"unknown flag: {word}")
    return found
