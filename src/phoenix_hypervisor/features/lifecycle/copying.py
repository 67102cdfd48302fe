"""Clones that Proxmox makes: linked ones of its templates, full copies of anything. Source: pct(1), PVE::API2::LXC."""

from __future__ import annotations

from collections.abc import Iterable

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.features.lifecycle.commands import COPY_LIMIT, REMOVE_LIMIT, pct
from phoenix_hypervisor.features.lifecycle.marks import CREATING


def link(source: int, ctid: int, hostname: str, record: str) -> Command:
    """A linked clone of a template; it stays on the storage of its source."""
    return _clone(source, ctid, "--hostname", hostname, "--description", record)


def copy(source: int, ctid: int, hostname: str, record: str, storage: str, snapshot: str | None) -> Command:
    """A full copy, of a snapshot or, where there is none, of a container that does not run."""
    of = ("--snapname", snapshot) if snapshot else ()
    named = ("--hostname", hostname, "--description", record)
    return _clone(source, ctid, "--full", "1", *of, "--storage", storage, *named)


def _clone(source: int, ctid: int, *options: str) -> Command:
    return pct("clone", source, str(ctid), *options, timeout=COPY_LIMIT)


_END_FAILED = """\
locked=$(sed '/^\\[/,$d' "/etc/pve/lxc/$2.conf" | grep '^lock: disk$')
if [ -e "/etc/pve/lxc/$1.conf" ]; then
  [ -z "$locked" ] || exec pct unlock "$2"
else
  [ -n "$locked" ] || rm -f "/$3/$1"
fi
"""


def end_failed(ctid: int, source: int) -> Command:
    """A copy that failed: what cleared up after itself, or was never begun, keeps no mark of ours.

    One that was ended in the middle leaves a lock on its source; where nothing of the copy is there, the lock may be
    somebody else's, and the mark stays for the next run to see. No other clone of ours is at work: each holds its
    source's lock in the walk.
    """
    return Command("sh", "-s", "--", str(ctid), str(source), CREATING, stdin=_END_FAILED, timeout=60.0)


_UNLOCK = """\
tasks=/var/log/pve/tasks/active
[ -e "$tasks" ] || exec pct unlock "$1"
while IFS=: read -r word node process start rest; do
  case $word:$rest in UPID:*:vzclone:"$1":*) ;; *) continue ;; esac
  began=$(sed 's/.*) //' "/proc/$((0x$process))/stat" 2>/dev/null | cut -d ' ' -f 20)
  if [ "$began" = "$((0x$start))" ]; then
    echo "CT $1 is being cloned, by task ${rest##*:vzclone} of process $((0x$process))" >&2
    exit 1
  fi
done <"$tasks"
exec pct unlock "$1"
"""


def unlock_source(source: int) -> Command:
    """Lift the lock that a cut off clone left on its source; not while a task of Proxmox's clones it.

    Source: PVE::INotify, read_active_workers; PVE::ProcFSTools, check_process_running.
    """
    return Command("sh", "-s", "--", str(source), stdin=_UNLOCK, timeout=120.0)


def drop_volumes(ctid: int, keys: Iterable[str], protected: bool, unused: Iterable[str] = ()) -> tuple[Command, ...]:
    """Free the copies of volumes that the source has beside its root: a clone has its own, or none.

    ``unused``: those that an earlier run has taken out already.
    """
    mounted, taken = tuple(keys), tuple(unused)
    if not mounted and not taken:
        return ()
    free = (key for number in range(256) if (key := f"unused{number}") not in taken)
    gone = (*taken, *(key for key, _ in zip(free, mounted, strict=False)))
    lift = (pct("set", ctid, "--delete", "protection"),) if protected else ()
    out = (pct("set", ctid, "--delete", ",".join(mounted)),) if mounted else ()
    return (*lift, *out, pct("set", ctid, "--delete", ",".join(gone)))


def mount(ctid: int) -> Command:
    """Mount its file systems on the node, at ``mounted``."""
    return pct("mount", ctid)


def unmount(ctid: int) -> Command:
    return pct("unmount", ctid)


def mounted(ctid: int) -> str:
    return f"/var/lib/lxc/{ctid}/rootfs"


_REMOVE = """\
conf=/etc/pve/lxc/$1.conf
if [ -e "$conf" ]; then
  if lxc-ls --running -1 | grep -qx "$1"; then pct stop "$1" || exit 1; fi
  if grep -q '^lock: ' "$conf"; then pct unlock "$1" || exit 1; fi
  if grep -q '^protection: 1$' "$conf"; then pct set "$1" --delete protection || exit 1; fi
  pct destroy "$1" || exit 1
fi
"""


def remove(ctid: int) -> Command:
    """Destroy what a run has made of a container, however far it came."""
    return Command("sh", "-s", "--", str(ctid), stdin=_REMOVE, timeout=REMOVE_LIMIT)
