"""What NFS serves: a file of ours in /etc/exports.d, and whether it is in force."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Obstacle, Resource, Symbol, Verdict
from phoenix_hypervisor.resources import due
from phoenix_hypervisor.resources.export_lines import Export, entries, merged, plain
from phoenix_hypervisor.resources.file import HEADER, Seen, content_of, difference, write

PATH = "/etc/exports.d/phoenix.exports"
DUE = "exportfs"
_BEFORE = "/run/phoenix_hypervisor/exports.before"
_LIMIT = 300.0
_NUMERIC = re.compile(r"\*|[0-9.]+(?:/[0-9]+)?|[0-9a-f:]*:[0-9a-f:]*(?:/[0-9]+)?|@.+")
"""Clients that stand in etab as they were written; the names of hosts do so as the resolver has them."""
_ESCAPED = re.compile(r'[\x00-\x20"\\#\x7f]')
_FOREIGN = 'grep -Hs "" etc/exports etc/exports.d/*.exports\nexit 0\n'
_ETAB = "[ ! -e var/lib/nfs/etab ] || exec cut -f 1 var/lib/nfs/etab\n"
_KEEP = """\
mkdir -p "${2%/*}" || exit 1
if [ -e "$2" ]; then exit 0; fi
if [ -e "$1" ]; then cp -p "$1" "$2"; else : >"$2"; fi
"""
"""The file as it was, until the new one is in force; empty where there was none."""
_APPLY = """\
due=$1 path=$2 before=$3 wrong=
shift 3
if ! command -v exportfs >/dev/null; then
  [ ! -e "$path" ] || { echo 'exportfs is not there' >&2; exit 1; }
  rm -f "$due" "$before"
  exit 0
fi
newline='
'
said=$(exportfs -ra 2>&1)$newline
exported=$newline$(cat /var/lib/nfs/etab)
while [ $# -gt 0 ]; do
  case $1 in
    says) case $said in *"$2"*) wrong=$said ;; esac ;;
    has) case $exported in *"$newline$2"*) ;; *) wrong="${wrong:-$said}not in force: ${2%(}$newline" ;; esac ;;
  esac
  shift 2
done
if [ -n "$wrong" ]; then
  printf %s "$wrong" >&2
  if [ -s "$before" ]; then cp -p "$before" "$path"; elif [ -e "$before" ]; then rm -f "$path"; fi
  exportfs -ra >/dev/null 2>&1
fi
rm -f "$due" "$before"
[ -z "$wrong" ]
"""


def _exported(result: Result) -> frozenset[str]:
    return frozenset(plain(line) for line in answered(result, "what it exports").splitlines())


def _others(result: Result) -> tuple[tuple[str, str, str], ...]:
    """File, path and client of every export in files that are not ours."""
    texts: dict[str, list[str]] = {}
    for line in answered(result, "what other files export").splitlines():
        name, _, text = line.partition(":")
        texts.setdefault(f"/{name}", []).append(text)
    return tuple((name, *each) for name, lines in texts.items() if name != PATH for each in entries("\n".join(lines)))


_FOREIGN_FACT: Fact[tuple[tuple[str, str, str], ...]] = Fact(
    "exports of other files", Command("sh", "-s", stdin=_FOREIGN), _others
)
_ETAB_FACT: Fact[frozenset[str]] = Fact("exports in force", Command("sh", "-s", stdin=_ETAB), _exported)


class Exports(Resource):
    """All that Phoenix exports, in one file; none: no file. What the server does not take is taken back at once.

    A line of another file that the server refuses is not its affair, except for one of the same folder and client.
    """

    kind: ClassVar[str] = "exports"
    name: str = PATH
    exports: tuple[Export, ...] = ()
    unserved: tuple[str, ...] = ()
    """What is declared and for nobody: it is told, and not exported."""
    others_stay: bool = False
    """Whether the exports are all that is known of, and others that Phoenix wrote stay (spec S2)."""

    def _closed(self, seen: Seen | None) -> tuple[Export, ...]:
        return tuple(export.closed((seen.text or "") if seen is not None else "") for export in self.exports)

    def _text(self, seen: Seen | None) -> str:
        """What ought to stand in the file; empty for no file."""
        if not self.exports:
            return ""
        there = (seen.text or "") if seen is not None and self.others_stay else ""
        return merged(there or f"# {HEADER}\n", self._closed(seen))

    def facts(self) -> Iterator[Fact[Any]]:
        yield content_of(PATH)
        yield due.MARKS
        yield _FOREIGN_FACT
        yield _ETAB_FACT

    def _is_so(self, seen: Seen | None) -> bool:
        if not self.exports:
            return seen is None or HEADER not in (seen.text or "")
        return seen is not None and (seen.owner, seen.mode, seen.text) == ("root", "0644", self._text(seen))

    def change(self, facts: Facts) -> Iterator[Command]:
        seen = facts[content_of(PATH)]
        if not self._is_so(seen):
            yield Command("sh", "-s", "--", PATH, _BEFORE, stdin=_KEEP)
            if self.exports:
                yield write(PATH, self._text(seen), seen, notify=(DUE,))
            else:
                script = f"notify=$2\n{due.MARK}" + 'rm -f "$1"\n'
                yield Command("sh", "-s", "--", PATH, DUE, stdin=script)
            yield self._apply(seen)
        elif DUE in facts[due.MARKS] or {export.path for export in self.exports} - facts[_ETAB_FACT]:
            yield self._apply(seen)

    def _apply(self, seen: Seen | None) -> Command:
        """Tell the server, and look whether it took what is ours."""
        expected = ["says", f"{PATH}:"]
        for export in self._closed(seen):
            expected += ["says", f"stat {export.path}:"]
            escaped = _ESCAPED.sub(lambda match: f"\\{ord(match[0]):03o}", export.path)
            for client in export.clients:
                known = f"{client}(" if _NUMERIC.fullmatch(client) else ""
                expected += ["says", f"resolve {client}\n", "has", f"{escaped}\t{known}"]
        argv = (f"/{due.FOLDER}/{DUE}", PATH, _BEFORE, *expected)
        return Command("sh", "-s", "--", *argv, stdin=_APPLY, timeout=_LIMIT)

    def verdict(self, facts: Facts) -> Verdict:
        seen = facts[content_of(PATH)]
        before = (seen.text or "") if seen is not None else ""
        obstacles = tuple(self._obstacles(facts))
        hint = "declare its clients, or the network's default_subnet."
        notes = tuple(f"{path} is exported to nobody: {hint}" for path in self.unserved)
        detail = difference(PATH, before, self._text(seen))
        if not self.exports:
            return Verdict(Symbol.REMOVE, "no longer declared", detail, notes=notes)
        if seen is None:
            return Verdict(Symbol.ADD, "not there yet", detail, obstacles, notes=notes)
        reason = "its content differs" if detail else "not in force"
        return Verdict(reason=reason, detail=detail, obstacles=obstacles, notes=notes)

    def _obstacles(self, facts: Facts) -> Iterator[Obstacle]:
        seen = facts[content_of(PATH)]
        if seen is not None and self.exports and HEADER not in (seen.text or ""):
            yield Obstacle(f"{PATH} is there and was not written by Phoenix", "Move what it says elsewhere.")
        ours = {(export.path, client) for export in self._closed(seen) for client in export.clients}
        for file, path, client in facts[_FOREIGN_FACT]:
            if (path, client) in ours:
                yield Obstacle(f"{file} exports {path} to {client} already", "Remove it there, or here.")

    def __str__(self) -> str:
        count = len(self.exports)
        return f"{count} export{'s' if count != 1 else ''}" if count else "exports"
