"""The language and character set of a machine's programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.documents.types import LocaleName
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Resource, Verdict

BUILT_IN = "C.UTF-8"
"""What is there without being generated."""
_LOOK = """\
found=$(locale -a 2>/dev/null) || exit
printf '%s\\n' "$found" | sed 's/^/has /'
[ ! -e etc/default/locale ] || sed -n 's/^LANG="*\\([^"]*\\)"*$/lang \\1/p' etc/default/locale
"""
_SET = """\
set -eu
name=$1 generated=$2 known=/usr/share/i18n/SUPPORTED
if [ "$generated" = no ]; then
  if [ -e "$known" ] && ! grep -qx "$name UTF-8" "$known"; then
    echo "there is no locale $name; $known has those that there are" >&2
    exit 1
  fi
  grep -qsx "$name UTF-8" /etc/locale.gen || echo "$name UTF-8" >>/etc/locale.gen
  locale-gen
fi
path=$(readlink -f /etc/default/locale)
draft=$path.new
{ grep -sv '^LANG=' "$path" || :; echo "LANG=$name"; } >"$draft"
sync "$draft"
mv -f "$draft" "$path"
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What LANG is set to, empty where it is not; the locales that programs can use."""

    lang: str
    generated: frozenset[str]


def _seen(result: Result) -> Seen:
    rows = [line.partition(" ") for line in answered(result, "its locales").splitlines()]
    if not any(word == "has" and value == "POSIX" for word, _, value in rows):
        raise NodeError("Which locales the machine has cannot be read.")
    lang = next((value for word, _, value in reversed(rows) if word == "lang"), "")
    return Seen(lang, frozenset(value for word, _, value in rows if word == "has"))


_FACT = Fact("locale", Command("sh", "-s", stdin=_LOOK), _seen)


class Locale(Resource):
    """LANG of all that begins anew, by ``/etc/default/locale``, and the locale generated; ``name`` is the locale."""

    kind: ClassVar[str] = "locale"
    name: LocaleName

    def facts(self) -> Iterator[Fact[Any]]:
        yield _FACT

    def _is_there(self, facts: Facts) -> bool:
        return self.name == BUILT_IN or self.name.replace("UTF-8", "utf8") in facts[_FACT].generated

    def change(self, facts: Facts) -> Iterator[Command]:
        is_there = self._is_there(facts)
        if not (is_there and facts[_FACT].lang == self.name):
            argv = ("sh", "-c", _SET, "set-locale", self.name, "yes" if is_there else "no")
            yield Command(*argv, timeout=300.0)

    def verdict(self, facts: Facts) -> Verdict:
        if not self._is_there(facts):
            return Verdict(reason="it is not generated")
        return Verdict(reason=f"LANG is {facts[_FACT].lang or 'not set'}")
