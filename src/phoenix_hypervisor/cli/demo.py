"""``phoenix demo``: the tour. It types the verbs and shows what they print; no text of theirs is prepared."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path

import click

from phoenix_hypervisor.errors import PhoenixError

_HERE = Path(__file__).resolve()
_PLACES = (_HERE.parents[1] / "examples" / "ai-lab", _HERE.parents[3] / "examples" / "ai-lab")

_TOUR = (
    ("The configuration is checked first.", "validate --etc ai-lab"),
    ("What would change on a fresh node?", "plan --etc ai-lab --on sim:node.json"),
    ("Do it.", "apply --etc ai-lab --on sim:node.json --yes"),
    ("Again: there is nothing to do.", "apply --etc ai-lab --on sim:node.json --yes"),
    ("Someone changes things by hand.", "sim run node.json pct set 950 --memory 1024 --hostname other"),
    (None, "sim run node.json pct stop 953"),
    (None, "sim run node.json sh -c 'pct stop 951 && pct destroy 951'"),
    ("The node is the truth: the drift is seen.", "status --etc ai-lab --on sim:node.json"),
    ("And repaired.", "apply --etc ai-lab --on sim:node.json --yes"),
)


@click.command(
    "demo",
    epilog="""\b
Example:
  phoenix demo
\b
Exit codes: 0 done; 1 a step of the tour failed.""",
)
def command() -> int:
    """The whole road on a simulated node: plan, apply, apply again, drift, repair."""
    from phoenix_hypervisor.cli.main import run

    example = next((place for place in _PLACES if place.is_dir()), None)
    if example is None:
        raise PhoenixError("The example ai-lab did not come with this installation.", "Run it from the repository.")
    with tempfile.TemporaryDirectory(prefix="phoenix-demo-") as folder:
        for remark, line in _TOUR:
            if remark:
                click.secho(f"\n# {remark}", bold=True)
            click.echo(f"$ phoenix {line}")
            node = f"{folder}/node.json"
            places = {"ai-lab": str(example), "node.json": node, "sim:node.json": f"sim:{node}"}
            code = run([places.get(word, word) for word in shlex.split(line)])
            if code:
                return code
    return 0
