"""The options that several verbs share; their names and meaning are fixed, people script against them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def etc_option(function: F) -> F:
    """``--etc DIR``: where the documents lie (spec C7)."""
    return click.option(
        "--etc",
        metavar="DIR",
        envvar="PHOENIX_ETC",
        show_envvar=True,
        help="Folder of the configuration files. Default: /usr/local/phoenix_hypervisor/etc.",
    )(function)


def on_option(function: F) -> F:
    """``--on WHERE``: the node."""
    return click.option(
        "--on",
        metavar="WHERE",
        help="The node: local, ssh://user@host, sim (a fresh simulated node), sim:FILE (one that persists). "
        "Default: this machine, if it is a Proxmox VE node.",
    )(function)


def output_option(choices: Sequence[str] = ("text", "json")) -> Callable[[F], F]:
    """``--output``: the form of what is printed."""
    return click.option(
        "--output", type=click.Choice(list(choices)), default=choices[0], show_default=True, help="Form of the output."
    )


def yes_option(function: F) -> F:
    """``--yes``: go ahead without asking."""
    return click.option("--yes", "-y", is_flag=True, help="Do not ask.")(function)


def request_options(function: F) -> F:
    """What is to be planned, and where: TARGETS and the options of ``Request``."""
    for option in (
        click.option("--no-restart", is_flag=True, help="Stop nothing that runs; what needs it waits, and is told."),
        rebuild_option,
        on_option,
        etc_option,
        click.argument("targets", nargs=-1),
    ):
        function = option(function)
    return function


def rebuild_option(function: F) -> F:
    """``--rebuild CTID``: destroy and make anew what is named, and nothing else."""
    return click.option(
        "--rebuild",
        type=click.IntRange(100, 999_999_999),
        multiple=True,
        metavar="CTID",
        help="Destroy this container with its volumes and make it anew; refused while others are clones of it.",
    )(function)
