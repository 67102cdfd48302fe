"""The manifest of a feature of one's own, and the slice that it describes (spec S4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, create_model, model_validator
from pydantic_core import PydanticCustomError

from phoenix_hypervisor.documents.types import Line, Matching, Model
from phoenix_hypervisor.resource import Slice


def _field_name(text: str) -> str:
    if hasattr(Slice, text):
        raise PydanticCustomError("value", "it cannot be the name of a field; take another")
    return text


def _regular(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise PydanticCustomError("value", "it is no regular expression: {why}", {"why": str(error)}) from None
    return text


def _inside_only(scope: str) -> str:
    if scope != "container":
        reason = "a feature of one's own works in containers only; what the node needs a set-up script can do"
        raise PydanticCustomError("value", "{reason}", {"reason": reason})
    return scope


FeatureName = Annotated[
    str, Matching("[a-z][a-z0-9_]{0,47}", "a feature's name is up to 48 of a-z, 0-9 and _, a letter first")
]
FieldName = Annotated[
    str,
    Matching("[a-z][a-z0-9_]{0,47}", "a field's name is up to 48 of a-z, 0-9 and _, a letter first"),
    AfterValidator(_field_name),
]
FileName = Annotated[
    str, Matching(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,99}", "it must be the name of a file beside the manifest")
]
EntryPath = Annotated[
    str,
    Matching(
        r"container(?:\.[A-Za-z0-9_]+)+", "it must be a field of the container's entry, as container.network_config.ip"
    ),
]


class Property(Model):
    """One field of the slice: the part of JSON Schema that is judged."""

    type: Literal["string", "integer", "number", "boolean", "array", "object"]
    description: Line | None = None
    default: Any = None
    enum: list[str | int] | None = None
    minimum: float | int | None = None
    maximum: float | int | None = None
    pattern: Annotated[str, AfterValidator(_regular)] | None = None
    items: Property | None = None

    @model_validator(mode="after")
    def _default_fits(self) -> Self:
        if self.default is not None:
            try:
                TypeAdapter(self.annotation()).validate_python(self.default, strict=True)
            except ValidationError:
                raise PydanticCustomError("value", "its default is none of its values") from None
        return self

    def annotation(self) -> Any:
        """The type that judges a value of it."""
        return Annotated[self._plain(), Field(description=self.description), *self._limits()]

    def _plain(self) -> Any:
        if self.enum:
            return Literal[tuple(self.enum)]
        if self.type == "array":
            return list[self.items.annotation()] if self.items else list[Any]  # type: ignore[misc]
        return _TYPES[self.type]

    def _limits(self) -> Iterator[Any]:
        if self.type in ("integer", "number"):
            yield Field(ge=self.minimum, le=self.maximum)
        if self.type == "string" and self.pattern is not None:
            yield AfterValidator(_matching(self.pattern))
            yield Field(json_schema_extra={"pattern": self.pattern})


_TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": float | int,
    "boolean": bool,
    "object": dict[str, Any],
}


def _matching(pattern: str) -> Any:
    def judge(text: str) -> str:
        if not re.search(pattern, text):
            raise PydanticCustomError("value", "it must match {pattern}", {"pattern": pattern})
        return text

    return judge


class Schema(Model):
    """The slice of a feature: its fields, and which of them have to be there."""

    dialect: Line | None = Field(None, alias="$schema")
    type: Literal["object"] = "object"
    properties: dict[FieldName, Property] = Field(default_factory=dict)
    required: list[FieldName] = Field(default_factory=list)
    additional: Literal[False] = Field(False, alias="additionalProperties")

    @model_validator(mode="after")
    def _required_are_there(self) -> Self:
        for name in self.required:
            if name not in self.properties:
                raise PydanticCustomError("value", "{name} is required and no property", {"name": name})
        return self


class Manifest(Model):
    """What is said of a feature of one's own, beside its executable."""

    name: FeatureName
    summary: Line
    scope: Annotated[Literal["container", "host"], AfterValidator(_inside_only)] = "container"
    executable: FileName
    schema_: Schema = Field(default_factory=Schema, alias="schema")
    sources: dict[FieldName, EntryPath] = Field(default_factory=dict)
    needs_names: bool = False


def slice_model(manifest: Manifest) -> type[Slice]:
    """The slice: the fields of the schema, and those that only have a source."""
    fields: dict[str, Any] = dict.fromkeys(manifest.sources, (Any, None))
    for name, declared in manifest.schema_.properties.items():
        annotation = declared.annotation()
        required = name in manifest.schema_.required
        fields[name] = (annotation, ...) if required else (annotation | None, declared.default)
    title = "".join(part.capitalize() for part in manifest.name.split("_"))
    model: type[Slice] = create_model(title, __base__=Slice, __doc__="What its manifest describes.", **fields)
    return model
