"""A document's data as its model, and pydantic's errors as Problems at their places.

What is wrong is told and taken out, so that the rest can still be read and checked: ``damaged`` says what was lost.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from phoenix_hypervisor.config.source import Source, Steps
from phoenix_hypervisor.config.texts import did_you_mean, kind, shown
from phoenix_hypervisor.errors import Problem

M = TypeVar("M", bound=BaseModel)
SECRET_FIELDS = frozenset({"password", "password_hash"})
_ROUNDS = 8
_EXPECTED = {
    "string": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "tuple": "a list",
    "list": "a list",
    "dict": "an object",
    "model": "an object",
    "mapping": "an object",
}


@dataclass(frozen=True)
class Reading(Generic[M]):
    """A document as its model (None when nothing of it could be read), what is wrong, and the paths that were lost."""

    model: M | None
    problems: tuple[Problem, ...] = ()
    damaged: frozenset[Steps] = frozenset()


def read_model(model: type[M], source: Source) -> Reading[M]:
    """The source's data as the model. Never raises."""
    problems: list[Problem] = []
    damaged: set[Steps] = set()
    data: Any = source.data
    for attempt in range(_ROUNDS):
        try:
            return Reading(model.model_validate(data), tuple(problems), frozenset(damaged))
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=True)
        if attempt == 0:
            problems.extend(problems_of(model, source, details))
            data = copy.deepcopy(data)
        for steps, detail in [(_steps(data, each["loc"]), each) for each in details]:
            if detail["type"] != "extra_forbidden":
                damaged.add(steps)
            _take_out(data, steps[:-1] if detail["type"] == "missing" or attempt else steps)
    return Reading(None, tuple(problems), frozenset({*damaged, ()}))


def problems_of(model: type[BaseModel], source: Source, details: Iterable[ErrorDetails]) -> Iterator[Problem]:
    """What pydantic says of the source's data, in our words; of the alternatives of one value the first."""
    told: set[Steps] = set()
    for detail in details:
        steps = _steps(source.data, detail["loc"])
        is_alternative = _expected(detail["type"]) is not None
        if not (is_alternative and steps in told):
            yield _problem(model, source, steps, detail)
        told |= {steps} if is_alternative else set()


def _steps(data: Any, location: tuple[str | int, ...]) -> Steps:
    """The location without the names of union members, which pydantic puts between."""
    steps: list[str | int] = []
    for index, step in enumerate(location):
        if isinstance(data, dict):
            text = step if step in data else str(step)
            if text in data or index == len(location) - 1:
                steps.append(text)
                data = data.get(text)
        elif isinstance(data, list) and isinstance(step, int) and 0 <= step < len(data):
            steps.append(step)
            data = data[step]
    return tuple(steps)


def _take_out(data: Any, steps: Steps) -> None:
    """Removes the value at ``steps``, or the nearest above it that has a key."""
    while steps and not isinstance(steps[-1], str):
        steps = steps[:-1]
    if not steps:
        if isinstance(data, dict):
            data.clear()
        return
    for step in steps[:-1]:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return
    data.pop(steps[-1], None)


def _problem(model: type[BaseModel], source: Source, steps: Steps, detail: ErrorDetails) -> Problem:
    error = detail["type"]
    name = _named(steps)
    if error == "extra_forbidden":
        hint = did_you_mean(str(steps[-1]), _fields(model, steps[:-1])) if steps else ""
        return source.problem("unknown-field", f"there is no field {name} here.", steps, hint=hint, key=True)
    if error == "missing":
        where = f" in {_named(steps[:-1])}" if len(steps) > 1 else ""
        return source.problem("missing-field", f"the field {name} is missing{where}.", steps, key=True)
    hidden = bool(SECRET_FIELDS.intersection(steps))
    if (expected := _expected(error)) is not None:
        return source.problem("type", f"{name} must be {expected}, not {kind(detail['input'])}.", steps)
    reason = _reason(detail)
    code = error if error in ("type", "alias-conflict") else "value"
    value = (
        ""
        if hidden or code == "type" or isinstance(detail["input"], dict | list | tuple)
        else f" {shown(detail['input'])}"
    )
    if not steps:
        return source.problem(code, f"{reason}.")
    return source.problem(code, f"{name} cannot be{value}: {reason}." if value else f"{name}: {reason}.", steps)


def _named(steps: Steps) -> str:
    """The last key with the indices behind it: ``"disks"[0]``."""
    indices = ""
    for step in reversed(steps):
        if isinstance(step, str):
            return shown(step) + indices
        indices = f"[{step}]" + indices
    return "the document"


def _expected(error: str) -> str | None:
    if not error.endswith("_type"):
        return None
    return _EXPECTED.get(error.removesuffix("_type"))


def _reason(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "greater_than_equal":
            return f"it must be at least {context['ge']}"
        case "greater_than":
            return f"it must be more than {context['gt']}"
        case "less_than_equal":
            return f"it must be at most {context['le']}"
        case "literal_error":
            return f"it must be {str(context['expected']).replace(chr(39), chr(34))}"
        case _:
            return detail["msg"][:1].lower() + detail["msg"][1:].rstrip(".")


def _fields(model: type[BaseModel], steps: Steps) -> list[str]:
    """The names of the fields that the object at ``steps`` may have."""
    for step in steps:
        model = _below(model, step)
    return list(_names(model))


def _names(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield field.alias or name


def _below(model: type[BaseModel], step: str | int) -> type[BaseModel]:
    for name, field in model.model_fields.items():
        if step in (name, field.alias):
            return _inner(field.annotation) or model
    extra = model.__annotations__.get("__pydantic_extra__")
    if extra and isinstance(step, str):
        from phoenix_hypervisor.documents.host import SharedVolume

        return SharedVolume
    return model


def _inner(annotation: Any) -> type[BaseModel] | None:
    """The first model inside a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        if (found := _inner(argument)) is not None:
            return found
    return None
