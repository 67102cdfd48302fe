"""The restore point: a snapshot to which a container is put back when a run's changes to it fail (spec R5).

Its comment keeps the container's description, which Proxmox leaves as it is when it rolls back, and with it the record
of what is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.features.lifecycle.commands import pct
from phoenix_hypervisor.features.lifecycle.guest import Guest
from phoenix_hypervisor.features.lifecycle.marks import (
    Record,
    record_of,
    snapshot_description,
    snapshot_layers,
    without_record,
)
from phoenix_hypervisor.proxmox.guest import GuestConfig, Section

NAME = "phoenix-restore-point"


def take(ctid: int, layers: Mapping[str, str], description: str) -> Command:
    return pct("snapshot", ctid, NAME, "--description", f"{snapshot_description(layers)}\n{description}".strip())


def description_before(point: Section) -> str:
    """The container's description when the restore point was taken."""
    return point.description.partition("\n")[2].strip()


def with_records(current: Section, point: Section) -> Section:
    """The current section with all that was ours when the restore point was taken, and since."""
    before, now = record_of(description_before(point)), record_of(current.description)
    both = Record(
        before.keys | now.keys, {**before.volumes, **now.volumes}, {**before.unused, **now.unused}, now.layers
    )
    if both == now:
        return current
    text = f"{both} Since {NAME}.\n{without_record(current.description)}".strip()
    return replace(current, description=text)


def put_back(guest: Guest) -> Guest:
    """The guest as it is once it was rolled back; its description and its unused volumes stay."""
    point, now = guest.config.snapshots[NAME], guest.current
    kept = {key: value for key, value in now.options.items() if key.startswith("unused")}
    options = {key: value for key, value in point.options.items() if key not in ("snaptime", "snapstate")}
    current = replace(point, options={**options, **kept, "parent": NAME}, description=now.description)
    layers = snapshot_layers(point.description) or {}
    return replace(guest, config=GuestConfig(current, snapshots=guest.config.snapshots), layers=layers, running=False)


def roll_back(ctid: int, name: str, start: bool) -> Command:
    """Proxmox stops a running container first; ``start``: and starts it afterwards."""
    return pct("rollback", ctid, name, *(("--start", "1") if start else ()), timeout=600.0)


def describe(ctid: int, description: str) -> Command:
    return pct("set", ctid, "--description", description)


def forget(ctid: int) -> Command:
    return pct("delsnapshot", ctid, NAME, timeout=600.0)


_DROP_NEW = """\
ctid=$1 gone=
shift
while IFS= read -r line; do
  case $line in
    '['*) break ;;
    'protection: 1') exit 0 ;;
    unused*)
      volume=${line#*: }
      for kept; do
        if [ "$kept" = "$volume" ]; then volume=; fi
      done
      [ -z "$volume" ] || gone="$gone,${line%%:*}" ;;
  esac
done <"/etc/pve/lxc/$ctid.conf"
[ -z "$gone" ] || exec pct set "$ctid" --delete "${gone#,}"
"""


def drop_new_volumes(ctid: int, kept: Iterable[str]) -> Command:
    """Free the volumes that were not there before the run, which a rollback leaves as unused ones."""
    return Command("sh", "-s", "--", str(ctid), *kept, stdin=_DROP_NEW, timeout=120.0)
