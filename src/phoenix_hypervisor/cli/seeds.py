"""The seeds' own command lines (spec C4), as thin aliases of ``phoenix apply`` and ``phoenix plan``."""

from __future__ import annotations

from pathlib import PurePath

import click

from phoenix_hypervisor.errors import UsageError

ALIASES = {"phoenix_orchestrator": "orchestrator", "phoenix_establish_hypervisor": "establish"}
_VALUE_OPTIONS = ("--etc", "--on", "--output", "--jobs")


def translate(arguments: list[str]) -> list[str]:
    """``--as phoenix_orchestrator --lxc 901`` as ``apply 901 --yes``; any other command line as it is."""
    if arguments[:1] != ["--as"]:
        return arguments
    if len(arguments) < 2 or (alias := ALIASES.get(PurePath(arguments[1]).name.removesuffix(".sh"))) is None:
        raise UsageError("--as needs the name of one of the seeds' scripts.", f"One of: {', '.join(ALIASES)}.")
    return _orchestrator(arguments[2:]) if alias == "orchestrator" else _establish(arguments[2:])


def _split(arguments: list[str]) -> tuple[list[str], list[str], bool, list[str]]:
    """Targets, options passed through, whether it is a dry run, targets of ``--lxc``."""
    targets: list[str] = []
    passed: list[str] = []
    named: list[str] = []
    dry = False
    rest = iter(arguments)
    for word in rest:
        if word in ("-h", "--help"):
            raise click.exceptions.Exit(_help())
        name, equals, value = word.partition("=")
        if word == "--dry-run":
            dry = True
        elif word == "--setup-hypervisor":
            targets.append("host")
        elif name == "--lxc" or name in _VALUE_OPTIONS:
            value = value if equals else next(rest, "")
            if not value or (value.startswith("-") and not equals):
                raise UsageError(f"{name} needs a value.", "See: phoenix_orchestrator.sh --help")
            (named.append(value) if name == "--lxc" else passed.extend((name, value)))
        elif word.startswith("-"):
            passed.append(word)
        else:
            targets.append(word)
    return targets, passed, dry, named


def _help() -> int:
    click.echo(
        "Usage: phoenix_orchestrator.sh (--setup-hypervisor | --lxc CTID | CTID ...)\n"
        "           [--dry-run] [--etc DIR] [--on WHERE]\n"
        "       phoenix_establish_hypervisor.sh [--dry-run] [--etc DIR] [--on WHERE]\n\n"
        "The seeds' names for `phoenix apply` (with --dry-run: `phoenix plan`). They never ask.\n"
        "All options: phoenix apply --help"
    )
    return 0


def _orchestrator(arguments: list[str]) -> list[str]:
    targets, passed, dry, named = _split(arguments)
    if not targets and not named:
        raise UsageError(
            "Nothing was named to set up.", "Use --setup-hypervisor, --lxc CTID or CTID; everything: phoenix apply."
        )
    return _verb(dry, passed) + targets + named


def _establish(arguments: list[str]) -> list[str]:
    targets, passed, dry, named = _split(arguments)
    if targets or named:
        raise UsageError(
            "phoenix_establish_hypervisor.sh sets up everything and takes no targets.",
            "Use phoenix_orchestrator.sh CTID for one container.",
        )
    return _verb(dry, passed)


def _verb(dry: bool, passed: list[str]) -> list[str]:
    if dry:
        return ["plan", *(option for option in passed if option not in ("--yes", "-y"))]
    return ["apply", "--yes", *passed]
