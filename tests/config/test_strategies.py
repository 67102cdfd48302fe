"""What the strategies draw is valid, and over many draws every field occurs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from hypothesis import HealthCheck, given, settings
from pydantic import BaseModel

from phoenix_hypervisor.config.load import Loaded, load
from phoenix_hypervisor.documents import HostDocument, LxcDocument, OlderDocument
from strategies import Configuration, configurations, older_configurations

MANY = settings(max_examples=100, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


def checked(configuration: Configuration) -> Loaded:
    with tempfile.TemporaryDirectory() as folder:
        found = load(configuration.write(Path(folder)))
        assert found.errors == (), [str(problem) for problem in found.errors]
    return found


def declared(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Every field of a model and of the models in it, dotted."""
    for name, field in model.model_fields.items():
        dotted = f"{prefix}{field.alias or name}"
        yield dotted
        inner = _inner(field.annotation)
        if inner is not None:
            yield from declared(inner, f"{dotted}.")


def _inner(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_inner(argument) for argument in get_args(annotation))
    return next((each for each in found if each is not None), None)


def standing(value: Any, prefix: str = "") -> Iterator[str]:
    """Every field of a document, dotted; CTIDs and indices left out."""
    if isinstance(value, list):
        for each in value:
            yield from standing(each, prefix)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key.isdigit():
                yield from standing(each, prefix)
            else:
                yield f"{prefix}{key}"
                yield from standing(each, f"{prefix}{key}.")


def test_every_field_occurs_and_no_draw_has_an_error() -> None:
    seen: dict[str, set[str]] = {"host": set(), "lxc": set()}

    @MANY
    @given(configurations())
    def draw(configuration: Configuration) -> None:
        checked(configuration)
        seen["host"].update(standing(configuration.host))
        seen["lxc"].update(standing(configuration.lxc))

    draw()
    wanted = {name for name in declared(HostDocument) if not name.startswith("shared_volumes.firewall")}
    assert wanted - seen["host"] == set()
    assert set(declared(LxcDocument)) - seen["lxc"] == set()
    assert {"shared_volumes.media.host_path", "shared_volumes.media.mounts"} <= seen["host"]


@MANY
@given(configurations(bare_features=True))
def test_bare_ones_have_no_other_feature(configuration: Configuration) -> None:
    found = checked(configuration)
    assert found.site is not None
    assert {name for each in found.site.containers.values() for name in each.features} <= {"base_setup"}


def test_the_older_shape_too() -> None:
    seen: set[str] = set()

    @MANY
    @given(older_configurations())
    def draw(configuration: Configuration) -> None:
        checked(configuration)
        seen.update(standing(configuration.host))

    draw()
    newer = set(declared(HostDocument))
    assert {name for name in declared(OlderDocument) if name not in newer} - seen == set()
