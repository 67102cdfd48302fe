"""Flags as docker reads them; of ``run`` only those before the image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from phoenix_hypervisor.simulator.coreutils.common import Fault


@dataclass
class Flags:
    """Options with all their values, empty for those without one, and what else was given."""

    options: dict[str, list[str]] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)

    def __contains__(self, name: str) -> bool:
        return name in self.options

    def last(self, name: str, default: str = "") -> str:
        """The last value given to an option."""
        return self.options.get(name, [default])[-1]

    def all(self, name: str) -> list[str]:
        return self.options.get(name, [])


@dataclass(frozen=True)
class Known:
    """The flags of a verb: those without a value, those with one, letters that stand for some of them.

    ``to_the_end``: whether flags may come after words, too.
    """

    bare: Sequence[str] = ()
    valued: Sequence[str] = ()
    letters: Mapping[str, str] = field(default_factory=dict)
    to_the_end: bool = True


def flags(words: Sequence[str], known: Known) -> Flags:
    """Read the words. Raises Fault."""
    found, rest = Flags(), list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word == "-":
            found.words.append(word)
            if not known.to_the_end:
                found.words += rest
                break
        elif word.startswith("--"):
            _long(word, rest, known, found)
        else:
            _short(word, rest, known, found)
    return found


def _long(word: str, rest: list[str], known: Known, found: Flags) -> None:
    name, equals, value = word[2:].partition("=")
    if name in known.bare:
        found.options.setdefault(name, []).append(value)
    elif name not in known.valued:
        raise Fault(f"unknown flag: --{name}")
    elif equals or rest:
        found.options.setdefault(name, []).append(value if equals else rest.pop(0))
    else:
        raise Fault(f"flag needs an argument: {word}")


def _short(word: str, rest: list[str], known: Known, found: Flags) -> None:
    for at, letter in enumerate(word[1:], start=1):
        name = known.letters.get(letter)
        if name is None:
            raise Fault(f"unknown shorthand flag: '{letter}' in {word}")
        if name in known.bare:
            found.options.setdefault(name, []).append("")
            continue
        value = word[at + 1 :].removeprefix("=")
        if not value and not rest:
            raise Fault(f"flag needs an argument: '{letter}' in {word}")
        found.options.setdefault(name, []).append(value or rest.pop(0))
        return
