"""A block of ours within a file of somebody else's; every byte outside it stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Self

from pydantic import model_validator

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Obstacle, Resource, Symbol, Verdict
from phoenix_hypervisor.resources.due import DueName
from phoenix_hypervisor.resources.file import Seen, content_of, difference, write
from phoenix_hypervisor.resources.paths import AbsolutePath, Mode, Owner


class Block(Resource):
    """Lines between two marks in a file, at its end where they are not there yet; ``text`` empty: none.

    ``name`` is ``PATH#TITLE``; ``file`` the path; ``comment`` the sign that begins a comment in such a file. The file
    is made, with ``mode`` and ``owner``, where it is absent; one that is there keeps its own.
    """

    kind: ClassVar[str] = "block"
    file: AbsolutePath
    text: str = ""
    comment: str = "#"
    mode: Mode = "0644"
    owner: Owner = "root"
    group: Owner = "root"
    check: tuple[str, ...] = ()
    notify: tuple[DueName, ...] = ()

    @model_validator(mode="after")
    def _is_one_block(self) -> Self:
        if set(self._marks) & set(self.text.split("\n")) or "\n" in self.name:
            raise ValueError("its lines may not hold its own marks")
        return self

    @property
    def _marks(self) -> tuple[str, str]:
        title = self.name.rpartition("#")[2]
        return f"{self.comment} BEGIN Phoenix Hypervisor: {title}", f"{self.comment} END Phoenix Hypervisor: {title}"

    def facts(self) -> Iterator[Fact[Any]]:
        yield content_of(self.file)

    def wanted(self, text: str) -> str | None:
        """The file's text with the block as declared; None where its marks make no sense."""
        begin, end = self._marks
        lines = text.splitlines(keepends=True)
        marks = [index for index, line in enumerate(lines) if line.rstrip("\n") in (begin, end)]
        found = [lines[index].rstrip("\n") for index in marks]
        if found not in ([], [begin, end]):
            return None
        body = self.text if self.text.endswith("\n") else f"{self.text}\n"
        block = f"{begin}\n{body}{end}\n" if self.text else ""
        if found:
            return "".join(lines[: marks[0]]) + block + "".join(lines[marks[1] + 1 :])
        gap = "\n" if text and block and not text.endswith("\n") else ""
        return f"{text}{gap}{block}"

    def change(self, facts: Facts) -> Iterator[Command]:
        seen = facts[content_of(self.file)]
        before = _text(seen)
        wanted = self.wanted(before)
        if wanted is None or wanted == before or (seen is not None and seen.text is None):
            return
        owner, group, mode = (self.owner, self.group, self.mode)
        if seen is not None:
            owner, group, mode = seen.owner, seen.group, seen.mode
        yield write(self.file, wanted, seen, owner=owner, group=group, mode=mode, check=self.check, notify=self.notify)

    def verdict(self, facts: Facts) -> Verdict:
        seen = facts[content_of(self.file)]
        before = _text(seen)
        wanted = self.wanted(before)
        if seen is not None and seen.text is None:
            return Verdict(obstacles=(Obstacle(f"{self.file} is a {seen.kind}, not a file", "Move it away."),))
        if wanted is None:
            reason = f"the marks of Phoenix in {self.file} are no pair"
            return Verdict(obstacles=(Obstacle(reason, f"Remove the lines {' and '.join(map(repr, self._marks))}."),))
        there = self._marks[0] in before
        symbol = Symbol.REMOVE if not self.text else Symbol.CHANGE if there else Symbol.ADD
        return Verdict(symbol, "its lines differ" if there else "not there yet", difference(self.file, before, wanted))

    def __str__(self) -> str:
        return self.name.replace("#", ": ")


def _text(seen: Seen | None) -> str:
    return (seen.text or "") if seen is not None else ""
