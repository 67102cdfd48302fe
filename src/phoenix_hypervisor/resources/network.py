"""The address of one of the machine's interfaces, in /etc/network/interfaces (interfaces(5), ifupdown2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.documents.types import Address, AddressPrefix, Interface
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Obstacle, Resource, Verdict
from phoenix_hypervisor.resources.contents import contents_of
from phoenix_hypervisor.resources.file import Seen, difference, digest
from phoenix_hypervisor.resources.stanza import Stanza, Wanted, family_of, merged, normal, normal_address, stanzas

PATH = "/etc/network/interfaces"
STAGED = f"{PATH}.new"
"""Where the web interface keeps changes until they are applied; a reboot applies them (pve-manager, Network.pm)."""
INTERFACES = contents_of(PATH, STAGED, f"{PATH}.d/*")
_CLUSTER = contents_of("/etc/pve/corosync.conf")
_UNDO = "phoenix-network-undo"
_LOOK = """\
applied=run/network/ifstatelock edited=
for file in etc/network/interfaces etc/network/interfaces.d etc/network/interfaces.d/*; do
  [ -e "$file" ] || continue
  [ -e "$applied" ] && [ ! "$file" -nt "$applied" ] || edited=yes
done
[ -n "$edited" ] && command -v ifquery >/dev/null || exit 0
ifquery -a --check 2>/dev/null | grep -F '[fail]'
exit 0
"""
"""ifupdown2 writes that file with each reload. Its check alone is not enough: it fails for addresses of a router's
advertisements, too (issue 200 of ifupdown2)."""
_RELOAD = """\
[ $# = 0 ] || cp -p "$1" "$2" || exit
said=$0.$$ tries=100
while ifreload -a >"$said" 2>&1; status=$?; grep -q 'nother instance of this program' "$said"; do
  status=1 tries=$((tries - 1))
  [ "$tries" -gt 0 ] || break
  sleep 3
done
cat "$said" >&2
rm -f "$said"
exit "$status"
"""
"""Put a file in the other's place, if told two, and load what there is. A reload while another one runs does nothing
(ifupdown2, main.py), so it waits for that one, up to five minutes."""
_APPLY = f"""\
set -eu
trap '' HUP PIPE
path={PATH} undo={_UNDO} before=$1 family=$2 link=$3 address=$4 gateway=$5
old=$path.phoenix-old reload=/run/phoenix_hypervisor/network-reload
found=$(sha256sum <"$path")
[ "${{found%% *}}" = "$before" ] || {{ echo "$path changed meanwhile" >&2; exit 1; }}
command -v ifreload >/dev/null || {{ echo "ifupdown2 is not installed" >&2; exit 1; }}
if systemctl is-active --quiet "$undo.timer" "$undo.service"; then
  echo "an earlier change is about to be undone ($undo.timer): wait, then run again" >&2
  exit 1
fi
draft=$path.phoenix~
cp -p "$path" "$old"
sync "$old"
cp -p "$path" "$draft"
cat >"$draft"
wanted=$(sha256sum <"$draft")
mkdir -p "${{reload%/*}}"
printf %s "$6" >"$reload"
routed=$(ip "-$family" route show default)
systemd-run --quiet --collect --unit="$undo" --on-active=90 --timer-property=AccuracySec=1s \\
  sh "$reload" "$old" "$path"
sync "$draft"
mv -f "$draft" "$path"
back() {{
  echo "$1: the old configuration is put back" >&2
  if [ "$2" = unloaded ]; then cp -p "$old" "$path"; else sh "$reload" "$old" "$path"; fi || exit 1
  systemctl stop "$undo.timer" 2>/dev/null || :
  exit 1
}}
ifreload -a --syntax-check >&2 || back "ifreload refuses the new configuration" unloaded
timeout -k 10 120 sh "$reload" || :
[ -z "$gateway" ] || ip "-$family" neigh flush to "$gateway" dev "$link" 2>/dev/null || :
answers() {{
  why="$link has no address $address"
  case $(ip "-$family" -o address show dev "$link") in
    *" $address "*) ;;
    *) return 1 ;;
  esac
  route=$(ip "-$family" route show default)
  why="there is no default route"
  if [ -z "$gateway" ]; then
    [ -z "$routed" ] || [ -n "$route" ]
    return
  fi
  case "$route " in
    *" via $gateway dev $link "*) ;;
    *) return 1 ;;
  esac
  why="the gateway $gateway does not answer"
  ping "-$family" -c 1 -W 2 "$gateway" >/dev/null 2>&1 && return
  case $(ip "-$family" neigh show to "$gateway" dev "$link" 2>/dev/null) in
    *REACHABLE*) return 0 ;;
  esac
  return 1
}}
for try in 1 2 3 4 5 6 7 8 9 10; do
  if answers; then
    systemctl stop "$undo.timer" 2>/dev/null || :
    now=$(sha256sum <"$path")
    if [ "$now" = "$wanted" ] && ! systemctl is-active --quiet "$undo.service"; then exit 0; fi
    echo "$path is not as written: the old configuration was put back meanwhile, or somebody edited it" >&2
    exit 1
  fi
  sleep 2
done
back "$why" loaded
"""


def _failed(result: Result) -> tuple[str, ...]:
    """What ifupdown2 finds not so, as ``address 10.0.0.2/24``."""
    lines = answered(result, "whether its network is as configured").splitlines()
    return tuple(" ".join(line.replace("[fail]", "").split()) for line in lines)


_UNAPPLIED: Fact[tuple[str, ...]] = Fact("edits that are not in force", Command("sh", "-s", stdin=_LOOK), _failed)


class InterfaceAddress(Resource):
    """Address and gateway of an interface that is there, merged into its one stanza; all else stays.

    Name servers are not its affair: what a stanza says of them is for resolvconf alone, and takes no reload.

    The old file is kept beside it as ``interfaces.phoenix-old``, and comes back by itself after 90 seconds, through a
    timer of systemd, when the node has lost its default route or its gateway, or when nobody could look. As loading
    the file brings all of it into force, edits of somebody else's that are not in force yet stand in the way.
    """

    kind: ClassVar[str] = "interface"
    locks: ClassVar[frozenset[str]] = frozenset({"network"})
    guarded: ClassVar[bool] = True
    name: Interface
    address: AddressPrefix
    gateway: Address | None = None

    @property
    def _wanted(self) -> Wanted:
        return Wanted(self.address, self.gateway)

    def facts(self) -> Iterator[Fact[Any]]:
        yield INTERFACES
        yield _CLUSTER
        yield _UNAPPLIED

    def _own(self, text: str) -> list[Stanza]:
        """The stanzas of this interface in the address's family."""
        return [each for each in stanzas(text) if (each.name, each.family) == (self.name, family_of(self.address))]

    def _merged(self, text: str) -> str:
        found = self._own(text)
        return merged(text, found[0], self._wanted) if len(found) == 1 else text

    def change(self, facts: Facts) -> Iterator[Command]:
        seen = facts[INTERFACES].get(PATH)
        text = _text(seen)
        if (wanted := self._merged(text)) != text:
            family = "6" if family_of(self.address) == "inet6" else "4"
            gateway = normal_address(self.gateway) if self.gateway else ""
            arguments = (digest(seen), family, self.name, normal(self.address), gateway, _RELOAD)
            yield Command("sh", "-c", _APPLY, "merge-interfaces", *arguments, stdin=wanted, timeout=600.0)

    def verdict(self, facts: Facts) -> Verdict:
        files = facts[INTERFACES]
        text = _text(files.get(PATH))
        if obstacles := tuple(self._obstacles(files)):
            return Verdict(obstacles=obstacles)
        if (wanted := self._merged(text)) == text:
            return Verdict()
        before, after = self._own(text)[0], self._own(wanted)[0]
        if obstacles := tuple(_unapplied(facts[_UNAPPLIED])):
            return Verdict(obstacles=obstacles)
        gone = [each.partition("/")[0] for each in before.addresses if each not in after.addresses]
        if obstacle := _named_by_cluster(facts[_CLUSTER], gone):
            return Verdict(obstacles=(obstacle,))
        return Verdict(
            reason="its stanza differs", detail=difference(PATH, text, wanted), notes=tuple(self._notes(before, after))
        )

    def _notes(self, before: Stanza, after: Stanza) -> Iterator[str]:
        """What changes for those who are connected."""
        gateway = f"from {before.gateway or 'none'} to {after.gateway}" if before.gateway != after.gateway else ""
        back = "It changes back by itself after 90 seconds when the gateway does not answer then."
        if before.addresses != after.addresses:
            was = ", ".join(before.addresses) or "none"
            also = f", its gateway {gateway}" if gateway else ""
            yield f"the address of {self.name} changes from {was} to {self.address}{also}: connections break. {back}"
        elif gateway:
            yield f"the gateway of {self.name} changes {gateway}: connections from other networks may break. {back}"

    def _obstacles(self, files: Mapping[str, Seen]) -> Iterator[Obstacle]:
        if STAGED in files:
            yield Obstacle(f"the web interface has changes in {STAGED} that wait", "Apply or revert them there.")
        files = _in_force(files)
        found = {path: self._own(_text(seen)) for path, seen in files.items()}
        here, elsewhere = found.pop(PATH, []), sorted(path for path, each in found.items() if each)
        if elsewhere:
            yield Obstacle(f"{self.name} is configured in {elsewhere[0]}", f"Write there:\n{self._by_hand()}")
        elif not here:
            yield Obstacle(f"{PATH} has no stanza for {self.name}", f"Add, with its ports:\n{self._by_hand()}")
        elif len(here) > 1:
            yield Obstacle(f"{PATH} has {len(here)} stanzas for {self.name}", "Make one of them, then run again.")
        elif here[0].is_continued:
            yield Obstacle(f"the stanza of {self.name} has lines that go on after a backslash", "Write them as one.")
        family = family_of(self.address)
        rivals = [each for seen in files.values() for each in stanzas(_text(seen)) if each.gateway]
        for each in rivals:
            if self.gateway and each.name != self.name and each.family == family:
                reason = f"{each.name} has a gateway, {each.gateway}, and a node has one default route"
                yield Obstacle(reason, f"Take it away there, or network.interfaces.gateway from {self.name}.")

    def _by_hand(self) -> str:
        lines = [f"iface {self.name} {family_of(self.address)} static", f"address {self.address}"]
        lines += [f"gateway {self.gateway}"] if self.gateway else []
        return "\n\t".join(lines)

    def __str__(self) -> str:
        return f"address of {self.name}"


def _unapplied(lines: tuple[str, ...]) -> Iterator[Obstacle]:
    if lines:
        reason = f"{PATH} was edited and is not in force: {', '.join(lines[:3])}{', …' if lines[3:] else ''}"
        yield Obstacle(reason, "Put the edits in force with ifreload -a, or take them back, then run again.")


def _named_by_cluster(files: Mapping[str, Seen], addresses: list[str]) -> Obstacle | None:
    """Where corosync speaks over an address that would go, the node would fall out of its cluster."""
    for path, seen in files.items():
        words = _text(seen).split()
        if found := [each for each in addresses if each in words]:
            return Obstacle(f"{path} names {found[0]}, and the node would leave its cluster", "Change it there first.")
    return None


def main_address(files: Mapping[str, Seen]) -> str:
    """The address of the first interface with a gateway, without its prefix; empty when there is none."""
    found = [each for seen in _in_force(files).values() for each in stanzas(_text(seen))]
    return next((each.addresses[0].partition("/")[0] for each in found if each.gateway and each.addresses), "")


def _in_force(files: Mapping[str, Seen]) -> dict[str, Seen]:
    return {path: seen for path, seen in files.items() if path != STAGED}


def _text(seen: Seen | None) -> str:
    return (seen.text or "") if seen is not None else ""
