"""``phoenix graph``."""

from __future__ import annotations

import json
import os

import click

from phoenix_hypervisor.cli.options import etc_option, output_option
from phoenix_hypervisor.cli.session import tell_problems
from phoenix_hypervisor.config.load import find_etc, load
from phoenix_hypervisor.report import dot, graph_text, mermaid, svg
from phoenix_hypervisor.report.graph import Graph
from phoenix_hypervisor.report.site_graph import site_graph

_DRAWINGS = {"text": graph_text.draw, "mermaid": mermaid.draw, "dot": dot.draw, "svg": svg.draw}


@click.command(
    "graph",
    epilog="""\b
Example:
  phoenix graph --etc examples/ai-lab
  phoenix graph --etc examples/ai-lab --output svg > lab.svg
\b
Exit codes: 0 drawn; 2 the configuration has errors (what resolves is drawn) or usage error.""",
)
@etc_option
@output_option((*_DRAWINGS, "json"))
def command(etc: str | None, output: str) -> int:
    """Draw who is cloned from whom, and who waits for whom.

    Problems go to standard error. No node is needed.
    """
    loaded = load(find_etc(etc, os.environ))
    graph = site_graph(loaded.site) if loaded.site else Graph()
    tell_problems(loaded.problems)
    if output == "json":
        click.echo(json.dumps(graph.as_json(), indent=2))
    else:
        click.echo(_DRAWINGS[output](graph), nl=False)
    return 2 if loaded.errors else 0
