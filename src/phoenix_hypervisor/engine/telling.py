"""A command that failed, as people are told of it: what was done, what it said, the next step where one is known."""

from __future__ import annotations

import re
from itertools import dropwhile, pairwise

from phoenix_hypervisor.command import Command, Result

NEXT_STEPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"enterprise\.proxmox\.com\S*\s+401"),
        "The enterprise repositories are for nodes with a subscription. "
        'Declare "repository": "no-subscription", and run initial_setup first.',
    ),
    (re.compile(r"the old configuration is put back"), "Correct network.interfaces, then run again."),
    (re.compile(r"curl: \(22\).* 404"), "Nothing is at that address: correct what is declared."),
    (re.compile(r"exportfs: Failed to stat "), "Make that folder, or take it out of nfs.exports."),
    (re.compile(r"expected to be a mount point but is not mounted"), "Mount it, as with zfs mount -a, then run again."),
)
"""What a command says, and what to do then."""
_NOISE = ("Warning: The unit file", "N: ", "W: ")
_DIGEST = re.compile(r"[0-9a-f]{64}|absent")
_SIGNALS = range(129, 160)
"""Exit statuses of what a signal ended, as a shell has them."""


def failure(command: Command, result: Result, more: str = "") -> str:
    """One line: who, what it said, ``more``, the next step."""
    who, text = named(command), said(result)
    told = f"{who}: {text}{more}" if who else f"{text}{more}"
    hint = next((hint for sign, hint in NEXT_STEPS if sign.search(text)), "")
    return f"{told.rstrip('.')}. {hint}" if hint else told


def named(command: Command) -> str:
    """The program and what it works on, as people speak of it; empty for a script that has no name."""
    words = list(command.argv)
    if words[0] == "lxc-attach" and "-n" in words:
        ctid = words[words.index("-n") + 1]
        inner = words[words.index("--") + 1 :] if "--" in words else []
        return f"in CT {ctid}: {_named(_without_environment(inner))}".removesuffix(": ")
    return _named(words)


def _without_environment(words: list[str]) -> list[str]:
    """The same command line without ``env NAME=VALUE …`` before it."""
    return list(dropwhile(lambda word: "=" in word, words[1:])) if words[:1] == ["env"] else words


def _named(words: list[str]) -> str:
    if words[:1] == ["sh"] and words[1:2] in (["-c"], ["-s"]):
        script = [word for word in words[3:] if words[1] == "-c" and word != "sh"]
        return " ".join(word for word in script[:2] if not _DIGEST.fullmatch(word))
    names = [word for before, word in pairwise(["", *words]) if _is_name(before, word)]
    return " ".join(names[:3])


def _is_name(before: str, word: str) -> bool:
    """Whether it is neither an option nor the value of one, as far as that can be told."""
    if word.startswith("-") or "=" in word:
        return False
    return not (before.startswith("--") and (word.startswith("/") or " " in word))


def said(result: Result) -> str:
    """What it said of its failure, each line once and without what is beside the point."""
    if not result.stderr.strip() and result.rc in _SIGNALS:
        return f"it was ended by signal {result.rc - 128}"
    lines = dict.fromkeys(" ".join(line.split()) for line in result.stderr.splitlines() or result.stdout.splitlines())
    telling = [line for line in lines if line and not line.startswith(_NOISE)]
    if any(line.startswith("E: Failed to fetch") for line in telling):
        telling = [line for line in telling if not line.endswith("is not signed.")]
    return " ".join(telling) or result.said
