"""What Samba serves: a file of ours, and the lines in smb.conf that include it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Obstacle, Verdict
from phoenix_hypervisor.resources import due
from phoenix_hypervisor.resources.block import Block
from phoenix_hypervisor.resources.file import HEADER, File, content_of
from phoenix_hypervisor.resources.share_lines import SECTION, merged

MAIN = "/etc/samba/smb.conf"
OURS = "/etc/samba/phoenix.conf"
SERVICE = "smbd.service"
_INCLUDE = f"include = {OURS}"
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
""" + due.IN_FORCE  # fmt: skip


class SambaShares(File):
    """The file of our shares. A draft is checked, alone and with smb.conf, before it is in force."""

    kind: ClassVar[str] = "samba-shares"
    shares: tuple[str, ...]
    """Their names."""
    others_stay: bool = False
    """Whether the shares are all that is known of, and others that Phoenix wrote stay (spec S2)."""
    left_open: dict[str, tuple[str, ...]] = {}
    """Of those in a part, what it does not say of them (``share_lines``)."""

    def facts(self) -> Iterator[Fact[Any]]:
        yield from super().facts()
        yield content_of(MAIN)

    def _among_others(self, facts: Facts) -> File:
        """The file with the shares that stay, and with what stays of these."""
        seen = facts[content_of(OURS)]
        text = (seen.text or "") if seen is not None else ""
        wanted = merged(text, self.text, self.left_open) if self.others_stay and HEADER in text else self.text
        return File.model_validate({**self.model_dump(include=set(File.model_fields)), "text": wanted})

    def change(self, facts: Facts) -> Iterator[Command]:
        yield from self._among_others(facts).change(facts)

    def verdict(self, facts: Facts) -> Verdict:
        verdict = self._among_others(facts).verdict(facts)
        seen = facts[content_of(MAIN)]
        there = {name.strip().lower() for name in SECTION.findall((seen.text or "") if seen else "")}
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


def samba_shares(
    texts: dict[str, str], after: tuple[str, ...], left_open: dict[str, tuple[str, ...]] | None = None
) -> SambaShares:
    """The file of the shares whose texts these are, by their names; with ``left_open`` they are those of a part."""
    return SambaShares(
        name=OURS,
        text=f"# {HEADER}\n" + "".join(texts.values()),
        shares=tuple(texts),
        others_stay=left_open is not None,
        left_open=left_open or {},
        check=("sh", "-c", _CHECK, "check-shares", "{}", MAIN, _INCLUDE),
        notify=(SERVICE,),
        after=after,
    )


def samba_include(wanted: bool, after: tuple[str, ...]) -> SambaInclude:
    """The lines that include our file, or none. Source of the section: smb.conf(5), include is a global parameter."""
    text = f"[global]\n{_INCLUDE}\n" if wanted else ""
    return SambaInclude(name=f"{MAIN}#shares", file=MAIN, text=text, notify=(SERVICE,), after=after)
