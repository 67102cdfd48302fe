"""Making a container from a snapshot, which no command of Proxmox does: its files are written here.

Source: docs/decisions/0002-cloning-snapshots.md.
"""

from __future__ import annotations

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.features.lifecycle.marks import MARK, TAG

LOCKED = """\
set -eu
mkdir -p /run/lock/lxc
exec 9>"/run/lock/lxc/pve-config-$1.lock"
flock -w 10 9 || {
  echo "can't lock file '/run/lock/lxc/pve-config-$1.lock' - got timeout" >&2
  exit 1
}
conf=/etc/pve/lxc/$1.conf
"""
"""Proxmox's own lock of a container's configuration, and the file."""

_KEEP_SNAPSHOT = f"""\
{LOCKED}
section=
text=
while IFS= read -r line; do
  case $line in
    '['*) section=$line ;;
    'snapstate: '*) [ "$section" != "[$2]" ] || continue ;;
  esac
  text="$text$line
"
done <"$conf"
printf %s "$text" >"$conf.tmp.phoenix"
mv "$conf.tmp.phoenix" "$conf"
"""


def keep_snapshot(ctid: int, name: str) -> Command:
    """Take back a removal that cannot be finished, because clones hang on the snapshot."""
    return Command("sh", "-s", "--", str(ctid), name, stdin=_KEEP_SNAPSHOT)


_TAKE_ID = f"""\
{LOCKED}
if [ -e "$conf" ] || grep -q "\\"$1\\":" /etc/pve/.vmlist; then
  echo "CT $1 already exists" >&2
  exit 17
fi
printf %s "$2" >"$conf.tmp.phoenix"
mv "$conf.tmp.phoenix" "$conf"
"""


def take_id(ctid: int, mark: str, hostname: str) -> Command:
    """Take the id with a configuration that is locked and carries our mark."""
    text = f"#{mark}\nhostname: {hostname}\nlock: create\ntags: {TAG}\n"
    return Command("sh", "-s", "--", str(ctid), text, stdin=_TAKE_ID)


def clone_dataset(snapshot: str, dataset: str, size_gb: int) -> Command:
    """``zfs clone``: constant time and space; what clones do not inherit is given."""
    properties = ("-o", f"refquota={size_gb}G", "-o", "acltype=posixacl", "-o", "xattr=sa")
    return Command("zfs", "clone", *properties, snapshot, dataset)


_RELEASE = f"""\
{LOCKED}
source=$2 snapshot=$3 text=$4
if ! grep -q '^lock: create$' "$conf" || ! grep -q "Being cloned from $source@$snapshot" "$conf"; then
  echo "$conf is no longer the clone that was begun" >&2
  exit 1
fi
section=
kept=
while IFS= read -r line; do
  case $line in
    '['*) section=$line ;;
    'arch: '* | 'ostype: '* | 'unprivileged: '* | 'cmode: '* | 'console: '* | 'tty: '*)
      if [ "$section" = "[$snapshot]" ]; then
        kept="$kept$line
"
      fi ;;
  esac
done <"/etc/pve/lxc/$source.conf"
if [ -z "$kept" ]; then
  echo "CT $source has no snapshot $snapshot" >&2
  exit 1
fi
printf '%s%s' "$text" "$kept" >"$conf.tmp.phoenix"
mv "$conf.tmp.phoenix" "$conf"
"""


def release_clone(ctid: int, source: int, snapshot: str, hostname: str, volume: str, size_gb: int) -> Command:
    """Write the clone's final configuration: what the source's snapshot fixes, and volume and name of its own."""
    text = f"#{MARK}\nhostname: {hostname}\nrootfs: {volume},size={size_gb}G\ntags: {TAG}\n"
    return Command("sh", "-s", "--", str(ctid), str(source), snapshot, text, stdin=_RELEASE)
