"""The configuration of a folder: read, resolved, checked. Whatever lies there, this does not raise."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from phoenix_hypervisor.config.checks import CHECKS, check
from phoenix_hypervisor.config.checks.view import Check, Question, View
from phoenix_hypervisor.config.modern import modernise
from phoenix_hypervisor.config.resolve import Documents, resolve
from phoenix_hypervisor.config.site import DEFAULT_ETC, Site
from phoenix_hypervisor.config.source import Source, Steps, read_source
from phoenix_hypervisor.config.translate import M, Reading, read_model
from phoenix_hypervisor.documents import HostDocument, LxcDocument, OlderDocument
from phoenix_hypervisor.errors import Place, Problem

HOST_FILE = "phoenix_hypervisor_config.json"
OLDER_FILE = "hypervisor_config.json"
LXC_FILE = "phoenix_lxc_configs.json"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a folder declares, as far as it resolves; every problem, by place; what only a node can tell."""

    site: Site | None
    problems: tuple[Problem, ...] = ()
    questions: tuple[Question, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")


def find_etc(option: str | None, environ: Mapping[str, str]) -> Path:
    """The folder of the configuration: ``--etc``, else ``PHOENIX_ETC``, else the default place (spec C7)."""
    return Path(option or environ.get("PHOENIX_ETC") or DEFAULT_ETC)


def load(etc: Path, checks: Iterable[Check] = tuple(CHECKS.values())) -> Loaded:
    """The configuration in a folder. ``problems`` holds what validate reports without a node."""
    older = not os.path.lexists(etc / HOST_FILE) and os.path.lexists(etc / OLDER_FILE)
    host_path = etc / (OLDER_FILE if older else HOST_FILE)
    host_source, host, host_damage = _read_host(host_path, older=older)
    lxc_path = _lxc_path(etc, host)
    lxc_source = read_source(lxc_path, _typed(lxc_path)) if os.path.lexists(lxc_path) else None
    if host_source is None and lxc_source is None:
        return Loaded(None, (_nothing(etc),))
    lxc = _model(LxcDocument, lxc_source)
    files = tuple(source.file for source in (host_source, lxc_source) if source is not None)
    documents = Documents(
        etc,
        host or HostDocument(),
        lxc.model or LxcDocument(),
        host_source or Source(_typed(host_path), {}),
        lxc_source or Source(_typed(lxc_path), {}),
        files,
        has_host=host_source is not None,
    )
    site = resolve(documents)
    findings = list(check(View.of(site, documents, host_damage, lxc.damaged), checks))
    questions = tuple(finding for finding in findings if isinstance(finding, Question))
    problems = [
        *(host_source.problems if host_source else ()),
        *(lxc_source.problems if lxc_source else ()),
        *lxc.problems,
        *_ignored(etc, older=older),
        *(finding for finding in findings if isinstance(finding, Problem)),
        *(question.unasked for question in questions if question.unasked is not None),
    ]
    return Loaded(site, tuple(sorted(problems, key=_order)), questions)


def _read_host(path: Path, *, older: bool) -> tuple[Source | None, HostDocument | None, frozenset[Steps]]:
    """The host document in the newer shape; the problems of its model join those of its source."""
    if not os.path.lexists(path):
        return None, None, frozenset()
    return host_document(read_source(path, _typed(path)), older=older)


def host_document(source: Source, *, older: bool) -> tuple[Source, HostDocument | None, frozenset[Steps]]:
    """A host document of either shape in the newer one, with its problems, and the paths that could not be read."""
    model: type[HostDocument] = OlderDocument if older else HostDocument
    reading = _model(model, source)
    host = reading.model
    if isinstance(host, OlderDocument):
        host, moved = modernise(host)
        source = replace(source, moved=moved)
    return replace(source, problems=(*source.problems, *reading.problems)), host, reading.damaged


def _model(model: type[M], source: Source | None) -> Reading[M]:
    if source is None:
        return Reading(None)
    if source.data is None:
        return Reading(None, damaged=frozenset({()}))
    return read_model(model, source)


def _lxc_path(etc: Path, host: HostDocument | None) -> Path:
    """Beside the host document; ``core_paths`` counts at the default place only."""
    declared = host.core_paths.lxc_config_file if host else None
    return Path(declared) if declared and etc == DEFAULT_ETC else etc / LXC_FILE


def _typed(path: Path) -> str:
    """The file as a user would type it: relative to where they are, where that is shorter."""
    text = str(path)
    try:
        near = os.path.relpath(path)
    except (OSError, ValueError):
        return text
    return near if len(near) < len(text) else text


def _nothing(etc: Path) -> Problem:
    return Problem(
        "no-configuration",
        f"there is neither {HOST_FILE} (or {OLDER_FILE}) nor {LXC_FILE} here.",
        "Name the folder with --etc or PHOENIX_ETC.",
        place=Place(_typed(etc)),
    )


def _ignored(etc: Path, *, older: bool) -> list[Problem]:
    if older or not os.path.lexists(etc / OLDER_FILE):
        return []
    message = f"this file is not read, because {HOST_FILE} stands beside it."
    place = Place(_typed(etc / OLDER_FILE))
    return [Problem("field-without-effect", message, "Remove one of them.", "warning", place)]


def _order(problem: Problem) -> tuple[Place, str, str]:
    return problem.place, problem.code, problem.message
