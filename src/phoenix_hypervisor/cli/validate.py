"""``phoenix validate``."""

from __future__ import annotations

import json
import os

import click

from phoenix_hypervisor.cli.options import etc_option, output_option
from phoenix_hypervisor.config.load import Loaded, find_etc, load


@click.command(
    "validate",
    epilog="""\b
Example:
  phoenix validate --etc examples/ai-lab
  phoenix validate --etc examples/ai-lab --output json
\b
Exit codes: 0 no errors (warnings at most); 2 errors, or usage error.""",
)
@etc_option
@output_option()
def command(etc: str | None, output: str) -> int:
    """Report every problem of all configuration files at once.

    Each stands at its file, line and column, with what to do. No node is needed; what only a node can tell
    (storages that are not declared, foreign guests, GPUs) is judged by plan and apply.
    """
    loaded = load(find_etc(etc, os.environ))
    if output == "json":
        listing = [problem.as_json() for problem in loaded.problems]
        click.echo(json.dumps({"problems": listing}, ensure_ascii=False, indent=2))
    else:
        for problem in loaded.problems:
            click.echo(str(problem))
        click.echo(summary(loaded))
    return 2 if loaded.errors else 0


def summary(loaded: Loaded) -> str:
    """``8 errors, 22 warnings in 2 files.``"""
    errors = len(loaded.errors)
    warnings = len(loaded.problems) - errors
    files = loaded.site.files if loaded.site else ()
    return f"{_count(errors, 'error')}, {_count(warnings, 'warning')} in {_count(len(files), 'file')}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
