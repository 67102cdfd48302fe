"""What ``phoenix feature run`` is given: a slice by itself, or a whole document; checked as documents are (spec S2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from phoenix_hypervisor.config.checks import CHECKS, check
from phoenix_hypervisor.config.checks.view import View
from phoenix_hypervisor.config.load import host_document
from phoenix_hypervisor.config.resolve import Documents, resolve
from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.config.source import Source, Steps
from phoenix_hypervisor.config.texts import did_you_mean, shown
from phoenix_hypervisor.config.translate import read_model
from phoenix_hypervisor.documents import HostDocument, LxcDocument, OlderDocument
from phoenix_hypervisor.errors import Problem
from phoenix_hypervisor.resource import Feature


@dataclass(frozen=True, slots=True)
class Given:
    """A document of which a feature takes its slice; ``is_part``: it was given the slice alone.

    ``site`` is what it declares, as far as it could be read; ``older``: it is a piece of a document of the older shape.
    """

    source: Source
    site: Site
    is_part: bool
    problems: tuple[Problem, ...]
    older: bool = False

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")


def read_given(feature: Feature, source: Source, etc: Path) -> Given:
    """What the source holds for the feature. ``etc`` is the folder that relative files are looked for in."""
    if _is_whole(feature, source):
        return _whole(feature, source, etc)
    return _part(feature, source, etc)


def sections_of(feature: Feature, siblings: bool = True) -> frozenset[str]:
    """The sections of the host document that the feature takes its slice of."""
    paths = [path for name, path in feature.sources.items() if siblings or name not in feature.siblings]
    return frozenset(path.split(".")[1] for path in paths if path.startswith("host."))


def taken(feature: Feature) -> str:
    """The command that takes a slice of the feature from a document, with all that helps to read it."""
    paths = {name: path.removeprefix("host") for name, path in feature.sources.items() if path.startswith("host.")}
    rooms = {path.rpartition(".")[0] for name, path in paths.items() if name not in feature.siblings}
    room = rooms.pop() if len(rooms) == 1 else ""
    apart = {name: path for name, path in paths.items() if not room or path != f"{room}.{name}"}
    fields = ", ".join(name if path == f".{name}" else f"{name}: {path}" for name, path in apart.items())
    together = f"{{{fields}}}" if apart else ""
    words = " + ".join(filter(None, (room, together)))
    return f"jq '{words}' FILE" if together else f"jq {words} FILE"


def taking(feature: Feature) -> str:
    """What to do where something is no slice of the feature."""
    return f"Take it with: {taken(feature)}. See: phoenix feature schema {feature.name}"


def _is_whole(feature: Feature, source: Source) -> bool:
    """Whether it has a section of the document that is no field of the slice."""
    strange = set(source.data or {}) - set(feature.slice.model_fields)
    return bool(strange & set(OlderDocument.model_fields))


def _whole(feature: Feature, source: Source, etc: Path) -> Given:
    readings = [host_document(source, older=older) for older in (False, True)]
    sound = [each for each in readings if each[1] is not None and not _wrong(each[0].problems)]
    read, host, damage = (sound or readings)[0]
    site, found = _checked(read, host, damage, sections_of(feature), frozenset(), etc)
    others = HostDocument.model_fields.keys() - sections_of(feature)
    own = [problem for problem in found if problem.path.partition(".")[0] not in others]
    return Given(source, site, False, (*read.problems, *own))


def _part(feature: Feature, source: Source, etc: Path) -> Given:
    fields = set(feature.slice.model_fields)
    values = {name: value for name, value in (source.data or {}).items() if name in fields}
    document = _as_document(feature, source, values)
    reading = read_model(HostDocument, document)
    own = sections_of(feature)
    mentioned = frozenset(steps[0] for name in values if (steps := _steps(feature, name)))
    site, found = _checked(document, reading.model, reading.damaged, mentioned, own - mentioned, etc)
    left_out = {".".join(steps) for name in fields - values.keys() if (steps := _steps(feature, name))}
    wrong = [*_strange(feature, source, fields), *(each for each in reading.problems if each.path not in left_out)]
    return Given(source, site, True, (*wrong, *found), bool(wrong) and _is_older(feature, source))


def _steps(feature: Feature, name: str) -> tuple[str, ...]:
    """Where a field of the slice stands in the host document; empty where it does not."""
    room, *steps = feature.sources.get(name, "").split(".")
    return tuple(steps) if room == "host" else ()


def _as_document(feature: Feature, source: Source, values: Mapping[str, Any]) -> Source:
    """The host document of which these values are a part, whose problems are told where they stand in the slice."""
    data: dict[str, Any] = {}
    moved: dict[Steps, Steps] = {}
    for name, value in values.items():
        if value is None or not (steps := _steps(feature, name)):
            continue
        room = data
        for step in steps[:-1]:
            room = room.setdefault(step, {})
        room[steps[-1]] = value
        moved[steps] = (name,)
    return replace(source, data=data, moved=moved)


def _strange(feature: Feature, source: Source, fields: set[str]) -> Iterator[Problem]:
    """Keys that are no field; the first that looks like none is told with what a slice looks like."""
    strange = [name for name in source.data or {} if name not in fields]
    hints = {name: did_you_mean(name, fields) for name in strange}
    for name in [name for name in strange if not hints[name]][:1]:
        hints[name] = taking(feature)
    for name, hint in hints.items():
        yield source.problem("unknown-field", f"there is no field {shown(name)} here.", (name,), hint=hint, key=True)


def _checked(
    source: Source,
    host: HostDocument | None,
    damage: frozenset[Steps],
    sections: frozenset[str],
    unknown: frozenset[str],
    etc: Path,
) -> tuple[Site, tuple[Problem, ...]]:
    """The site of the document, and what the checks of these sections find; none that reads an unknown one judges."""
    empty = Source(source.file, {})
    documents = Documents(etc, host or HostDocument(), LxcDocument(), source, empty, (source.file,))
    site = resolve(documents)
    checks = [each for each in CHECKS.values() if not each.host or (each.host & sections and not each.host & unknown)]
    findings = check(View.of(site, documents, damage, frozenset()), checks)
    return site, tuple(finding for finding in findings if isinstance(finding, Problem))


def _is_older(feature: Feature, source: Source) -> bool:
    """Whether it would be right as a section of a document of the older shape."""
    names = [name for name in ("zfs", "nfs", "nvidia") for own in sections_of(feature, False) if own.startswith(name)]
    return any(not read_model(OlderDocument, replace(source, data={name: source.data})).problems for name in names)


def _wrong(problems: tuple[Problem, ...]) -> bool:
    return any(problem.severity == "error" for problem in problems)
