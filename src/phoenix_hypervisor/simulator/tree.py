"""One file system's content as a value that is cheap to copy."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["file", "directory", "link", "device"]

_LETTERS: dict[Kind, str] = {"file": "f", "directory": "d", "link": "l", "device": "n"}
_KINDS: dict[str, Kind] = {letter: kind for kind, letter in _LETTERS.items()}
_LONG = 64


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, directory, symbolic link or device node.

    ``data`` is the file's text, the link's target, or the device's type and numbers (``c 10 229``). Bytes that are not
    UTF-8 are surrogates, as of ``surrogateescape``.
    """

    kind: Kind
    data: str = ""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    mtime: float = 0.0

    @property
    def size(self) -> int:
        """The bytes of a file's text or a link's target."""
        return len(self.data.encode("utf-8", "surrogateescape"))


ROOT = Entry("directory", mode=0o755)


class Tree(dict[str, Entry]):
    """One file system's own content by absolute path inside it: ``/``, ``/etc/hostname``.

    Entries are immutable, so ``copy`` is a snapshot that shares them all.
    """

    def __init__(self, entries: Mapping[str, Entry] | None = None) -> None:
        super().__init__(entries or {})
        self.setdefault("/", ROOT)

    def copy(self) -> Tree:
        """A snapshot."""
        return Tree(self)

    def put(self, path: str, entry: Entry) -> None:
        """Set an entry; the folders above it are made as root's, 0755, where they are missing."""
        parent = path.rpartition("/")[0]
        while parent and parent not in self:
            self[parent] = ROOT
            parent = parent.rpartition("/")[0]
        self[path] = entry

    def children(self, path: str) -> list[str]:
        """The names in a folder, unsorted."""
        prefix = path if path == "/" else f"{path}/"
        start = len(prefix)
        return [key[start:] for key in self if key.startswith(prefix) and key.find("/", start) < 0 and key != "/"]

    def below(self, path: str) -> list[str]:
        """The paths under a folder, at any depth, without itself."""
        prefix = path if path == "/" else f"{path}/"
        return [key for key in self if key.startswith(prefix) and key != "/"]

    def to_json(self, texts: dict[str, str] | None = None) -> dict[str, list[Any]]:
        """Each path with ``[kind, data, mode, uid, gid, mtime]``.

        Given a table of texts, long texts are put there once, by their digest, and named by it.
        """
        return {path: _entry_to_json(entry, texts) for path, entry in self.items()}

    @classmethod
    def from_json(cls, value: Mapping[str, Iterable[Any]], texts: Mapping[str, str] | None = None) -> Tree:
        """The tree that ``to_json`` wrote. Raises ValueError where it is something else."""
        try:
            return cls({path: _entry_from_json(list(fields), texts or {}) for path, fields in value.items()})
        except (TypeError, KeyError, AttributeError) as wrong:
            raise ValueError(f"not a tree of files: {wrong}") from wrong


def _entry_to_json(entry: Entry, texts: dict[str, str] | None) -> list[Any]:
    data: str | dict[str, str] = entry.data
    if texts is not None and len(entry.data) > _LONG:
        digest = hashlib.sha256(entry.data.encode("utf-8", "surrogateescape")).hexdigest()[:24]
        texts[digest] = entry.data
        data = {"text": digest}
    return [_LETTERS[entry.kind], data, entry.mode, entry.uid, entry.gid, entry.mtime]


def _entry_from_json(fields: list[Any], texts: Mapping[str, str]) -> Entry:
    letter, data, mode, uid, gid, mtime = fields
    if isinstance(data, dict):
        data = texts[data["text"]]
    numbers = all(isinstance(number, int) for number in (mode, uid, gid))
    if not (isinstance(data, str) and numbers and isinstance(mtime, int | float)):
        raise ValueError(f"not a file: {fields!r}")
    return Entry(_KINDS[letter], data, mode, uid, gid, float(mtime))
