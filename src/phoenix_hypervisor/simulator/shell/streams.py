"""What a shell's file descriptors stand for."""

from __future__ import annotations

from collections.abc import Callable

from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.process import Process


class Sink:
    """Takes output and keeps it in a list, which programs may append to directly."""

    def __init__(self, pieces: list[str] | None = None) -> None:
        self.pieces: list[str] = [] if pieces is None else pieces

    def write(self, text: str) -> None:
        self.pieces.append(text)

    def flush(self) -> None:
        """Bring what was appended to where it belongs."""

    def text(self) -> str:
        return "".join(self.pieces)


class FileSink(Sink):
    """Appends to a file."""

    def __init__(self, files: Filesystem, path: str) -> None:
        super().__init__()
        self._files = files
        self._path = path

    def write(self, text: str) -> None:
        self.pieces.append(text)
        self.flush()

    def flush(self) -> None:
        if text := self.text():
            self.pieces.clear()
            self._files.write(self._path, text, append=True)


class Closed(Sink):
    """Loses everything."""

    def flush(self) -> None:
        self.pieces.clear()


class Source:
    """Gives input; what one reader took, the next does not see."""

    def __init__(self, load: Callable[[], str]) -> None:
        self._load: Callable[[], str] | None = load
        self._text = ""
        self._position = 0

    def _loaded(self) -> str:
        if self._load is not None:
            self._text, self._load = self._load(), None
        return self._text

    def take(self) -> str:
        """All that is left."""
        rest = self._loaded()[self._position :]
        self._position = len(self._text)
        return rest

    def line(self) -> str:
        """The next line with its end; empty at the end of the input."""
        text = self._loaded()
        end = text.find("\n", self._position) + 1 or len(text)
        line = text[self._position : end]
        self._position = end
        return line


Stream = Sink | Source


class Child(Process):
    """A process whose standard input is taken from the shell's when it is first looked at."""

    source: Source
    _taken: str | None = None

    @property
    def stdin(self) -> str:
        if self._taken is None:
            self._taken = self.source.take()
        return self._taken

    @stdin.setter
    def stdin(self, text: str) -> None:
        self._taken = text or None
