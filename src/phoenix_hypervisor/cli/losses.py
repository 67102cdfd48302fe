"""Asks for what would be lost, each by its name (spec S3), of whoever sits at the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from phoenix_hypervisor.errors import Interrupted, UsageError
from phoenix_hypervisor.plan.step import Refusal

Ask = Callable[[str], str]
"""Puts a question; returns what was typed."""
_TERMINAL = Path("/dev/tty")
"""The terminal that the process belongs to, whatever its standard input is. Source: tty(4)."""


def prompted(question: str) -> str:
    """Standard error asks, so that the output stays clean; standard input answers."""
    typed: str = click.prompt(question, default="", show_default=False, err=True)
    return typed


def asker(output: str, input_is_spent: bool) -> Ask:
    """Who is asked: standard input where it is a terminal that was not read, else the terminal itself; UsageError
    without one."""
    if output == "json":
        raise _no_terminal()
    if not input_is_spent:
        if not sys.stdin.isatty():
            raise _no_terminal()
        return prompted
    try:
        _TERMINAL.open().close()
    except OSError as error:
        raise _no_terminal() from error
    return _at_terminal


def _no_terminal() -> UsageError:
    hint = "Name what may be lost: --mode force --allow-destroy disk:SERIAL."
    return UsageError("There is no terminal to ask on.", hint)


def _at_terminal(question: str) -> str:
    with _TERMINAL.open("w") as screen, _TERMINAL.open() as keys:
        screen.write(f"{question}: ")
        screen.flush()
        line = keys.readline()
    if not line:
        raise Interrupted("Nothing was changed.")
    return line.strip()


def asked_for(refused: Iterable[Refusal], ask: Ask = prompted) -> set[str]:
    """What is typed is what may be lost; anything else leaves it refused."""
    return {refusal.loses for refusal in refused if _typed(refusal, ask) == refusal.loses}


def _typed(refusal: Refusal, ask: Ask) -> str:
    click.echo(f"{refusal.reason}.", err=True)
    return ask(f"To destroy it, type {refusal.loses}")
