"""Files: whole ones of ours, blocks of ours in files of others, and what is no longer wanted of either."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command, Result, encode
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Obstacle, Resource, Symbol, Verdict
from phoenix_hypervisor.resources import due
from phoenix_hypervisor.resources.due import DueName
from phoenix_hypervisor.resources.paths import AbsolutePath, Mode, Owner

HEADER = "Managed by Phoenix Hypervisor. What is changed here is undone by the next apply."
"""What the first lines of a file of ours say, behind the sign of a comment."""
_LOOK = """\
[ -e "$1" ] || [ -L "$1" ] || exit 0
stat -c '%F:%U:%G:%a' "$1" && { [ ! -f "$1" ] || cat "$1"; }
"""
_WRITE = """\
set -eu
umask 077
path=$1 owner=$2 mode=$3 before=$4 notify=$5
shift 5
if [ -e "$path" ]; then found=$(sha256sum <"$path"); else found=absent; fi
[ "${found%% *}" = "$before" ] || { echo "$path changed meanwhile" >&2; exit 1; }
draft=${path%/*}/.${path##*/}.phoenix~
mkdir -p -m 0755 "${path%/*}"
cat >"$draft"
chown "$owner" "$draft"
chmod "$mode" "$draft"
if [ $# -gt 0 ]; then
  for word; do
    shift
    [ "$word" = {} ] && word=$draft
    set -- "$@" "$word"
  done
  "$@" >"$draft.said" 2>&1 || { cat "$draft.said" >&2; rm -f "$draft" "$draft.said"; exit 1; }
  rm -f "$draft.said"
fi
""" + due.IN_FORCE  # fmt: skip
_REMOVE = "set -eu\nnotify=$2\n" + due.MARK + 'rm -f "$1"\n'


@dataclass(frozen=True, slots=True)
class Seen:
    """What is at a path. ``text`` is None for what is no regular file."""

    kind: str
    owner: str
    group: str
    mode: str
    text: str | None


def _seen(result: Result) -> Seen | None:
    output = answered(result, "what stands in a file")
    if not output:
        return None
    head, _, text = output.partition("\n")
    try:
        kind, owner, group, mode = head.rsplit(":", 3)
        return Seen(kind, owner, group, f"{int(mode, 8):04o}", text if kind.startswith("regular") else None)
    except ValueError as error:
        raise NodeError(f"What stands in a file cannot be read: {head!r}.") from error


def content_of(path: str) -> Fact[Seen | None]:
    """What is at an absolute path; None where nothing is."""
    return Fact(f"file {path}", Command("sh", "-s", "--", path.lstrip("/"), stdin=_LOOK), _seen)


def digest(seen: Seen | None) -> str:
    """SHA-256 of a file's content, ``absent`` where there is none."""
    return "absent" if seen is None else hashlib.sha256(encode(seen.text or "")).hexdigest()


def difference(path: str, before: str, after: str) -> str:
    """A unified diff of a file's text."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), path, path, "now", "declared", lineterm="", n=1
    )
    return "\n".join(lines)


def write(
    path: str,
    text: str,
    seen: Seen | None,
    *,
    owner: str = "root",
    group: str = "root",
    mode: str = "0644",
    check: tuple[str, ...] = (),
    notify: tuple[str, ...] = (),
    secret: bool = False,
) -> Command:
    """Put a text in force at once or not at all, if what is there is what was seen.

    ``check`` is a command that judges a draft, ``{}`` in it the draft's path; what it refuses is not put in force.
    """
    argv = ("sh", "-c", _WRITE, "write-file", path, f"{owner}:{group}", mode, digest(seen), " ".join(notify), *check)
    return Command(*argv, stdin=text, confidential=secret)


class File(Resource):
    """A whole file of ours: text, owner, mode. Where somebody else's stands in its place, it is left alone and told.

    ``foreign`` says that the file need not carry our header: it is ours by its name.
    """

    kind: ClassVar[str] = "file"
    name: AbsolutePath
    text: str
    owner: Owner = "root"
    group: Owner = "root"
    mode: Mode = "0644"
    check: tuple[str, ...] = ()
    notify: tuple[DueName, ...] = ()
    secret: bool = False
    foreign: bool = False

    def facts(self) -> Iterator[Fact[Any]]:
        yield content_of(self.name)

    def _is_so(self, seen: Seen | None) -> bool:
        wanted = (self.owner, self.group, self.mode, self.text)
        return seen is not None and (seen.owner, seen.group, seen.mode, seen.text) == wanted

    def change(self, facts: Facts) -> Iterator[Command]:
        seen = facts[content_of(self.name)]
        if not self._is_so(seen):
            yield write(
                self.name,
                self.text,
                seen,
                owner=self.owner,
                group=self.group,
                mode=self.mode,
                check=self.check,
                notify=self.notify,
                secret=self.secret,
            )

    def verdict(self, facts: Facts) -> Verdict:
        seen = facts[content_of(self.name)]
        if seen is None:
            return Verdict(Symbol.ADD, "not there yet", self._diff(""))
        if seen.text is None:
            hint = "Move it away, then run again."
            return Verdict(obstacles=(Obstacle(f"{self.name} is a {seen.kind}, not a file", hint),))
        if not (self.foreign or HEADER in seen.text or seen.text in ("", self.text)):
            hint = "Move what it says elsewhere and remove it, then run again."
            return Verdict(obstacles=(Obstacle(f"{self.name} is there and was not written by Phoenix", hint),))
        if seen.text != self.text:
            return Verdict(reason="its content differs", detail=self._diff(seen.text))
        return Verdict(reason=f"it is {seen.owner}:{seen.group} {seen.mode}")

    def _diff(self, before: str) -> str:
        return "" if self.secret else difference(self.name, before, self.text)

    def __str__(self) -> str:
        return self.name


class NoFile(Resource):
    """No file of ours at a path; one that does not carry our header is left alone."""

    kind: ClassVar[str] = "no-file"
    name: AbsolutePath
    notify: tuple[DueName, ...] = ()

    def facts(self) -> Iterator[Fact[Any]]:
        yield content_of(self.name)

    def change(self, facts: Facts) -> Iterator[Command]:
        seen = facts[content_of(self.name)]
        if seen is not None and seen.text is not None and HEADER in seen.text:
            yield Command("sh", "-s", "--", self.name, " ".join(self.notify), stdin=_REMOVE)

    def verdict(self, facts: Facts) -> Verdict:
        seen = facts[content_of(self.name)]
        text = seen.text if seen is not None else None
        return Verdict(Symbol.REMOVE, "no longer declared", difference(self.name, text or "", ""))

    def __str__(self) -> str:
        return self.name
