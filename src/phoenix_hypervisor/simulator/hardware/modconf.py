"""The files of modprobe.d(5)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.filesystem import Filesystem

FOLDERS = ("/etc/modprobe.d", "/run/modprobe.d", "/usr/lib/modprobe.d")
_WORDS = ("alias", "blacklist", "config", "include", "install", "options", "remove", "softdep", "weakdep")


def plain(name: str) -> str:
    """A module's name as the kernel has it."""
    return name.replace("-", "_")


@dataclass
class Config:
    """What the files say about modules, by the kernel's names."""

    blacklist: set[str] = field(default_factory=set)
    options: dict[str, list[str]] = field(default_factory=dict)
    install: dict[str, str] = field(default_factory=dict)
    alias: dict[str, str] = field(default_factory=dict)
    before: dict[str, list[str]] = field(default_factory=dict)
    after: dict[str, list[str]] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def take(self, path: str, number: int, words: list[str], rest: str) -> None:
        """One line."""
        if words[0] == "blacklist" and len(words) == 2:
            self.blacklist.add(plain(words[1]))
        elif words[0] == "options" and len(words) > 2:
            self.options.setdefault(plain(words[1]), []).extend(words[2:])
        elif words[0] == "install" and len(words) > 2:
            self.install[plain(words[1])] = rest.split(None, 1)[1]
        elif words[0] == "alias" and len(words) == 3:
            self.alias[plain(words[1])] = plain(words[2])
        elif words[0] == "softdep" and len(words) > 2:
            self._soften(plain(words[1]), words[2:])
        elif words[0] not in _WORDS or len(words) < 2:
            bad = f"{path} line {number}: ignoring bad line starting with '{words[0]}'"
            self.complaints.append(f"libkmod: ERROR ../libkmod/libkmod-config.c:772 kmod_config_parse: {bad}\n")

    def _soften(self, name: str, words: list[str]) -> None:
        place = self.before
        for word in words:
            if word in ("pre:", "post:"):
                place = self.before if word == "pre:" else self.after
            else:
                place.setdefault(name, []).append(plain(word))


def snapshot(files: Filesystem) -> dict[str, str]:
    """The configuration files in force, by path, in the order in which they are read."""
    found: dict[str, str] = {}
    for folder in FOLDERS:
        for path in files.glob(f"{folder}/*.conf"):
            name = path.rpartition("/")[2]
            entry = files.stat(path)
            if entry is not None and all(one.rpartition("/")[2] != name for one in found):
                found[path] = entry.data if entry.kind == "file" else ""
    return {path: found[path] for path in sorted(found, key=lambda path: path.rpartition("/")[2])}


def parse(texts: Iterable[tuple[str, str]]) -> Config:
    """What files say, each a path with its text."""
    config = Config()
    for path, text in texts:
        for number, line in enumerate(re.sub(r"\\\n", " ", text).splitlines(), 1):
            bare = line.strip()
            if bare and not bare.startswith("#"):
                try:
                    words = shlex.split(bare)
                except ValueError:
                    words = bare.split()
                config.take(path, number, words, bare.split(None, 1)[-1])
    return config
