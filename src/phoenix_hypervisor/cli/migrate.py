"""``phoenix migrate``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from phoenix_hypervisor.cli.options import output_option
from phoenix_hypervisor.config.legacy import migrate
from phoenix_hypervisor.config.legacy.script import SIZE_LIMIT
from phoenix_hypervisor.errors import UsageError


@click.command(
    "migrate",
    epilog="""\b
Example:
  phoenix migrate phoenix_config.sh > phoenix_hypervisor_config.json
\b
Exit codes: 0 a document was printed, whatever was reported; 2 the file cannot be read, is no shell, or holds
nothing that can be carried over.""",
)
@click.argument("file", metavar="FILE")
@output_option()
def command(file: str, output: str) -> int:
    """Print the host document that a legacy phoenix_config.sh stands for. FILE may be - for standard input.

    The file is read, never executed. What cannot be known without running it, what has no place in the document, and
    secrets are reported on standard error, each with file, line and column. The document validates.
    """
    found = migrate(_read(file), "standard input" if file == "-" else file)
    listing = [problem.as_json() for problem in found.problems]
    if output == "json":
        click.echo(json.dumps({"document": found.document, "problems": listing}, ensure_ascii=False, indent=2))
        return 0
    click.echo(found.render(), nl=False)
    for problem in found.problems:
        click.echo(str(problem), err=True)
    return 0


def _read(file: str) -> bytes:
    """At most one byte more than a legacy file may have."""
    try:
        if file == "-":
            return sys.stdin.buffer.read(SIZE_LIMIT + 1)
        path = Path(file)
        if not path.is_file():
            raise UsageError(f"{file}: {'this is no file' if path.exists() else 'there is no such file'}.")
        with path.open("rb") as opened:
            return opened.read(SIZE_LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"{file}: {reason}.", "Name the legacy file, as phoenix_config.sh.") from error
