"""The slice that ``phoenix feature run`` is given: itself, or what a whole document holds of it (spec S2)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from phoenix_hypervisor.cli.revealing import Secrets
from phoenix_hypervisor.config.given import Given, read_given, sections_of, taking
from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.config.source import Source, parse_source
from phoenix_hypervisor.config.texts import listing
from phoenix_hypervisor.config.translate import problems_of
from phoenix_hypervisor.documents.secrets import Secret
from phoenix_hypervisor.errors import ConfigurationError, Problem, UsageError
from phoenix_hypervisor.plan.host import Part, part
from phoenix_hypervisor.plan.slices import Reveal, part_from, plain_json, slice_from, slice_values
from phoenix_hypervisor.resource import Feature, Slice


@dataclass(frozen=True, slots=True)
class Wanted:
    """A feature and what it was given, without errors."""

    feature: Feature
    given: Given
    values: Mapping[str, Any]

    @property
    def site(self) -> Site:
        return self.given.site

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return self.given.problems

    def revealed(self, secrets: Secrets) -> Part:
        """The feature with its slice. UsageError where a secret is not to be had."""
        piece = _piece(self.feature, self.given, self.values, secrets.reveal)
        secrets.require()
        return part(self.feature, piece)


def read_wanted(feature: Feature, name: str, folder: Path) -> Wanted:
    """What the file, or standard input for ``-``, asks of the feature; UsageError or ConfigurationError for nothing, or
    for what is wrong. ``folder`` is where relative files lie."""
    source = _read(feature, "standard input" if name == "-" else name, name)
    given = read_given(feature, source, folder)
    if given.older:
        hint = f"Give the whole document: phoenix feature run {feature.name} --config FILE"
        raise UsageError(f"{source.file}: this is of the older shape, of which a slice alone is not understood.", hint)
    if given.errors:
        raise ConfigurationError(sorted(given.problems, key=lambda problem: problem.place))
    values = source.data or {} if given.is_part else slice_values(feature, {"host": given.site.host})
    piece = _piece(feature, given, values, lambda _secret: "NOT_SET")
    if not given.is_part:
        _require_sections(feature, given)
    elif feature.is_empty(piece):
        raise _empty(feature, source)
    elif lacking := tuple(feature.lacks(piece)):
        raise ConfigurationError(
            source.problem("missing-field", lack.what, lack.where, hint=lack.hint) for lack in lacking
        )
    return Wanted(feature, given, values)


def _read(feature: Feature, called: str, name: str) -> Source:
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"{called}: {error.strerror}.", "Give --config a file, or - for standard input.") from error
    if data.strip() == b"null":
        sections = listing(sorted(sections_of(feature, siblings=False)), "or")
        raise UsageError(
            f"{called}: null is no slice of {feature.name}: what it was taken from has no {sections}.",
            taking(feature),
        )
    source = parse_source(data if data.strip() else b"{}", called)
    if source.problems:
        raise ConfigurationError(source.problems)
    if not source.data:
        raise _empty(feature, source)
    return source


def _empty(feature: Feature, source: Source) -> UsageError:
    return UsageError(f"{source.file}: the slice of {feature.name} is empty.", taking(feature))


def _require_sections(feature: Feature, given: Given) -> None:
    """A document that does not speak of it at all is taken for the wrong one."""
    sections = sections_of(feature, siblings=False)
    if sections and all(getattr(given.site.host, section, None) is None for section in sections):
        named = listing(sorted(sections), "or")
        hint = "Give the right document; phoenix apply host takes back what is no longer declared."
        raise UsageError(f"{given.source.file}: there is no {named} in it.", hint)


def _piece(feature: Feature, given: Given, values: Mapping[str, Any], reveal: Reveal) -> Slice:
    """The slice; ConfigurationError for what is none."""
    make = part_from if given.is_part else slice_from
    try:
        return make(feature, _revealed(feature, values, reveal))
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=True)
        raise ConfigurationError(problems_of(feature.slice, given.source, details)) from None


def _revealed(feature: Feature, values: Mapping[str, Any], reveal: Reveal) -> Mapping[str, Any]:
    """The values with the secrets that the slice takes in their place."""
    found = dict(values)
    for name, info in feature.slice.model_fields.items():
        if "SecretStr" in str(info.annotation) and found.get(name) is not None:
            try:
                found[name] = TypeAdapter(Secret).validate_python(found[name])
            except ValidationError as error:
                raise UsageError(f"{name}: {error.errors(include_input=False)[0]['msg']}.") from None
    return {name: plain_json(value, reveal) for name, value in found.items()}
