"""A new feature is one module in its room, and nothing else (spec S1)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from phoenix_hypervisor.features import container, registry
from phoenix_hypervisor.plan.targets import select
from rig import HOST, fitted, site_of, tree

MODULE = '''
"""A greeting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Feature, Resource, Slice

READ = Fact("greeting", Command("cat", "etc/greeting"), lambda result: result.stdout)


class Greeting(Resource):
    kind: ClassVar[str] = "greeting"

    def facts(self) -> Iterator[Fact[Any]]:
        yield READ

    def change(self, facts: Facts) -> Iterator[Command]:
        if facts[READ] != self.name + "\\n":
            yield Command("sh", "-s", "--", self.name, stdin='printf "%s\\\\n" "$1" >/etc/greeting')


class Hello(Slice):
    memory: int


feature = Feature(
    name="hello",
    summary="A greeting.",
    scope="container",
    slice=Hello,
    resources=lambda piece: iter([Greeting(name=f"{piece.memory} MB")]),
    sources={"memory": "container.memory_mb"},
)
'''


@pytest.fixture
def extended(tmp_path: Path) -> Iterator[None]:
    (tmp_path / "room").mkdir()
    (tmp_path / "room/hello.py").write_text(MODULE)
    container.__path__.append(str(tmp_path / "room"))
    registry.of_containers.cache_clear()
    yield
    container.__path__.pop()
    sys.modules.pop("phoenix_hypervisor.features.container.hello", None)
    registry.of_containers.cache_clear()


def test_a_module_is_all_it_takes(extended: None, tmp_path: Path) -> None:
    documents = tree()
    documents["lxc_configs"]["950"]["features"] = ["hello"]
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/app.sh").write_text("#!/bin/sh\n")
    rig = fitted(site_of(tmp_path / "etc", documents, HOST))
    assert "950" not in rig.plan().unmanaged.get("hello", ())
    assert 950 in select(rig.site, ["hello"]).ctids
    rig.converge()
    assert rig.node.run(["pct", "exec", "950", "--", "cat", "/etc/greeting"]).stdout == "1024 MB\n"
    assert rig.plan().steps == ()
    documents["lxc_configs"]["950"]["memory_mb"] = 2048
    rig.site = site_of(tmp_path / "etc", documents, HOST)
    assert {step.id for step in rig.plan().steps} == {"950:configure", "950:hello"}
