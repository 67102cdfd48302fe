"""Commands that misbehave on demand: which ones, how, how often.

A fault is looked for wherever a program is started: on the node or in a container, by the node itself, by a script or
by another program. Programs of a shell's own (``echo``, ``test``) are no programs. A script that is called by its path
is one program, known by that path.

A *top* fault sees only the commands that ``Node.start`` makes and ``Node.execute`` runs, in the order in which they
begin: what comes over a transport, and what is run by hand. Looks that a transport packs into one script are one such
command, ``sh -s -- FOLDER``; the commands in it are seen by faults that are not top. So
``Fault(kind, times=1, skip=n, top=True)`` is the command with n before it, whatever its words, counted from the moment
of planting. A sweep over all commands is through when the fault that it planted is still there after the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.process import Process, Run

SECONDS = 0.05
"""What a command costs that does nothing."""
HANGING = 3600.0
"""The pauses of a command that never comes back."""
FAILED, KILLED = 255, 137
GARBAGE = '\x7fELF {"]: nothing that was asked for\n'


class Kind(StrEnum):
    """How a command misbehaves."""

    FAIL = "fail"
    """Exits non-zero with a text, having done nothing."""
    HANG = "hang"
    """Never comes back, having done nothing."""
    SILENT = "silent"
    """Exits 0 without output, having done nothing."""
    GARBAGE = "garbage"
    """Exits 0 with rubbish on standard output, having done nothing."""
    DIE = "die"
    """Is killed amid one of its pauses; what it did and wrote so far stays."""
    LATE = "late"
    """Does everything, then exits non-zero with a text."""

    @property
    def tells(self) -> bool:
        """Whether it writes a text."""
        return self in (Kind.FAIL, Kind.GARBAGE, Kind.LATE)


@dataclass(frozen=True, slots=True)
class Fault:
    """A command that misbehaves: one whose argv begins with ``words``, each a word or a glob pattern.

    A first word without a slash means the program's name, in whatever folder it was called. ``skip``: so many matching
    calls are honest before. ``times``: how many misbehave; None for all. ``pauses``: a dying command lives through so
    many of its pauses, and one that has no more than those lives.
    Raises ValueError for numbers that count nothing.
    """

    kind: Kind
    words: tuple[str, ...] = ()
    times: int | None = None
    skip: int = 0
    pauses: int = 1
    text: str = ""
    top: bool = False

    def __post_init__(self) -> None:
        if (self.times is not None and self.times < 1) or self.skip < 0 or self.pauses < 0:
            raise ValueError(f"{self}: times are 1 or more, skip and pauses 0 or more")

    def matches(self, argv: Sequence[str], top: bool) -> bool:
        if (self.top and not top) or len(argv) < len(self.words):
            return False
        given = [argv[0] if self.words and "/" in self.words[0] else argv[0].rpartition("/")[2], *argv[1:]]
        return all(word == one or fnmatchcase(one, word) for word, one in zip(self.words, given, strict=False))

    def run(self, process: Process, honest: Run) -> Run:
        """Run a process in this way instead of as its program would."""
        name = process.argv[0]
        if self.kind is Kind.DIE:
            return (yield from _dying(honest, self.pauses))
        if self.kind is Kind.LATE:
            rc = (yield from honest) or FAILED
        else:
            yield SECONDS
            rc = FAILED if self.kind is Kind.FAIL else 0
        while self.kind is Kind.HANG:
            yield HANGING
        if self.kind is Kind.GARBAGE:
            process.say(self.text or GARBAGE)
        elif rc:
            process.complain((self.text or f"{name}: failed as told").removesuffix("\n") + "\n")
        return rc


def _dying(run: Run, pauses: int) -> Run:
    for number in range(pauses + 1):
        try:
            seconds = next(run)
        except StopIteration as end:
            return int(end.value)
        yield seconds if number < pauses else seconds / 2
    run.close()
    return KILLED


class Faults:
    """The faults of a node, in the order of planting, each as what is left of it; one that is used up is gone."""

    def __init__(self, planted: Iterable[Fault] = ()) -> None:
        self._planted = list(planted)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._planted)

    def __len__(self) -> int:
        return len(self._planted)

    def add(self, fault: Fault) -> None:
        """Plant a fault behind those that are there."""
        self._planted.append(fault)

    def clear(self) -> None:
        """Take all of them away."""
        self._planted.clear()

    def take(self, argv: Sequence[str], top: bool) -> Fault | None:
        """The fault that a call runs into, the first of those that are due; every one that matches counts the call."""
        taken: Fault | None = None
        left: list[Fault] = []
        for fault in self._planted:
            if not fault.matches(argv, top):
                left.append(fault)
            elif fault.skip:
                left.append(replace(fault, skip=fault.skip - 1))
            elif taken is not None:
                left.append(fault)
            else:
                taken = fault
                if fault.times is None:
                    left.append(fault)
                elif fault.times > 1:
                    left.append(replace(fault, times=fault.times - 1))
        self._planted = left
        return taken

    def to_json(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._planted]

    @classmethod
    def from_json(cls, values: Iterable[dict[str, Any]]) -> Faults:
        """Raises TypeError, KeyError or ValueError for what is none."""
        return cls(Fault(**{**one, "kind": Kind(one["kind"]), "words": tuple(one["words"])}) for one in values)
