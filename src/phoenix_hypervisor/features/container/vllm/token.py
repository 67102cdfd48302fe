"""The Hugging Face token that the node gives: from memory into a file that the service alone can read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Resource, Symbol, Verdict
from phoenix_hypervisor.resources import due
from phoenix_hypervisor.resources.due import DueName
from phoenix_hypervisor.resources.paths import AbsolutePath, Owner

GIVEN = "/run/phoenix_hypervisor/hf-token"
"""Where the node's file is put: in memory, for root alone, until it is used."""
_SCRIPT = (
    """\
what=$1 given=$2 path=$3 owner=$4 notify=$5
token() {
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line#export }
    case $line in
      '' | '#'*) continue ;;
      HF_TOKEN=* | HUGGING_FACE_HUB_TOKEN=*) line=${line#*=} ;;
    esac
    line=${line#[\\"\\']}
    line=${line%[\\"\\']}
    case $line in
      '' | *[!A-Za-z0-9_.-]*) break ;;
    esac
    printf 'HF_TOKEN=%s\\n' "$line"
    return
  done <"$given"
  echo "the file of hf_token_file holds no token: one line, the token alone or HF_TOKEN=TOKEN" >&2
  return 1
}
if [ "$what" = look ]; then
  [ ! -f "$path" ] || stat -c 'there %U:%a' "$path"
  [ -s "$given" ] || exit 0
  echo given
  text=$(token 2>/dev/null) && [ -f "$path" ] && [ "$text" = "$(cat "$path")" ] && echo same
  exit 0
fi
set -eu
umask 077
mkdir -p -m 0755 "${path%/*}"
draft=${path%/*}/.${path##*/}.phoenix~
if [ -s "$given" ]; then token >"$draft"; else cat "$path" >"$draft"; fi
chown "$owner:$owner" "$draft"
"""
    + due.IN_FORCE
    + 'rm -f "$given"\n'
)
_REMOVE = "set -eu\nnotify=$2\n" + due.MARK + 'rm -f "$1"\n'


def _words(result: Result) -> frozenset[str]:
    found = frozenset(answered(result, "whether there is a token").split())
    if not all(word in ("there", "given", "same") or re.fullmatch(r"[^:]+:[0-7]+", word) for word in found):
        raise NodeError("Whether there is a token cannot be read.", "Look whether the container works.")
    return found


class GivenToken(Resource):
    """The token that the node has given, in an environment file for ``owner`` alone; the one that is there, else.

    ``is_wanted``: whether the configuration names a file of the node's at all; where it does not the file goes.
    """

    kind: ClassVar[str] = "given-token"
    name: AbsolutePath
    owner: Owner
    is_wanted: bool
    notify: tuple[DueName, ...] = ()

    def _command(self, what: Literal["look", "put"], given: str, target: str) -> Command:
        words = (what, given, target, self.owner, " ".join(self.notify))
        return Command("sh", "-s", "--", *words, stdin=_SCRIPT)

    @property
    def _fact(self) -> Fact[frozenset[str]]:
        look = self._command("look", GIVEN.lstrip("/"), self.name.lstrip("/"))
        return Fact(f"token in {self.name}", look, _words)

    def facts(self) -> Iterator[Fact[Any]]:
        yield self._fact

    def change(self, facts: Facts) -> Iterator[Command]:
        found = facts[self._fact]
        if not self.is_wanted:
            if "there" in found:
                yield Command("sh", "-s", "--", self.name, " ".join(self.notify), stdin=_REMOVE)
        elif self._is_other(found):
            yield self._command("put", GIVEN, self.name)

    def _is_other(self, found: frozenset[str]) -> bool:
        return ("given" in found and "same" not in found) or ("there" in found and f"{self.owner}:600" not in found)

    def verdict(self, facts: Facts) -> Verdict:
        found = facts[self._fact]
        if not self.is_wanted:
            return Verdict(Symbol.REMOVE, "no longer declared")
        if "same" in found:
            return Verdict(Symbol.REMOVE, "what the node gave was used")
        if "there" not in found:
            return Verdict(Symbol.ADD, "not there yet")
        return Verdict(reason="the node gives another one" if "given" in found else "others could read it")

    def __str__(self) -> str:
        return "the node's Hugging Face token" if self.is_wanted else "no token"


class TakenToken(GivenToken):
    """The same, and what the node has given is not left where it was put: that alone is no reason for a restart."""

    def change(self, facts: Facts) -> Iterator[Command]:
        commands = tuple(super().change(facts))
        yield from commands or ((Command("rm", "-f", GIVEN),) if "given" in facts[self._fact] else ())
