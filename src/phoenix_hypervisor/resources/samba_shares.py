"""What Samba serves: a file of ours, and the lines in smb.conf that include it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Obstacle, Verdict
from phoenix_hypervisor.resources import due
from phoenix_hypervisor.resources.block import Block
from phoenix_hypervisor.resources.file import HEADER, File, content_of

MAIN = "/etc/samba/smb.conf"
OURS = "/etc/samba/phoenix.conf"
SERVICE = "smbd.service"
_INCLUDE = f"include = {OURS}"
_SECTION = re.compile(r"^[ \t]*\[([^\]\n]*)\]", re.MULTILINE)
_CHECK = """\
judged() {
  said=$(testparm -s "$1" 2>&1 >/dev/null) || { printf '%s\\n' "$said" >&2; return 1; }
}
judged "$1" || exit 1
case $said in *'nknown parameter'*) printf '%s\\n' "$said" >&2; exit 1 ;; esac
folder=$(mktemp -d) || exit 1
{
  [ ! -e "$2" ] || grep -vxF "$3" "$2"
  printf '\\n[global]\\ninclude = %s\\n' "$1"
} >"$folder/smb.conf"
judged "$folder/smb.conf"
status=$?
rm -rf "$folder"
exit "$status"
"""
_APPEND = """\
set -eu
path=$1 notify=$2
draft=${path%/*}/.${path##*/}.phoenix~
mkdir -p "${path%/*}"
umask 022
rm -f "$draft"
if [ -e "$path" ]; then
  cp -p "$path" "$draft"
  [ -z "$(tail -c 1 "$path")" ] || echo >>"$draft"
fi
cat >>"$draft"
sync "$draft"
""" + due.MARK + 'mv -f "$draft" "$path"\n'  # fmt: skip


class SambaShares(File):
    """The file of our shares. A draft is checked, alone and with smb.conf, before it is in force."""

    kind: ClassVar[str] = "samba-shares"
    shares: tuple[str, ...]
    """Their names."""

    def facts(self) -> Iterator[Fact[Any]]:
        yield from super().facts()
        yield content_of(MAIN)

    def verdict(self, facts: Facts) -> Verdict:
        verdict = super().verdict(facts)
        seen = facts[content_of(MAIN)]
        there = {name.strip().lower() for name in _SECTION.findall((seen.text or "") if seen else "")}
        obstacles = tuple(
            Obstacle(f"{MAIN} has a share {name} already", "Remove it there, or declare another name.")
            for name in self.shares
            if name.lower() in there
        )
        return replace(verdict, obstacles=verdict.obstacles + obstacles)

    def __str__(self) -> str:
        return f"shares {', '.join(self.shares)}"


class SambaInclude(Block):
    """The lines in smb.conf that include our file, in no share's section; put there by a package if need be."""

    def change(self, facts: Facts) -> Iterator[Command]:
        if facts[content_of(MAIN)] is None and self.text:
            # The file comes with the package, which may be installed first in the same run.
            text = self.wanted("")
            yield Command("sh", "-c", _APPEND, "include-shares", MAIN, " ".join(self.notify), stdin=text or "")
        else:
            yield from super().change(facts)


def share_text(name: str, path: str, parameters: tuple[tuple[str, str], ...]) -> str:
    """One share as smb.conf(5) has it."""
    lines = "".join(f"\t{key} = {value}\n" for key, value in (("path", path), *parameters))
    return f"\n[{name}]\n{lines}"


def samba_shares(texts: dict[str, str], after: tuple[str, ...]) -> SambaShares:
    """The file of the shares whose texts these are, by their names."""
    return SambaShares(
        name=OURS,
        text=f"# {HEADER}\n" + "".join(texts.values()),
        shares=tuple(texts),
        check=("sh", "-c", _CHECK, "check-shares", "{}", MAIN, _INCLUDE),
        notify=(SERVICE,),
        after=after,
    )


def samba_include(wanted: bool, after: tuple[str, ...]) -> SambaInclude:
    """The lines that include our file, or none. Source of the section: smb.conf(5), include is a global parameter."""
    text = f"[global]\n{_INCLUDE}\n" if wanted else ""
    return SambaInclude(name=f"{MAIN}#shares", file=MAIN, text=text, notify=(SERVICE,), after=after)
