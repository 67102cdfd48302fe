"""The keys with which a user may log in: a block of ours in its ~/.ssh/authorized_keys.

The folder is the user's own, so nothing there is trusted: no link is followed, and what is written is written in the
folder that was looked at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command, Result, encode
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Obstacle, Resource, Symbol, Verdict
from phoenix_hypervisor.resources.accounts import AccountName
from phoenix_hypervisor.resources.block import Block
from phoenix_hypervisor.resources.file import difference

TITLE = "authorized keys"
_HOME = """\
home=/home/$1
while IFS=: read -r name _ _ _ _ place _; do
  [ "$name" != "$1" ] || home=$place
done <"$passwd"
"""
_LOOK = "passwd=etc/passwd\n" + _HOME + """\
printf '%s\\n' "$home"
if [ ! -d ".$home" ]; then echo absent; echo absent; exit 0; fi
cd ".$home" || exit 1
for path in .ssh .ssh/authorized_keys; do
  if [ -e "$path" ] || [ -L "$path" ]; then stat -c %F:%U:%a "$path" || exit 1; else echo absent; fi
  [ ! -L .ssh ] || { echo absent; exit 0; }
done
[ ! -f .ssh/authorized_keys ] || [ -L .ssh/authorized_keys ] || cat .ssh/authorized_keys
"""  # fmt: skip
_WRITE = "set -eu\nuser=$1 before=$2 passwd=/etc/passwd\n" + _HOME + """\
umask 077
fail() { echo "$home/.ssh $1" >&2; exit 1; }
cd "$home"
place=$(pwd -P)/.ssh
if [ ! -e .ssh ] && [ ! -L .ssh ]; then mkdir .ssh; chown -h "$user:" .ssh; fi
cd -P .ssh
[ "$(pwd -P)" = "$place" ] || fail 'is not where it seems to be'
[ ! -L authorized_keys ] || fail '/authorized_keys is a link'
found=absent
if [ -e authorized_keys ]; then found=$(sha256sum <authorized_keys); fi
[ "${found%% *}" = "$before" ] || fail 'changed meanwhile'
rm -f .authorized_keys.phoenix~
set -C
cat >.authorized_keys.phoenix~
chown -h "$user:" .authorized_keys.phoenix~ .
chmod 0700 .
sync .authorized_keys.phoenix~
mv -fT .authorized_keys.phoenix~ authorized_keys
"""  # fmt: skip
_Entry = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Seen:
    """The home, and what the folder and the file are like (kind, owner, mode; None: absent), and the file's text."""

    home: str
    folder: _Entry | None
    file: _Entry | None
    text: str


def _entry(line: str) -> _Entry | None:
    if line == "absent":
        return None
    kind, owner, mode = line.rsplit(":", 2)
    return kind, owner, f"{int(mode, 8):04o}"


def _seen(result: Result) -> _Seen:
    lines = answered(result, "the keys of a user").split("\n", 3)
    try:
        home, folder, file = lines[:3]
        return _Seen(home, _entry(folder), _entry(file), lines[3] if len(lines) > 3 else "")
    except ValueError as error:
        raise NodeError(f"The keys of a user cannot be read: {lines[0]!r}.") from error


class AuthorizedKeys(Resource):
    """Keys of ours among those of a user, who is ``name``; without any, none of ours. Other keys stay as they are."""

    kind: ClassVar[str] = "authorized-keys"
    name: AccountName
    keys: tuple[str, ...] = ()

    @property
    def _fact(self) -> Fact[_Seen]:
        return Fact(f"keys of {self.name}", Command("sh", "-s", "--", self.name, stdin=_LOOK), _seen)

    def facts(self) -> Iterator[Fact[Any]]:
        yield self._fact

    def _wanted(self, text: str) -> str | None:
        path = "/authorized_keys"
        return Block(name=f"{path}#{TITLE}", file=path, text="".join(f"{key}\n" for key in self.keys)).wanted(text)

    def _is_so(self, seen: _Seen) -> bool:
        if self._wanted(seen.text) != seen.text:
            return False
        private = (seen.folder or ("",))[1:] == (self.name, "0700") and (seen.file or ("",))[1:] == (self.name, "0600")
        return private or not self.keys

    def change(self, facts: Facts) -> Iterator[Command]:
        seen = facts[self._fact]
        wanted = self._wanted(seen.text)
        if wanted is None or self._is_so(seen):
            return
        before = hashlib.sha256(encode(seen.text)).hexdigest() if seen.file else "absent"
        yield Command("sh", "-c", _WRITE, "write-keys", self.name, before, stdin=wanted)

    def verdict(self, facts: Facts) -> Verdict:
        seen = facts[self._fact]
        path = f"{seen.home}/.ssh/authorized_keys"
        if obstacles := tuple(self._obstacles(seen, path)):
            return Verdict(obstacles=obstacles)
        detail = difference(path, seen.text, self._wanted(seen.text) or "")
        if not self.keys:
            return Verdict(Symbol.REMOVE, "no longer declared", detail)
        return Verdict(Symbol.CHANGE if seen.text else Symbol.ADD, "its keys, owner or mode differ", detail)

    def _obstacles(self, seen: _Seen, path: str) -> Iterator[Obstacle]:
        folder, file = (seen.folder or ("directory",))[0], (seen.file or ("regular file",))[0]
        if folder != "directory" and self.keys:
            yield Obstacle(f"{seen.home}/.ssh is a {folder}, not a directory", "Move it away.")
        elif not file.startswith("regular") and self.keys:
            yield Obstacle(f"{path} is a {file}, not a file", "Move it away.")
        elif self._wanted(seen.text) is None:
            yield Obstacle(f"the marks of Phoenix in {path} are no pair", "Remove the lines with its marks.")

    def __str__(self) -> str:
        return f"authorized keys of {self.name}"
