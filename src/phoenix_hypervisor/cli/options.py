"""The options that several verbs share; their names and meaning are fixed, people script against them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

import click

from phoenix_hypervisor.errors import UsageError
from phoenix_hypervisor.plan.saved import Request

_REQUEST = ("etc", "on", "targets", "rebuild", "mode", "allow", "reboot", "upgrade", "deep")
DISK = "disk:"
"""What the name of a disk that may be lost begins with."""
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


def deep_option(function: F) -> F:
    """``--deep``: look into running containers."""
    return click.option("--deep", is_flag=True, help="Look into running containers, too: what is stamped and not so.")(
        function
    )


def request_options(function: Callable[..., int]) -> Callable[..., int]:
    """What is to be planned, and where: TARGETS and options, given to the verb as one ``Request``."""

    @wraps(function)
    def collected(*, no_restart: bool, **options: Any) -> int:
        asked = {name: options.pop(name) for name in _REQUEST}
        require_mode(asked["mode"], asked["allow"])
        return function(request=Request(restart=not no_restart, **asked), **options)

    for option in (
        deep_option,
        click.option("--upgrade", is_flag=True, help="Upgrade the node's packages, too."),
        click.option("--reboot", is_flag=True, help="Reboot the node at the end, where a change needs it."),
        *destroying_options,
        click.option("--no-restart", is_flag=True, help="Stop nothing that runs; what needs it waits, and is told."),
        rebuild_option,
        on_option,
        etc_option,
        click.argument("targets", nargs=-1),
    ):
        collected = option(collected)
    return collected


destroying_options: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--allow-destroy",
        "allow",
        multiple=True,
        metavar="THING",
        help="With --mode force: what may be lost, named as the refusal names it (disk:SERIAL).",
    ),
    click.option(
        "--mode",
        type=click.Choice(["safe", "interactive", "force"]),
        default="safe",
        show_default=True,
        help="What would destroy data: safe refuses it, interactive asks for each, force needs --allow-destroy.",
    ),
)


def require_mode(mode: str, allow: Sequence[str]) -> None:
    """What may be lost is named with --mode force, and nowhere else."""
    if allow and mode != "force":
        raise UsageError("--allow-destroy goes with --mode force.", "In --mode interactive you are asked.")
    for each in allow:
        if not each.removeprefix(DISK) or not each.startswith(DISK):
            hint = "Name it as the refusal does: disk:SERIAL."
            raise UsageError(f'--allow-destroy "{each}" is nothing that could be lost.', hint)


def rebuild_option(function: F) -> F:
    """``--rebuild CTID``: destroy and make anew what is named, and nothing else."""
    return click.option(
        "--rebuild",
        type=click.IntRange(100, 999_999_999),
        multiple=True,
        metavar="CTID",
        help="Destroy this container with its volumes and make it anew; refused while others are clones of it.",
    )(function)
