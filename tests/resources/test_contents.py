"""Files that are read together."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.resources.contents import contents_of
from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.transport.local import LocalTransport

TEXTS = {
    "/etc/x/a b.list": "no end",
    "/etc/x/b.list": "",
    "/etc/x/c.list": "/etc/x/d.list\nregular file:root:root:644\n3\nabc\n",
    "/etc/x/e.list": "\udcff\n\n",
}
FACT = contents_of("/etc/x/*.list", "/etc/y", "/etc/none")


def test_texts_are_read_byte_for_byte_on_a_real_machine(tmp_path: Path) -> None:
    for path, text in {**TEXTS, "/etc/y": "y\n", "/etc/x/f.other": "-"}.items():
        place = tmp_path / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode("utf-8", "surrogateescape"))
    (tmp_path / "etc/x/g.list").mkdir()
    facts = asyncio.run(Machine(LocalTransport(), str(tmp_path)).read([FACT]))
    assert {path: seen.text for path, seen in facts[FACT].items()} == {**TEXTS, "/etc/y": "y\n"}


def test_and_on_a_simulated_one() -> None:
    node = Node.new()
    node.files.mkdir("/etc/x")
    for path, text in TEXTS.items():
        node.files.write(path, text)
    found = FACT.parse(node.run(["sh", "-c", f"cd /; exec {FACT.command}"], FACT.command.stdin))
    assert {path: seen.text for path, seen in found.items()} == TEXTS


@pytest.mark.parametrize("text", ["/etc/x\n", "/etc/x\nregular file:root:root:644\nmany\n", "x\ny\n1\nz"])
def test_what_is_no_such_answer_is_an_error(text: str) -> None:
    with pytest.raises(NodeError, match="cannot be read"):
        FACT.parse(Result(0, text))
