"""The slice that ``phoenix feature run`` is given: itself, or what a whole document holds of it (spec S2)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from phoenix_hypervisor.cli.revealing import Secrets
from phoenix_hypervisor.config.load import host_document
from phoenix_hypervisor.config.source import Source, parse_source
from phoenix_hypervisor.documents.secrets import Secret
from phoenix_hypervisor.errors import ConfigurationError, UsageError
from phoenix_hypervisor.plan.host import Part, part
from phoenix_hypervisor.plan.slices import plain_json, slice_values
from phoenix_hypervisor.resource import Feature


def read_document(feature: Feature, source: str) -> Source:
    """The file, or standard input for ``-``, free of errors and not empty. Raises UsageError or ConfigurationError."""
    name = "standard input" if source == "-" else source
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}.", "Give --config a file, or - for standard input.") from error
    document = parse_source(data, name)
    if document.problems:
        raise ConfigurationError(document.problems)
    if not document.data:
        raise _empty(feature, document)
    return document


def _empty(feature: Feature, document: Source) -> UsageError:
    return UsageError(
        f"{document.file}: the slice of {feature.name} is empty.", f"See: phoenix feature schema {feature.name}"
    )


def values_of(feature: Feature, document: Source) -> Mapping[str, Any]:
    """What the slice holds: itself, or what the feature takes of a whole document, in whichever shape."""
    value: Mapping[str, Any] = document.data or {}
    rooms = {path.split(".")[1] for path in feature.sources.values() if path.startswith("host.")}
    if set(value) <= set(feature.slice.model_fields) or not rooms & set(value):
        return value
    readings = [host_document(document, older=older) for older in (False, True)]
    sound = [host for source, host, _ in readings if host is not None and not _errors(source)]
    if not sound:
        raise ConfigurationError(readings[0][0].problems)
    return slice_values(feature, {"host": sound[0]})


def _errors(source: Source) -> bool:
    return any(problem.severity == "error" for problem in source.problems)


def part_of(feature: Feature, document: Source, values: Mapping[str, Any], secrets: Secrets) -> Part:
    """The feature with its slice. Raises ConfigurationError for what is none, UsageError where it asks for nothing."""
    try:
        found = part(feature, _revealed(feature, values, secrets))
    except ValidationError as error:
        hint = f"See: phoenix feature schema {feature.name}"
        raise ConfigurationError(
            document.problem("value", f"{'.'.join(map(str, item['loc']))}: {item['msg']}.", item["loc"], hint=hint)
            for item in error.errors(include_input=False)
        ) from None
    secrets.require()
    if feature.is_empty(found.piece):
        raise _empty(feature, document)
    return found


def _revealed(feature: Feature, values: Mapping[str, Any], secrets: Secrets) -> Mapping[str, Any]:
    """The values with the secrets that the slice takes in their place."""
    found = dict(values)
    for name, info in feature.slice.model_fields.items():
        if "SecretStr" in str(info.annotation) and found.get(name) is not None:
            try:
                found[name] = TypeAdapter(Secret).validate_python(found[name])
            except ValidationError as error:
                raise UsageError(f"{name}: {error.errors(include_input=False)[0]['msg']}.") from None
    return {name: plain_json(value, secrets.reveal) for name, value in found.items()}
