"""``phoenix schema``."""

from __future__ import annotations

from pathlib import Path

import click

from phoenix_hypervisor.config.schema import FILES, render, write
from phoenix_hypervisor.errors import UsageError


@click.command(
    "schema",
    epilog="""\b
Example:
  phoenix schema lxc > phoenix_lxc_configs.schema.json
  phoenix schema --write schemas
\b
Exit codes: 0 printed or written; 2 usage error.""",
)
@click.argument("document", type=click.Choice(list(FILES)), required=False)
@click.option(
    "--output", type=click.Choice(["json"]), default="json", expose_value=False, help="Form of the output: JSON."
)
@click.option("--write", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Write all schemas into DIR.")
def command(document: str | None, folder: Path | None) -> int:
    """Print the JSON Schema of a document: host (the default), lxc, or older (hypervisor_config.json).

    They are made of the models that validate the documents.
    """
    if folder is None:
        click.echo(render(document or "host"), nl=False)
        return 0
    if document is not None:
        raise UsageError("--write writes all schemas; it takes no document.")
    for path in write(folder):
        click.echo(path)
    return 0
