"""find."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from phoenix_hypervisor.simulator.coreutils.common import SECONDS, Fault, absolute
from phoenix_hypervisor.simulator.coreutils.looking import KINDS
from phoenix_hypervisor.simulator.filesystem import Entry
from phoenix_hypervisor.simulator.process import Process, Program, Run, execute
from phoenix_hypervisor.simulator.shell.pattern import matches

_WITH_VALUE = (
    "-name",
    "-iname",
    "-path",
    "-wholename",
    "-type",
    "-perm",
    "-newer",
    "-size",
    "-user",
    "-group",
    "-mtime",
)
_ACTIONS = ("-print", "-print0", "-delete", "-prune", "-quit", "-true", "-false", "-empty")


@dataclass(frozen=True)
class _Found:
    """A file, as it is shown, where it is, and what it is."""

    shown: str
    path: str
    entry: Entry
    depth: int


@dataclass
class _Search:
    process: Process
    words: list[str]
    least: int = 0
    most: int = 1 << 30
    acts: bool = False
    depth_first: bool = False
    pruned: set[str] = field(default_factory=set)
    batches: dict[tuple[str, ...], list[str]] = field(default_factory=dict)


Truth = Generator[float, None, bool]


class _Expression:
    """Evaluates the expression for one file; a part that does not count any more is read over."""

    def __init__(self, search: _Search, found: _Found) -> None:
        self._search = search
        self._found = found
        self._words = search.words
        self._position = 0

    def _peek(self) -> str:
        return self._words[self._position] if self._position < len(self._words) else ""

    def _take(self) -> str:
        word = self._peek()
        self._position += 1
        return word

    def holds(self) -> Truth:
        value = yield from self._either(True) if self._words else _true()
        if self._position < len(self._words):
            raise Fault(f"paths must precede expression: `{self._peek()}'")
        return value

    def _either(self, active: bool) -> Truth:
        value = yield from self._both(active)
        while self._peek() in ("-o", "-or"):
            self._position += 1
            other = yield from self._both(active and not value)
            value = value or other
        return value

    def _both(self, active: bool) -> Truth:
        value = yield from self._one(active)
        while self._peek() and self._peek() not in ("-o", "-or", ")"):
            if self._peek() in ("-a", "-and"):
                self._position += 1
            other = yield from self._one(active and value)
            value = value and other
        return value

    def _one(self, active: bool) -> Truth:
        word = self._take()
        if word in ("!", "-not"):
            return not (yield from self._one(active))
        if word == "(":
            value = yield from self._either(active)
            if self._take() != ")":
                raise Fault("invalid expression; expected to find a ')' but didn't see one.")
            return value
        if word in ("-exec", "-ok"):
            return (yield from self._execute(active))
        if word in _WITH_VALUE:
            if self._position >= len(self._words):
                raise Fault(f"missing argument to `{word}'")
            return self._test(word, self._take())
        if word in _ACTIONS:
            return self._act(word) if active else True
        if word.startswith("-"):
            raise Fault(f"unknown predicate `{word}'")
        raise Fault(f"paths must precede expression: `{word}'")

    def _test(self, word: str, value: str) -> bool:
        entry, name = self._found.entry, self._found.shown.rstrip("/").rpartition("/")[2] or self._found.shown
        if word == "-name":
            return matches(value, name)
        if word == "-iname":
            return matches(value.lower(), name.lower())
        if word in ("-path", "-wholename"):
            return matches(value, self._found.shown)
        if word == "-type":
            return _letter(entry) in value.split(",")
        if word == "-perm":
            wanted = int(value.lstrip("-/") or "0", 8) if re.fullmatch(r"[-/]?[0-7]+", value) else 0
            mode = entry.mode & 0o7777
            return (
                mode & wanted == wanted
                if value[:1] == "-"
                else bool(mode & wanted)
                if value[:1] == "/"
                else mode == wanted
            )
        if word == "-newer":
            other = self._search.process.files.stat(absolute(self._search.process, value))
            return other is not None and entry.mtime > other.mtime
        if word in ("-user", "-group"):
            number = entry.uid if word == "-user" else entry.gid
            return value in (str(number), "root" if not number else "")
        if word == "-size":
            return _compared(-(-entry.size // {"c": 1, "k": 1024, "M": 1 << 20}.get(value[-1:], 512)), value)
        return _compared(int((self._search.process.machine.clock - entry.mtime) // 86400), value)

    def _act(self, word: str) -> bool:
        search, found = self._search, self._found
        if word in ("-print", "-print0"):
            search.process.say(found.shown + ("\n" if word == "-print" else "\0"))
        elif word == "-delete":
            try:
                search.process.files.remove(found.path)
            except OSError as wrong:
                search.process.complain(f"find: cannot delete '{found.shown}': {wrong.strerror}\n")
                return False
        elif word == "-prune":
            search.pruned.add(found.path)
        elif word == "-empty":
            if found.entry.kind == "directory":
                return not search.process.files.list(found.path)
            return found.entry.kind == "file" and not found.entry.data
        return word != "-false"

    def _execute(self, active: bool) -> Truth:
        words: list[str] = []
        while self._peek() not in (";", "+") and self._peek():
            words.append(self._take())
        end = self._take()
        if not end or not words:
            raise Fault("missing argument to `-exec'")
        if not active:
            return True
        if end == "+":
            self._search.batches.setdefault(tuple(words[:-1]), []).append(self._found.shown)
            return True
        argv = [word.replace("{}", self._found.shown) for word in words]
        return not (yield from _child(self._search.process, argv))


def _true() -> Truth:
    yield from ()
    return True


def _letter(entry: Entry) -> str:
    if entry.kind == "device":
        return entry.data[:1]
    return {"directory": "d", "symbolic link": "l"}.get(KINDS.get(entry.kind, ""), "f")


def _compared(number: int, text: str) -> bool:
    wanted = int(re.sub(r"[^0-9]", "", text) or 0)
    return number > wanted if text[:1] == "+" else number < wanted if text[:1] == "-" else number == wanted


def _child(process: Process, argv: list[str]) -> Run:
    child = process.child(argv)
    child.out, child.err = process.out, process.err
    status = yield from execute(child)
    if status == 127:
        process.complain(f"find: '{argv[0]}': No such file or directory\n")
    return status


def _walk(search: _Search, shown: str, path: str, depth: int = 0) -> Iterator[_Found]:
    entry = search.process.files.stat(path, follow=False)
    if entry is None:
        return
    here = _Found(shown, path, entry, depth)
    if not search.depth_first and depth >= search.least:
        yield here
    if entry.kind == "directory" and depth < search.most and path not in search.pruned:
        for name in search.process.files.list(path):
            yield from _walk(search, f"{shown.rstrip('/')}/{name}", f"{path.rstrip('/')}/{name}", depth + 1)
    if search.depth_first and depth >= search.least:
        yield here


def _prepared(process: Process, words: list[str]) -> _Search:
    search = _Search(process, [])
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in ("-maxdepth", "-mindepth"):
            if not rest or not rest[0].isdecimal():
                raise Fault(f"Expected a positive decimal integer argument to {word}, but got '{' '.join(rest[:1])}'")
            number = int(rest.pop(0))
            search.most, search.least = (number, search.least) if word == "-maxdepth" else (search.most, number)
        elif word in ("-depth", "-d"):
            search.depth_first = True
        elif word not in ("-xdev", "-mount", "-ignore_readdir_race"):
            search.words.append(word)
            search.depth_first = search.depth_first or word == "-delete"
    search.acts = any(word in ("-print", "-print0", "-delete", "-exec", "-ok", "-quit") for word in search.words)
    return search


def _find(process: Process, /) -> Run:
    yield SECONDS["find"]
    words = [word for word in process.argv[1:] if word not in ("-H", "-L", "-P")]
    count = next((i for i, word in enumerate(words) if word.startswith("-") or word in ("(", "!")), len(words))
    places, status = words[:count] or ["."], 0
    try:
        search = _prepared(process, words[count:])
        for place in places:
            path = absolute(process, place)
            if process.files.stat(path, follow=False) is None:
                process.complain(f"find: '{place}': No such file or directory\n")
                status = 1
            for found in _walk(search, place, path):
                holds = yield from _Expression(search, found).holds()
                if holds and not search.acts:
                    process.say(f"{found.shown}\n")
        for command, names in search.batches.items():
            status |= yield from _child(process, [*command, *names])
    except Fault as fault:
        process.complain(f"find: {fault}\n")
        return fault.status
    return status


PROGRAMS: dict[str, Program] = {"find": _find}
