"""The arguments of llama-server: in groups of an option and its values, keys apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Group = tuple[str, ...]
PORT = 8080
SECRETS = {"--api-key": "LLAMA_API_KEY", "--hf-token": "HF_TOKEN", "-hft": "HF_TOKEN"}
"""Options whose values are secrets, and the variables in which llama-server takes them as well."""


def grouped(words: Iterable[str]) -> tuple[Group, ...]:
    """An option with its values each; ``--option=value`` is the same as two words."""
    found: list[list[str]] = []
    for word in words:
        if not word.startswith("-") or word[1:2].isdigit():
            found[-1:] = [[*(found[-1] if found else []), word]]
            continue
        head, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        found.append([head, value] if equals else [head])
    return tuple(tuple(group) for group in found)


def secrets_of(groups: Iterable[Group]) -> dict[str, str]:
    """Variable to the value of the last option that says it."""
    return {SECRETS[group[0]]: group[1] for group in groups if group[0] in SECRETS and len(group) > 1}


def command(model: str, port: int | None, groups: tuple[Group, ...]) -> Iterator[Group]:
    """What follows the program, without secrets: the model, where it listens, the other options as they stand."""
    yield "--model" if model.startswith("/") else "--hf-repo", model
    given = {group[0] for group in groups}
    defaults = (("--host", "0.0.0.0"), ("--port", str(port or PORT)))  # noqa: S104 - others are to reach it
    yield from (group for group in defaults if group[0] not in given)
    yield from (group for group in groups if group[0] not in SECRETS)


def port_of(port: int | None, groups: Iterable[Group]) -> str:
    """The port that it listens on: the last one that is said."""
    said = [group[1] for group in groups if group[0] == "--port" and len(group) > 1]
    return said[-1] if said else str(port or PORT)
