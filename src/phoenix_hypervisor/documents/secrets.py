"""Secrets: where one is to be found, and never what it is (spec F6).

A reference is ``{"env": "NAME"}``, ``{"file": "path"}`` (mode 0600, relative to the configuration's folder) or
``{"credential": "name"}`` (systemd's ``$CREDENTIALS_DIRECTORY``). A literal is taken, warned about, and shown nowhere.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from phoenix_hypervisor.errors import UsageError

Origin = Literal["env", "file", "credential", "literal"]
MASK = "********"
STAND_IN = "$6$simulated$" + "x" * 86
"""What a rehearsal takes for a secret that is not given: good for what has none, and in place of none that is set."""
_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CREDENTIAL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@:\-]*")
_TEXT = re.compile(r"[^\x00-\x1f\x7f]+")
_PATTERNS = {"env": _ENV, "file": _TEXT, "credential": _CREDENTIAL}


class Secret:
    """A reference to a secret, or a literal one. Its text never shows a literal's value."""

    __slots__ = ("_reference", "origin")

    def __init__(self, origin: Origin, reference: str) -> None:
        self.origin: Origin = origin
        self._reference = reference

    @property
    def reference(self) -> str:
        """The variable, file or credential; masked for a literal."""
        return MASK if self.origin == "literal" else self._reference

    @property
    def is_unset(self) -> bool:
        """Whether it is a literal that stands for no secret, as the seeds write it."""
        return self.origin == "literal" and self._reference in ("", "NOT_SET")

    def __repr__(self) -> str:
        return f"Secret({self.origin}: {self.reference})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self.origin, self._reference) == (other.origin, other._reference)

    def __hash__(self) -> int:
        return hash((self.origin, self._reference))

    def resolve(self, environ: Mapping[str, str], folder: Path = Path()) -> str:
        """The value; UsageError, without it, when it is not to be had. ``folder`` is that of relative files."""
        if self.origin == "literal":
            return self._reference
        if self.origin == "env":
            value = environ.get(self._reference, "")
            if not value:
                raise UsageError(f"The secret's environment variable {self._reference} is not set.")
            return value
        return _read(self._path(environ, folder), private=self.origin == "file")

    def _path(self, environ: Mapping[str, str], folder: Path) -> Path:
        if self.origin == "file":
            return folder / self._reference
        directory = environ.get("CREDENTIALS_DIRECTORY")
        if not directory:
            raise UsageError(
                f"The credential {self._reference} needs $CREDENTIALS_DIRECTORY.", "Start Phoenix from a systemd unit."
            )
        return Path(directory) / self._reference

    def file_fault(self, folder: Path) -> str | None:
        """What is wrong with the file of a ``file`` secret that exists on this machine."""
        if self.origin != "file":
            return None
        try:
            return _privacy_fault((folder / self._reference).stat())
        except (OSError, ValueError):
            return None

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _secret, serialization=core_schema.plain_serializer_function_ser_schema(_serialized)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        references = [
            {
                "type": "object",
                "properties": {origin: {"type": "string", "minLength": 1}},
                "required": [origin],
                "additionalProperties": False,
            }
            for origin in _PATTERNS
        ]
        return {"anyOf": [*references, {"type": "string", "description": "The secret itself; warned about."}]}


def _secret(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    if isinstance(value, str):
        if value and not _TEXT.fullmatch(value):
            raise PydanticCustomError("value", "a secret is one line without control characters")
        return Secret("literal", value)
    if not isinstance(value, dict):
        raise PydanticCustomError("type", 'a secret is {"env": …}, {"file": …} or {"credential": …}')
    if len(value) != 1 or (origin := next(iter(value))) not in _PATTERNS:
        raise PydanticCustomError("value", "a secret names one of env, file and credential")
    reference = value[origin]
    if not isinstance(reference, str) or not _PATTERNS[origin].fullmatch(reference):
        raise PydanticCustomError("value", "this is no name that the secret can have there")
    return Secret(origin, reference)


def _serialized(secret: Secret) -> Any:
    return MASK if secret.origin == "literal" else {secret.origin: secret.reference}


def _read(path: Path, *, private: bool) -> str:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if private and (fault := _privacy_fault(status)):
                raise UsageError(f"The secret file {path} {fault}.", f"Run: chmod 600 {path}")
            value = file.read(1 << 16).decode("utf-8").rstrip("\r\n")
    except OSError as error:
        raise UsageError(f"The secret file {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"The secret file {path} is not UTF-8.") from None
    if not value:
        raise UsageError(f"The secret file {path} is empty.")
    return value


def _privacy_fault(status: os.stat_result) -> str | None:
    if not stat.S_ISREG(status.st_mode):
        return "is no regular file"
    if status.st_uid not in (0, os.geteuid()):
        return "belongs to another user"
    if status.st_mode & 0o077:
        return f"can be read by others (mode {stat.S_IMODE(status.st_mode):04o})"
    return None


def literals(value: object) -> frozenset[str]:
    """The literal secrets anywhere in a document: what must be hidden wherever it might show."""
    if isinstance(value, Secret):
        return frozenset() if value.origin != "literal" or value.is_unset else frozenset({value._reference})
    if isinstance(value, BaseModel):
        value = {name: getattr(value, name) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, tuple | list):
        return frozenset(found for item in value for found in literals(item))
    return frozenset()


def redactor(secrets: frozenset[str]) -> Callable[[str], str]:
    """A function that masks these secrets in a text, the longest first."""
    folded = {" ".join(secret.split()) for secret in secrets}  # as errors are told, in one line
    ordered = sorted((secrets | folded) - {""}, key=len, reverse=True)

    def redact(text: str) -> str:
        for secret in ordered:
            text = text.replace(secret, MASK)
        return text

    return redact
