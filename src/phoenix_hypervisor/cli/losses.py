"""Asks for what would be lost, each by its name (spec S3)."""

from __future__ import annotations

from collections.abc import Iterable

import click

from phoenix_hypervisor.plan.step import Refusal


def asked_for(refused: Iterable[Refusal]) -> set[str]:
    """What is typed is what may be lost; anything else leaves it refused. Standard error asks: output stays clean."""
    return {refusal.loses for refusal in refused if _typed(refusal) == refusal.loses}


def _typed(refusal: Refusal) -> str:
    click.echo(f"{refusal.reason}.", err=True)
    typed: str = click.prompt(f"To destroy it, type {refusal.loses}", default="", show_default=False, err=True)
    return typed
