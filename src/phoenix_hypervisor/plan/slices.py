"""The slice of a feature: what it takes of the documents, with the secrets in their place."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from phoenix_hypervisor.documents.secrets import Secret
from phoenix_hypervisor.resource import Feature, Slice

Reveal = Callable[[Secret], str | None]
"""The value of a secret; None where it is of no concern."""


def slice_values(feature: Feature, documents: Mapping[str, Any]) -> Mapping[str, Any]:
    """Field of the slice to what the documents have for it, secrets as they stand there; what is absent is left out.

    ``documents`` are by the name with which the feature's sources begin: ``host``, ``container``, ``request``.
    """
    found = {name: _dig(documents, path) for name, path in feature.sources.items()}
    return {name: value for name, value in found.items() if value is not None}


def slice_from(feature: Feature, values: Mapping[str, Any]) -> Slice:
    """The slice that plain values make. Raises pydantic's ValidationError for what is none."""
    return feature.slice.model_validate_json(json.dumps(values))


def part_from(feature: Feature, values: Mapping[str, Any]) -> Slice:
    """The slice that was given by itself; ``null`` declares that there is none of it. Raises as ``slice_from``."""
    piece = slice_from(feature, {name: value for name, value in values.items() if value is not None})
    return piece.model_copy(update={name: getattr(piece, name) for name in values}).as_part()


def _dig(documents: Mapping[str, Any], path: str) -> Any:
    value: Any = documents
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else getattr(value, step, None)
    return value


def plain_json(value: Any, reveal: Reveal) -> Any:
    """A piece of a document as JSON has it, with its secrets revealed."""
    if isinstance(value, Secret):
        return None if value.is_unset else reveal(value)
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        there = {name: getattr(value, name, None) for name in fields}
        return {name: plain_json(each, reveal) for name, each in there.items() if each is not None}
    if isinstance(value, Mapping):
        return {str(key): plain_json(each, reveal) for key, each in value.items()}
    if isinstance(value, tuple | list | frozenset | set):
        return [plain_json(each, reveal) for each in value]
    return value
