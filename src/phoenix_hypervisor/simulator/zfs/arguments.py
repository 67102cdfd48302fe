"""The words of a ``zfs`` command: options, operands, property=value; what is said where they are wrong."""

from __future__ import annotations

from collections.abc import Sequence

from phoenix_hypervisor.simulator.zfs.model import ZfsError

Options = list[tuple[str, str]]
USAGE = "For the property list, run: zfs set|get\n\nFor the delegated permission list, run: zfs allow|unallow\n"


def usage(text: str) -> ZfsError:
    """An error of usage; exit status 2."""
    return ZfsError(f"{text}\n{USAGE}".rstrip("\n"), 2)


def one(names: Sequence[str], what: str = "dataset") -> str:
    """The only operand."""
    if not names:
        raise usage(f"missing {what} argument")
    if len(names) > 1:
        raise usage("too many arguments")
    return names[0]


def assignments(texts: Sequence[str]) -> dict[str, str]:
    """The properties of ``property=value`` words, each given once."""
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise usage(f"missing '=' for property=value argument in '{text}'")
        if key in found:
            raise usage(f"property '{key}' specified multiple times")
        found[key] = value
    return found


def chosen(given: Options, letter: str) -> list[str]:
    """All values of an option."""
    return [value for option, value in given if option == letter]


def last(given: Options, letter: str, default: str) -> str:
    return (chosen(given, letter) or [default])[-1]


def has(given: Options, letter: str) -> bool:
    return any(option == letter for option, _value in given)


def depth(given: Options, default: int | None) -> int | None:
    """How far to go down; None without an end."""
    if has(given, "-d"):
        return int(last(given, "-d", "0"))
    return None if has(given, "-r") else default
