"""A service that answers over HTTP: looked at, and waited for where something of it changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import SerializeAsAny

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Resource, Verdict
from phoenix_hypervisor.resources.service import UnitName

_SPARE = 60.0
_LOOK = """\
unit=$1
shift
[ "$(systemctl show -p ActiveState --value "$unit")" = active ] || exit 0
curl --silent --fail --output /dev/null --max-time 5 "$@" && echo answers
:
"""
_WAIT = """\
unit=$1 limit=$2
shift 2
shown() { systemctl show -p "$1" --value "$unit"; }
asked() {
  curl --silent --fail --output /dev/null --max-time 5 "$@" && return
  case $? in
    7) said="nothing listens there" ;;
    22) said="it answers that it is not ready" ;;
    28) said="nobody answers within 5 s" ;;
    *) said="curl(1) ends with $?" ;;
  esac
  return 1
}
said=
begun=$(date +%s)
while :; do
  state=$(shown ActiveState) restarts=$(shown NRestarts)
  case $state in
    active) asked "$@" && exit 0 ;;
    activating | reloading) said= ;;
    *)
      reason="it is $state ($(shown Result), exit status $(shown ExecMainStatus))"
      break ;;
  esac
  if [ "${restarts:-0}" -ge 2 ]; then
    reason="it ended $restarts times (exit status $(shown ExecMainStatus))"
    break
  fi
  if [ $(($(date +%s) - begun)) -ge "$limit" ]; then
    reason="no answer within $limit s${said:+: $said}; the unit is $state"
    break
  fi
  sleep 2
done
echo "$unit: $reason; its log ends with:" >&2
journalctl --unit "$unit" --lines 15 --output cat --no-pager >&2 || :
exit 1
"""


def _answers(result: Result) -> bool:
    text = answered(result, "whether a service answers").strip()
    if text not in ("", "answers"):
        raise NodeError("Whether a service answers cannot be read.", "Look whether the container works.")
    return bool(text)


class Answering(Resource):
    """A unit that is active and answers. ``name`` is the unit, ``curl`` the words that curl(1) is given: the address.

    Where it does not, or where one of ``watches`` changes, it is waited for up to ``limit`` seconds: not longer than it
    takes to see that it has failed. Its log says why.
    """

    kind: ClassVar[str] = "answering"
    name: UnitName
    curl: tuple[str, ...]
    limit: int
    watches: tuple[SerializeAsAny[Resource], ...] = ()

    @property
    def _fact(self) -> Fact[bool]:
        look = Command("sh", "-s", "--", self.name, *self.curl, stdin=_LOOK, timeout=20.0)
        return Fact(f"answer of {self.name}", look, _answers)

    def facts(self) -> Iterator[Fact[Any]]:
        yield self._fact
        for watched in self.watches:
            yield from watched.facts()

    def change(self, facts: Facts) -> Iterator[Command]:
        if not facts[self._fact] or any(any(watched.change(facts)) for watched in self.watches):
            yield from self.awaits()

    def awaits(self) -> Iterator[Command]:
        argv = ("sh", "-c", _WAIT, "wait-for-answer", self.name, str(self.limit), *self.curl)
        yield Command(*argv, timeout=self.limit + _SPARE)

    def verdict(self, facts: Facts) -> Verdict:
        return Verdict(reason="what it depends on changes" if facts[self._fact] else "it does not answer")

    def __str__(self) -> str:
        return f"an answer from {self.curl[-1]} within {self.limit} s"
