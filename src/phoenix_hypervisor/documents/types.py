"""The types of which the documents' fields are made. A hostile value fits none of them.

Names that section 8 of the specification judges under codes of their own (host names, storage ids, snapshot names,
CTIDs) are plain strings here, and are judged by the checks.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from phoenix_hypervisor.proxmox import names

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DIGITS = re.compile(r"[0-9]{1,18}")
_T = TypeVar("_T")
_PATH_PART = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029,\"'\\`$;&|<>*?\[\]{}()!#]+")


class Model(BaseModel):
    """One object of a document: frozen, strict, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("value", "{reason}", {"reason": message})


def judged(check: Callable[[str], str | None]) -> AfterValidator:
    """A validator of one of ``proxmox.names``' checks."""

    def validate(value: str) -> str:
        if reason := check(value):
            raise _wrong(reason)
        return value

    return AfterValidator(validate)


@dataclass(frozen=True, slots=True)
class Matching:
    """A validator for text that matches the pattern as a whole; the pattern goes into the schema."""

    pattern: str
    reason: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._validate, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "pattern": f"^(?:{self.pattern})$"}

    def _validate(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text):
            raise _wrong(self.reason)
        return text


class OrString:
    """Marks a type that may stand as a string as well: the schema says so."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [handler(schema), {"type": "string"}]}


def _line(text: str) -> str | None:
    return "it must be one line without control characters" if _CONTROL.search(text) else None


def check_path(text: str) -> str | None:
    """Absolute, no ``.`` or ``..`` as a part, nothing that a shell, a property string or a mount line would read."""
    if not text.startswith("/"):
        return "it must be an absolute path"
    return _parts_fault(text)


def _parts_fault(text: str) -> str | None:
    parts = [part for part in text.split("/") if part]
    if any(part in (".", "..") for part in parts):
        return "a path must not go up or stay with . or .."
    if any(part.startswith("-") for part in parts):
        return "a part of a path must not start with a dash"
    if not all(_PATH_PART.fullmatch(part) for part in parts):
        return "it holds characters that a path here cannot have"
    return None if parts or text == "/" else "a path must not be empty"


def _script(text: str) -> str | None:
    if not text:
        return "a script needs a name"
    return _parts_fault(text)


def _share(text: str) -> str | None:
    if not text or text.startswith("-"):
        return "it must name a dataset or an absolute path"
    return _parts_fault(text)


def _network(text: str) -> str | None:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return "it does not look like a network, as 10.0.0.0/24"
    return None if "/" in text and "%" not in text else "a network needs its prefix length, as in 10.0.0.0/24"


def check_plain(text: str) -> str | None:
    return "a zone has no place here" if "%" in text else names.check_address(text)


def check_prefixed(text: str) -> str | None:
    return "a zone has no place here" if "%" in text else names.check_cidr(text)


def _client(text: str) -> str | None:
    if re.fullmatch(r"\*|@?[A-Za-z0-9*?](?:[A-Za-z0-9*?.\-]*[A-Za-z0-9*?])?", text):
        return None
    return _network(text) and check_plain(text) and "it must be an address, a network, a host name, a @netgroup or *"


def _url(text: str) -> str | None:
    fine = re.fullmatch(r"(?:https?|file)://[A-Za-z0-9._~:/?#\[\]@!&()*+,;=%\-]+", text)
    return None if fine else "it must be a URL, as https://host/file"


def number_text(value: Any) -> Any:
    """A number that stands as a string, as the number."""
    return int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value


def as_tuple(value: Any) -> Any:
    """A JSON list as a tuple; anything else stays, to be refused."""
    return tuple(value) if isinstance(value, list) else value


def words(value: Any) -> Any:
    """A string of words between spaces, commas or semicolons as a tuple; a list as one as well."""
    if isinstance(value, str):
        return tuple(part for part in re.split(r"[\s,;]+", value) if part)
    return as_tuple(value)


def number_or_text(minimum: int = 0, maximum: int | None = None) -> WithJsonSchema:
    """The schema of a number that may stand as a string."""
    number: dict[str, Any] = {"type": "integer", "minimum": minimum}
    if maximum is not None:
        number["maximum"] = maximum
    return WithJsonSchema({"anyOf": [number, {"type": "string", "pattern": "^[0-9]+$"}]})


def one_or_list(items: dict[str, Any]) -> WithJsonSchema:
    """The schema of words that stand in one string or in a list."""
    return WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": items}]})


Many = Annotated[tuple[_T, ...], BeforeValidator(as_tuple)]
Line = Annotated[str, judged(_line)]
Name = Annotated[str, Matching(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*", "a name has letters, digits, _ . and - only")]
LocaleName = Annotated[
    str, Matching(r"C\.UTF-8|[a-z]{2,3}(?:_[A-Z]{2})?\.UTF-8", "it must be a locale with UTF-8, such as en_US.UTF-8")
]
Word = Annotated[
    str,
    Matching(
        r"(?!(?:.*/)?\.\.(?:/|$))[A-Za-z0-9_./@:+~][A-Za-z0-9_./@:+~\-]*",
        "it must be one word of letters, digits and _ . / @ : + ~ -",
    ),
]
Release = Annotated[str, Matching(r"[0-9][A-Za-z0-9.+!]*", "it must be a version such as 0.11.0")]
Build = Annotated[str, Matching(r"b?[0-9]+", "it must be a build such as b8133")]
Sha256 = Annotated[str, Matching("[0-9a-fA-F]{64}", "a SHA-256 has 64 hexadecimal digits")]
UserName = Annotated[
    str,
    Matching(r"[a-z_][a-z0-9_\-]{0,31}", "a user name starts with a small letter and has small letters, digits, _ -"),
]
HostPath = Annotated[str, judged(check_path)]
ScriptName = Annotated[str, judged(_script)]
SharePath = Annotated[str, judged(_share)]
Pool = Annotated[str, judged(names.check_pool)]
DatasetName = Annotated[str, judged(names.check_dataset)]
Interface = Annotated[str, judged(names.check_interface)]
Mac = Annotated[str, judged(names.check_mac)]
Address = Annotated[str, judged(check_plain)]
AddressPrefix = Annotated[str, judged(check_prefixed)]
Network = Annotated[str, judged(_network)]
Client = Annotated[str, judged(_client)]
Url = Annotated[str, judged(_url)]
Tag = Annotated[str, judged(names.check_tag)]
Ctid = Annotated[int, BeforeValidator(number_text), number_or_text()]
Port = Annotated[int, BeforeValidator(number_text), Field(ge=1, le=65535), number_or_text(1, 65535)]
Count = Annotated[int, Field(ge=0)]
Flag = Annotated[int, Field(ge=0, le=1)]
Addresses = Annotated[tuple[Address, ...], BeforeValidator(words), one_or_list({"type": "string"})]
