"""Features of one's own: their manifests, and what a container gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from phoenix_hypervisor.config.checks.view import Finding, View, finds
from phoenix_hypervisor.config.site import Container
from phoenix_hypervisor.config.source import Steps
from phoenix_hypervisor.config.texts import did_you_mean, shown
from phoenix_hypervisor.config.translate import problems_of
from phoenix_hypervisor.errors import Problem
from phoenix_hypervisor.resource import Feature


@finds("own-features", fields="features feature_config")
def own_features(view: View) -> Iterator[Finding]:
    """Manifests that are wrong, settings that nothing takes, and slices that are not as their schema says."""
    yield from view.site.own_features.problems
    found = view.site.own_features.found
    for container in view.containers.values():
        settings = container.declared.get("feature_config", {})
        for name in settings:
            yield from _idle(container, name, found)
        for name in container.features:
            if name in found:
                yield from _slice_faults(container, found[name])


def _idle(container: Container, name: str, found: Mapping[str, Feature]) -> Iterator[Problem]:
    """Settings of a feature that does not take them."""
    steps = (*container.places.steps, "feature_config", name)
    source = container.places.source
    if name not in found:
        hint = did_you_mean(name, found) or "Built-in features take theirs from fields of their own."
        yield source.problem("value", f"{shown(name)} is no feature of one's own.", steps, hint=hint, key=True)
    elif name not in container.features:
        message = f"it has no effect: {shown(name)} is not in features of {container.ctid}."
        yield source.problem("field-without-effect", message, steps, severity="warning", key=True)


def _slice_faults(container: Container, feature: Feature) -> Iterator[Problem]:
    settings = container.declared.get("feature_config", {}).get(feature.name, {})
    taken = {name: _dig({"container": container.declared}, path) for name, path in feature.sources.items()}
    values = {**settings, **{name: value for name, value in taken.items() if value is not None}}
    try:
        feature.slice.model_validate(values)
    except ValidationError as error:
        steps = (*container.places.steps, "feature_config", feature.name)
        moved: dict[Steps, Steps] = {(name,): (*steps, name) for name in {*values, *feature.slice.model_fields}}
        source = replace(container.places.source, data=values, moved=moved)
        details = error.errors(include_url=False, include_context=True)
        yield from problems_of(feature.slice, source, details)


def _dig(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
