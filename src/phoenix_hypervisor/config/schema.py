"""The JSON Schemas of the documents, made of their models (spec F2)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from phoenix_hypervisor.documents import HostDocument, LxcDocument, OlderDocument
from phoenix_hypervisor.documents.types import Model

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FILES: dict[str, tuple[type[Model], str]] = {
    "host": (HostDocument, "phoenix_hypervisor_config"),
    "lxc": (LxcDocument, "phoenix_lxc_configs"),
    "older": (OlderDocument, "hypervisor_config"),
}
"""Word on the command line to model and name of the document."""


def schema(document: str) -> dict[str, Any]:
    """The JSON Schema of ``host``, ``lxc`` or ``older``."""
    model, name = FILES[document]
    generated = _tidy(model.model_json_schema())
    return {"$schema": DIALECT, "title": f"{name}.json", **generated}


def render(document: str) -> str:
    """The schema's text, as it is checked in."""
    return json.dumps(schema(document), indent=2, ensure_ascii=False) + "\n"


def write(folder: Path) -> list[Path]:
    """All schemas into a folder, which is made where it is absent; returns their files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for document, (_, name) in FILES.items():
        path = folder / f"{name}.schema.json"
        path.write_text(render(document), encoding="utf-8")
        written.append(path)
    return written


def _tidy(node: Any, *, names: bool = False) -> Any:
    """Without the titles and defaults that pydantic makes up; ``names``: the keys are fields, not keywords."""
    if isinstance(node, list):
        return [_tidy(each) for each in node]
    if not isinstance(node, dict):
        return node
    made_up = () if names else ("title", "default")
    tidy = {
        key: _tidy(value, names=key in ("properties", "$defs") and not names)
        for key, value in node.items()
        if key not in made_up
    }
    return tidy if names else _nullable(tidy)


def _nullable(node: dict[str, Any]) -> dict[str, Any]:
    """``anyOf`` a plain type and null as one type that may be null."""
    plain, *others = node.get("anyOf", [None])
    if others != [{"type": "null"}] or not isinstance(plain.get("type"), str):
        return node
    enum = {"enum": [*plain["enum"], None]} if "enum" in plain else {}
    around = {key: value for key, value in node.items() if key != "anyOf"}
    return {**plain, **around, "type": [plain["type"], "null"], **enum}
