"""A document's text as values that know where they stand.

JSON, plus ``//`` and ``/* */`` comments and trailing commas. Nothing that stands in a file makes this raise: what
cannot be read is a Problem with line and column.
"""

from __future__ import annotations

import stat
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from phoenix_hypervisor.config.reader import Offsets, Reader, Stop
from phoenix_hypervisor.config.texts import kind
from phoenix_hypervisor.errors import Place, Problem, Severity

SIZE_LIMIT = 64 << 20
"""Bytes; a longer file is no configuration."""

Steps = tuple[str | int, ...]
"""The way to a value: keys and list indices from the top."""


@dataclass(frozen=True)
class Source:
    """One document: its data (None when it could not be read), and the place of everything in it."""

    file: str
    data: dict[str, Any] | None = field(default=None, repr=False)
    problems: tuple[Problem, ...] = ()
    offsets: Offsets = field(default_factory=dict, repr=False)
    line_starts: tuple[int, ...] = field(default=(0,), repr=False)
    moved: Mapping[Steps, Steps] = field(default_factory=dict, repr=False)
    """Where something stands that is known under another path, as the older shape's fields are."""

    def locate(self, steps: Steps) -> Steps:
        """The path under which ``steps`` really stands: itself, or moved, or the nearest that stands above it."""
        for length in range(len(steps), 0, -1):
            if (original := self.moved.get(steps[:length])) is not None:
                steps = original + steps[length:]
                break
        while steps and steps not in self.offsets:
            steps = steps[:-1]
        return steps

    def place(self, steps: Steps, *, key: bool = False) -> Place:
        """The place of the value at ``steps`` (of its key, when asked for), or of the nearest that stands above it."""
        found = self.locate(steps)
        if not found and not self.offsets.get(()):
            return Place(self.file)
        at_key, at_value = self.offsets[found]
        return self._place(at_key if key or len(found) < len(steps) else at_value)

    def _place(self, offset: int) -> Place:
        line = bisect_right(self.line_starts, offset)
        return Place(self.file, line, offset - self.line_starts[line - 1] + 1)

    def problem(
        self,
        code: str,
        message: str,
        steps: Steps = (),
        *,
        hint: str = "",
        severity: Severity = "error",
        key: bool = False,
    ) -> Problem:
        """A problem with what stands at ``steps``."""
        found = self.locate(steps)
        path = found if len(found) >= len(steps) else steps
        return Problem(code, message, hint, severity, self.place(steps, key=key), ".".join(map(str, path)))


def read_source(path: Path, name: str) -> Source:
    """The file at ``path``, which problems call ``name``."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            what = "a directory" if stat.S_ISDIR(status.st_mode) else "no regular file"
            return _unreadable(name, f"this is {what}, not a configuration file.")
        if status.st_size > SIZE_LIMIT:
            return _unreadable(name, f"the file has more than {SIZE_LIMIT >> 20} MiB; that is no configuration.")
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return _unreadable(name, f"the file cannot be read: {reason}.")
    return parse_source(data, name)


def parse_source(content: bytes | str, name: str) -> Source:
    """A document's bytes or text."""
    if isinstance(content, bytes):
        for mark, encoding in ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"), (b"\x00\x00\xfe\xff", "UTF-32")):
            if content.startswith(mark):
                return _unreadable(name, f"the file is {encoding}.", "Save it as UTF-8.")
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            return _undecodable(name, content, error)
    else:
        text = content
    return _parse(text.removeprefix("\ufeff"), name)


def _parse(text: str, name: str) -> Source:
    reader = Reader(text)
    stopped: Stop | None = None
    data: Any = None
    try:
        data = reader.document()
    except Stop as stop:
        stopped = stop
    starts = (0, *(index + 1 for index, character in enumerate(text) if character == "\n"))
    source = Source(name, None, (), reader.offsets, starts)
    faults = [*reader.faults, *((stopped.fault,) if stopped else ())]
    problems = [
        Problem(fault.code, fault.message, fault.hint, "error", source._place(fault.offset), fault.path)
        for fault in faults
    ]
    if stopped is None and not isinstance(data, dict):
        problems.append(source.problem("type", f"the document must be an object, not {kind(data)}."))
    usable = data if stopped is None and isinstance(data, dict) else None
    return Source(name, usable, tuple(problems), reader.offsets, starts)


def _unreadable(name: str, message: str, hint: str = "") -> Source:
    return Source(name, problems=(Problem("syntax", message, hint, place=Place(name)),))


def _undecodable(name: str, content: bytes, error: UnicodeDecodeError) -> Source:
    before = content[: error.start].decode("utf-8").removeprefix("\ufeff")
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    message = f"the byte 0x{content[error.start]:02x} is not UTF-8."
    return Source(
        name, problems=(Problem("syntax", message, "Save the file as UTF-8.", place=Place(name, line, column)),)
    )
