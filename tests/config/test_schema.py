"""Spec F2: the schemas that are checked in are those of the models, and take every spelling."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from phoenix_hypervisor.config.schema import FILES, render, schema
from phoenix_hypervisor.config.source import read_source

NAMES = {name: document for document, (_, name) in FILES.items()}


@pytest.mark.parametrize("document", FILES)
def test_the_schema_that_is_checked_in_is_current(repository: Path, document: str) -> None:
    path = repository / "schemas" / f"{FILES[document][1]}.schema.json"
    assert path.read_text() == render(document), "run: phoenix schema --write schemas"


@pytest.mark.parametrize("document", FILES)
def test_the_schema_is_one(document: str) -> None:
    Draft202012Validator.check_schema(schema(document))


@pytest.mark.parametrize("document", FILES)
def test_every_field_is_described_and_every_example_fits(document: str) -> None:
    whole = schema(document)
    for name, definition in [("", whole), *whole["$defs"].items()]:
        assert definition.get("description"), name
        for field, piece in definition.get("properties", {}).items():
            assert piece.get("description") or "$ref" in piece or "anyOf" in piece, (name, field)
            for example in piece.get("examples", ()):
                validator = Draft202012Validator({**piece, "$defs": whole["$defs"]})
                assert validator.is_valid(example), (name, field, example)


def test_the_examples_fit(examples: Path, repository: Path) -> None:
    files = [*examples.glob("*/*.json"), *(repository / "examples").glob("*/phoenix_*.json")]
    assert files
    for path in files:
        Draft202012Validator(schema(NAMES[path.stem])).validate(read_source(path, path.name).data)


@pytest.mark.parametrize(
    "fields",
    [
        {"network_config": "10.0.0.5/24,10.0.0.1,8.8.8.8"},
        {"network_config": {"ip": "dhcp"}},
        {"features": "nesting=1"},
        {"features": ["docker"]},
        {"clone_from_ctid": 900},
        {"clone_from_template_ctid": "900"},
        {"gpu_assignment": "0, 1"},
        {"ports": [80, "8080:80"]},
        {"cores": None},
    ],
)
def test_every_spelling_fits(fields: dict[str, Any]) -> None:
    document = {"lxc_configs": {"901": {"name": "web", **fields}}}
    Draft202012Validator(schema("lxc")).validate(document)


@pytest.mark.parametrize(
    "configs", [{"web": {"name": "a"}}, {"901": {}}, {"901": {"name": "a", "colour": 1}}, {"901": {"name": 1}}]
)
def test_what_is_wrong_does_not_fit(configs: dict[str, Any]) -> None:
    assert not Draft202012Validator(schema("lxc")).is_valid({"lxc_configs": configs})
