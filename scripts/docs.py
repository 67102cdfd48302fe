"""Writes the parts of the documentation that the program itself says, or with `--check` tells which are out of date."""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
README = HOME / "README.md"
REFERENCE = HOME / "docs" / "reference" / "cli.md"
DEMO = re.compile(r"(?<=<!-- demo -->\n).*?(?=<!-- /demo -->)", re.DOTALL)
JOURNAL = re.compile(r"(?<=Journal: )\S+/(node\.json\.runs)/\S+")
HEAD, TAIL, WIDTH = 11, 5, 118
VERB = re.compile(r"^  (?P<verb>[a-z]+)  ", re.MULTILINE)
INTRODUCTION = """\
# Command line

Written by `scripts/docs` from the `--help` of each verb. `phoenix` is `./phoenix` in a clone.
"""


def said(*arguments: str) -> str:
    """What `phoenix` prints on a plain, 100 columns wide output, in an empty folder."""
    settings = {"COLUMNS": "100", "NO_COLOR": "1", "LC_ALL": "C.UTF-8", "TERM": "dumb"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PHOENIX_", "XDG_"))}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [HOME / "phoenix", *arguments],
            cwd=folder,
            env=kept | settings | {"XDG_STATE_HOME": folder},
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
    if done.returncode:
        sys.exit(f"scripts/docs: phoenix {' '.join(arguments)} ended with {done.returncode}")
    return "".join(line.rstrip() + "\n" for line in done.stdout.splitlines())


def helps(*command: str) -> Iterator[tuple[str, str]]:
    """Each command with its help text, groups before what is in them."""
    text = said(*command, "--help")
    yield " ".join(("phoenix", *command)), text
    _, listing, verbs = text.partition("\nCommands:\n" if command else "\nVerbs:\n")
    for found in VERB.finditer(verbs.partition("\n\n")[0] if listing else ""):
        yield from helps(*command, found["verb"])


def reference() -> str:
    sections = (f"## {command}\n\n```text\n{text}```\n" for command, text in helps())
    return "\n".join((INTRODUCTION, *sections))


def shortened(output: str) -> str:
    """The demo for a first screen: of each act its beginning and its end, and what varies from run to run left out."""
    acts = re.split(r"\n(?=# )", JOURNAL.sub(r"\1/….jsonl", output).strip("\n"))
    return "\n\n".join("\n".join(_narrow(_short(act.strip("\n").splitlines()))) for act in acts) + "\n"


def _short(lines: list[str]) -> list[str]:
    left_out = len(lines) - HEAD - TAIL
    if left_out <= 1:
        return lines
    return [*lines[:HEAD], f"    … {left_out} more lines …", *lines[-TAIL:]]


def _narrow(lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def readme() -> str:
    block = f"```console\n$ ./phoenix demo\n{shortened(said('demo'))}```\n"
    text, count = DEMO.subn(lambda _: block, README.read_text("utf-8"))
    if count != 1:
        sys.exit("scripts/docs: README.md has no block between <!-- demo --> and <!-- /demo -->")
    return text


def difference(path: Path, text: str) -> str:
    """What would change in a file, as a unified diff; empty when nothing would."""
    old = path.read_text("utf-8") if path.exists() else ""
    name = str(path.relative_to(HOME))
    lines = difflib.unified_diff(old.splitlines(True), text.splitlines(True), name, "what the program says")
    return "".join(lines)


def main(check: bool) -> int:
    stale = False
    for path, write in ((REFERENCE, reference), (README, readme)):
        text = write()
        if not (change := difference(path, text)):
            continue
        stale = True
        if check:
            sys.stdout.write(change)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            print(f"written: {path.relative_to(HOME)}")
    if stale and check:
        print("Out of date; bring up to date with: scripts/docs")
    return int(stale and check)


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
