"""``phoenix demo``: the tour. It types the verbs and shows what they print; no text of theirs is prepared."""

from __future__ import annotations

import contextlib
import io
import json
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Any, TextIO

import click

from phoenix_hypervisor.cli.options import output_option
from phoenix_hypervisor.errors import PhoenixError

_HERE = Path(__file__).resolve()
_PLACES = (_HERE.parents[1] / "examples" / "ai-lab", _HERE.parents[3] / "examples" / "ai-lab")

_TOUR = (
    ("The configuration is checked first.", "validate --etc ai-lab"),
    ("What would change on a fresh node?", "plan --etc ai-lab --on sim:node.json"),
    ("Do it.", "apply --etc ai-lab --on sim:node.json --yes"),
    ("Again: there is nothing to do.", "apply --etc ai-lab --on sim:node.json --yes"),
    ("Someone changes things by hand.", "sim run node.json pct set 950 --memory 1024 --hostname other"),
    ("", "sim run node.json pct stop 953"),
    ("", "sim run node.json sh -c 'pct stop 951 && pct destroy 951'"),
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
@output_option()
def command(output: str) -> int:
    """The whole road on a simulated node: plan, apply, apply again, drift, repair."""
    example = next((place for place in _PLACES if place.is_dir()), None)
    if example is None:
        raise PhoenixError("The example ai-lab did not come with this installation.", "Run it from the repository.")
    told: list[dict[str, Any]] = []
    warnings = _Once(sys.stderr)
    with tempfile.TemporaryDirectory(prefix="phoenix-demo-") as folder:
        node = f"{folder}/node.json"
        places = {"ai-lab": str(example), "node.json": node, "sim:node.json": f"sim:{node}"}
        for remark, line in _TOUR:
            words = [places.get(word, word) for word in shlex.split(line)]
            with contextlib.redirect_stderr(warnings):
                code = _shown(remark, line, words) if output == "text" else _recorded(remark, line, words, told)
            if code:
                break
    if output == "json":
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    return int(bool(code))


class _Once(io.StringIO):
    """A stream that lets each text through to another one only the first time."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._said: set[str] = set()

    def write(self, text: str) -> int:
        size = super().write(text)
        if text not in self._said:
            self._said.add(text)
            self._stream.write(text)
            self._stream.flush()
        return size


def _shown(remark: str, line: str, words: list[str]) -> int:
    """One stop of the tour, as it is."""
    from phoenix_hypervisor.cli.main import run

    if remark:
        click.secho(f"\n# {remark}", bold=True)
    click.echo(f"$ phoenix {line}")
    return run(words)


def _recorded(remark: str, line: str, words: list[str], told: list[dict[str, Any]]) -> int:
    """One stop of the tour, kept for the JSON output."""
    from phoenix_hypervisor.cli.main import run

    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = run(words)
    told.append({"remark": remark, "command": f"phoenix {line}", "exit_code": code, "output": said.getvalue()})
    return code
