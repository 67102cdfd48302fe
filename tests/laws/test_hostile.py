"""Law 5: a hostile value is refused by the model, or arrives as one argument."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import law
from features.host.converging import look
from hosts import canary
from phoenix_hypervisor.config.load import load
from phoenix_hypervisor.config.source import read_source
from phoenix_hypervisor.features.registry import of_containers
from phoenix_hypervisor.simulator.node import Node
from rig import HOST, Rig, fitted, tree

HOSTILE = ["x; reboot", "$(reboot)", "`reboot`", "a\nb", "../../etc/passwd", "-Zrf", "'\"", "a b", "\x00", "é\u202e"]
FIELDS: list[tuple[str, ...]] = [
    ("name",),
    ("storage_pool",),
    ("template",),
    ("template_snapshot_name",),
    ("network_config", "bridge"),
    ("network_config", "name"),
    ("network_config", "ip"),
    ("network_config", "gw"),
    ("mac_address",),
    ("application_script",),
    ("tags",),
    ("pct_options",),
]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("field", FIELDS, ids=".".join)
def test_a_hostile_value_in_a_container(tmp_path: Path, field: tuple[str, ...], value: str) -> None:
    documents = tree()
    target: Any = documents["lxc_configs"]["900"]
    for part in field[:-1]:
        target = target[part]
    target[field[-1]] = [value] if field[-1] in ("tags", "pct_options") else value
    (tmp_path / "phoenix_lxc_configs.json").write_text(json.dumps(documents))
    (tmp_path / "phoenix_hypervisor_config.json").write_text(json.dumps(HOST))
    (tmp_path / "app.sh").write_text("#!/bin/sh\n")
    loaded = load(tmp_path)
    if loaded.site is None or loaded.errors:
        return
    rig = fitted(loaded.site)
    commands = [command for step in rig.plan().steps for command in step.commands()]
    law.hostile_value_is_one_argument(value, commands)


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("name", sorted(of_containers()))
def test_a_hostile_value_in_a_slice(name: str, value: str) -> None:
    feature, machine = of_containers()[name], Node.new()
    tried = 0
    for field, info in feature.slice.model_fields.items():
        for given in (value, [value]):
            try:
                piece = feature.slice.model_validate_json(json.dumps({field: given}))
            except ValidationError:
                tried += 1
                continue
            for resource in feature.resources(piece):
                facts = look(machine, [resource])
                law.hostile_value_is_one_argument(value, list(resource.change(facts)))
                tried += 1
        assert info is not None
    assert tried, "no field was tried"


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to every text of a document."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] if isinstance(value, str) else [leaf for key, each in pairs for leaf in leaves(each, (*path, key))]


def put(value: Any, path: tuple[Any, ...], text: str) -> Any:
    """A copy of the document with another text at one place."""
    if not path:
        return text
    return (
        {key: put(each, path[1:], text) if key == path[0] else each for key, each in value.items()}
        if isinstance(value, dict)
        else [put(each, path[1:], text) if key == path[0] else each for key, each in enumerate(value)]
    )


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_anywhere_in_the_host_document(tmp_path: Path, repository: Path, value: str) -> None:
    document = read_source(repository / "examples/ai-lab/phoenix_hypervisor_config.json", "host").data
    node, taken = Node.new(), 0
    for path in leaves(document):
        (tmp_path / "phoenix_hypervisor_config.json").write_text(json.dumps(put(document, path, value)))
        loaded = load(tmp_path)
        if loaded.site is None or loaded.errors:
            taken += 1
            continue
        plan = Rig(loaded.site, node, whole=True, secrets=canary).plan()
        commands = [command for step in plan.steps for command in step.commands()]
        for command in commands:
            words = [word for word in command.argv if value in word]
            script = command.argv[:2] in (("sh", "-s"), ("bash", "-s"))
            assert not (script and value in command.stdin), f"{path}: {value!r} is in a script: {command}"
            assert not any("\n" in word and word.count("\n") > value.count("\n") for word in words), (
                f"{path}: {command}"
            )
            assert value != command.argv[0]
    assert taken, "nothing was refused"
