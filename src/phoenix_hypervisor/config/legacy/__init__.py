"""A legacy ``phoenix_config.sh`` as the host document (spec section 9). The file is read, never executed."""

from __future__ import annotations

import json
from dataclasses import dataclass

from phoenix_hypervisor.config.legacy.document import translate
from phoenix_hypervisor.config.legacy.draft import plain, settle
from phoenix_hypervisor.config.legacy.script import parse
from phoenix_hypervisor.config.legacy.shelf import Shelf
from phoenix_hypervisor.config.legacy.statements import Run
from phoenix_hypervisor.config.legacy.values import TooMuch
from phoenix_hypervisor.config.legacy.variables import Variables
from phoenix_hypervisor.documents import HostDocument
from phoenix_hypervisor.errors import ConfigurationError, Place, Problem

SCHEMA = "./phoenix_hypervisor_config.schema.json"


@dataclass(frozen=True)
class Migration:
    """The document, and what of the file it does not say, by place."""

    document: dict[str, object]
    problems: tuple[Problem, ...]

    def render(self) -> str:
        return json.dumps(self.document, indent=2, ensure_ascii=False) + "\n"


def migrate(content: bytes, file: str) -> Migration:
    """The document of a shell file, which problems call ``file``. ConfigurationError when nothing can be made of it."""
    script = parse(content, file)
    variables = Variables(script, problems=list(script.problems))
    try:
        Run(variables).file()
    except TooMuch:
        raise ConfigurationError([Problem("syntax", "reading this takes too long.", place=Place(file))]) from None
    shelf = Shelf(variables.values, variables.used)
    tree, judged = settle(translate(shelf), file)
    problems = sorted(
        {*variables.problems, *shelf.problems, *judged}, key=lambda each: (each.place, each.code, each.message)
    )
    if not tree:
        nothing = Problem("no-configuration", "the file holds nothing that can be carried over.", place=Place(file))
        raise ConfigurationError([*problems, nothing])
    ordered = {name: plain(tree[name]) for name in HostDocument.model_fields if name in tree}
    return Migration({"$schema": SCHEMA, **ordered}, tuple(problems))
