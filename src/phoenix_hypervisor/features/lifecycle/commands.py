"""The commands of a container's life, each a pure function of what is wanted and what was read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.features.lifecycle.marks import CREATING, MARK, TAG, snapshot_description
from phoenix_hypervisor.features.lifecycle.options import Difference, set_arguments

CREATE_LIMIT = 1800.0
COPY_LIMIT = 4 * 3600.0
"""A full clone copies every file, and is not to be killed for being large."""
CHANGE_LIMIT = 600.0
"""A change of a configuration may allocate or free a volume, or flush a running container's files, on a slow disk."""
REMOVE_LIMIT = 1800.0
STOP_LIMIT = 60


def pct(verb: str, ctid: int, *arguments: str, timeout: float = CHANGE_LIMIT) -> Command:
    return Command("pct", verb, str(ctid), *arguments, timeout=timeout)


_BEGIN = """\
set -eu
mark=$1 text=$2
shift 2
[ ! -e "$mark" ] || exit 0
for storage; do
  listed=$(pvesm list "$storage" --vmid "${mark##*/}")
  text="$text$(printf '%s\\n' "$listed" | sed -n 's/^\\([^ :]*:[^ ]*\\).*/\\1/p')
"
done
mkdir -p "${mark%/*}"
printf %s "$text" >"$mark.new"
sync "$mark.new"
mv "$mark.new" "$mark"
sync "${mark%/*}"
"""


def begin_creation(
    ctid: int, before: tuple[str, ...], source: int | None = None, storages: tuple[str, ...] = ()
) -> Command:
    """Leave the mark by which a creation that was cut off is known as ours; one that is there already counts.

    ``before``: the datasets that are there already; ``source``: what ``pct clone`` is to copy; ``storages``: those
    whose volumes only Proxmox can list, which it is asked to.
    """
    words = (*before, *((f"copy-of:{source}",) if source is not None else ()), *(f"on={each}" for each in storages))
    text = "".join(f"{word}\n" for word in words) or "none\n"
    return Command("sh", "-s", "--", f"/{CREATING}/{ctid}", text, *storages, stdin=_BEGIN)


UNNAMED = """\
set -eu
ctid=$1 mark=/$2/$1 conf=/etc/pve/lxc/$1.conf
shift 2
all=
for storage; do
  listed=$(pvesm list "$storage" --vmid "$ctid")
  all="$all$listed
"
done
unnamed() {
  printf '%s' "$all" | while read -r volume rest; do
    case ${volume#*:} in
      vm-"$ctid"-disk-* | base-"$ctid"-disk-* | "$ctid"/vm-"$ctid"-disk-* | "$ctid"/base-"$ctid"-disk-*) ;;
      subvol-"$ctid"-disk-* | basevol-"$ctid"-disk-* | "$ctid"/subvol-"$ctid"-disk-*) ;;
      *) continue ;;
    esac
    grep -qsxF "$volume" "$mark" || grep -qsF "$volume" "$conf" || echo "$volume"
  done
}
"""
"""Tells the volumes on storages that a creation of ours has allocated and no configuration names."""
_FREE = f"""\
{UNNAMED}
for volume in $(unnamed); do
  pvesm free "$volume"
done
"""


def free_unnamed(ctid: int, storages: tuple[str, ...]) -> tuple[Command, ...]:
    """Free what a creation of ours has allocated there and no configuration names."""
    return (
        (Command("sh", "-s", "--", str(ctid), CREATING, *storages, stdin=_FREE, timeout=REMOVE_LIMIT),)
        if storages
        else ()
    )


_DESTROY_REMAINS = """\
set -eu
command -v zfs >/dev/null || exit 0
datasets=$(zfs list -H -t filesystem -o name)
for dataset in $datasets; do
  case ${dataset##*/} in
    subvol-"$1"-disk-* | basevol-"$1"-disk-*) grep -qxF "$dataset" "/$2/$1" || zfs destroy -r "$dataset" ;;
  esac
done
"""


def destroy_remains(ctid: int) -> Command:
    """Destroy the container's file systems that were not there when its creation began, as our mark of it says."""
    return Command("sh", "-s", "--", str(ctid), CREATING, stdin=_DESTROY_REMAINS, timeout=REMOVE_LIMIT)


_FREE_ID = """\
if [ -e "/etc/pve/lxc/$1.conf" ] || grep -qs "\\"$1\\":" /etc/pve/.vmlist; then
  echo "CT $1 already exists" >&2
  exit 17
fi
"""


def require_free_id(ctid: int) -> Command:
    """Refuse an id that somebody took since the node was read."""
    return Command("sh", "-s", "--", str(ctid), stdin=_FREE_ID)


_OURS = f"""\
conf=/etc/pve/lxc/$1.conf
if [ -e "$conf" ]; then
  current=$(sed '/^\\[/,$d' "$conf")
  printf '%s\\n' "$current" | grep -q '^rootfs: ' || exit 0
  printf '%s\\n' "$current" | grep -Eq '^tags: (.*[;, ])?{TAG}([;, ].*)?$|^#{MARK}' || {{
    echo "CT $1 was not made by Phoenix" >&2
    exit 1
  }}
elif grep -qs "\\"$1\\":" /etc/pve/.vmlist; then
  echo "the id $1 belongs to another guest" >&2
  exit 1
fi
"""


def require_ours(ctid: int) -> Command:
    """Refuse to remove what somebody else made under the id since the node was read."""
    return Command("sh", "-s", "--", str(ctid), stdin=_OURS)


def end_creation(ctid: int) -> Command:
    return Command("rm", "-f", f"/{CREATING}/{ctid}")


def end_failed_destruction(ctid: int) -> Command:
    """A destruction that was refused left everything as it was; one that was begun keeps our mark."""
    script = 'grep -qs "^lock: destroyed" "/etc/pve/lxc/$1.conf" || rm -f "/$2/$1"\n'
    return Command("sh", "-s", "--", str(ctid), CREATING, stdin=script)


def end_failed_creation(ctid: int) -> Command:
    """A creation that failed and cleared up after itself left nothing that our mark should stand for."""
    script = '[ -e "/etc/pve/lxc/$1.conf" ] || rm -f "/$2/$1"\n'
    return Command("sh", "-s", "--", str(ctid), CREATING, stdin=script)


def unmount_remains(ctid: int) -> Command:
    """A creation that was killed leaves the root file system mounted; nothing could destroy it then."""
    script = 'root=/var/lib/lxc/$1/rootfs\nif grep -qs " $root " /proc/self/mountinfo; then umount -R "$root"; fi\n'
    return Command("sh", "-s", "--", str(ctid), stdin=script)


def create(
    ctid: int,
    tarball: str,
    storage: str,
    size_gb: int,
    unprivileged: bool,
    differences: tuple[Difference, ...],
) -> Command:
    """``pct create`` with every key at once, volumes included."""
    fixed = ("--rootfs", f"{storage}:{size_gb}", "--unprivileged", str(int(unprivileged)))
    return pct("create", ctid, tarball, *fixed, *set_arguments(differences), timeout=CREATE_LIMIT)


def lift_protection(ctid: int) -> Command:
    return pct("set", ctid, "--delete", "protection")


def configure(ctid: int, differences: tuple[Difference, ...], waiting: frozenset[str]) -> tuple[Command, ...]:
    """One ``pct set``; a second one before it where a change that waits for a restart is to be forgotten.

    ``waiting``: the keys with a pending value, which would win over a deletion.
    """
    forgotten = sorted(each.key for each in differences if each.key in waiting and (each.holds or each.wanted is None))
    left = tuple(each for each in differences if not each.holds)
    revert = (pct("set", ctid, "--revert", ",".join(forgotten)),) if forgotten else ()
    return (*revert, pct("set", ctid, *set_arguments(left))) if left else revert


def download(volume: str) -> tuple[Command, Command]:
    """Bring the index up to date, then fetch a tarball into its storage; pveam compares the index's checksum."""
    storage, _, path = volume.partition(":")
    fetch = Command("pveam", "download", storage, PurePosixPath(path).name, timeout=CREATE_LIMIT)
    return Command("pveam", "update", timeout=CREATE_LIMIT), fetch


_GROW = """\
said=$(pct resize "$1" "$2" "$3" 2>&1) && exit 0
case $said in *'disk is already at specified size'*) exec pct rescan --vmid "$1" ;; esac
printf '%s\\n' "$said" >&2
exit 1
"""


def grow(ctid: int, key: str, size_gb: int) -> Command:
    """Grow a volume; one that has grown already, before a run was cut off, only has its size written down."""
    return Command("sh", "-s", "--", str(ctid), key, f"{size_gb}G", stdin=_GROW, timeout=600.0)


def start(ctid: int) -> Command:
    return pct("start", ctid)


def stop(ctid: int) -> Command:
    """Shut down in order, and stop by force what does not."""
    options = ("--timeout", str(STOP_LIMIT), "--forceStop", "1")
    return pct("shutdown", ctid, *options, timeout=STOP_LIMIT + 60.0)


def stopped(ctid: int) -> Command:
    """Succeeds when the container does not run: exit code 0 of a shutdown is not the truth."""
    script = '! lxc-ls --running -1 | grep -qx "$1" || { echo "it still runs" >&2; exit 1; }\n'
    return Command("sh", "-s", "--", str(ctid), stdin=script)


def clear_snapshot(ctid: int, name: str, dataset: str | None) -> tuple[Command, ...]:
    """Remove an unfinished snapshot: in ZFS first, as the section tells that it is ours until both are gone."""
    section = pct("delsnapshot", ctid, name, "--force", "1")
    if dataset is None:
        return (section,)
    script = 'if zfs list -H -t snapshot -o name "$1" >/dev/null 2>&1; then exec zfs destroy "$1"; fi\n'
    return Command("sh", "-s", "--", f"{dataset}@{name}", stdin=script), section


_DROP_EMPTY = """\
zfs list -H -o name "$3" >/dev/null || exit 1
if zfs list -H -t snapshot -o name "$3@$2" >/dev/null 2>&1; then echo "$3@$2 is there after all" >&2 && exit 1; fi
exec pct delsnapshot "$1" "$2" --force 1
"""


def drop_empty_snapshot(ctid: int, name: str, dataset: str) -> Command:
    """Remove the section of a snapshot whose data is gone; not where it turns out to be there."""
    return Command("sh", "-s", "--", str(ctid), name, dataset, stdin=_DROP_EMPTY, timeout=120.0)


def make_base(ctid: int) -> Command:
    return pct("template", ctid, timeout=600.0)


def base_of(dataset: str | None) -> str | None:
    """The dataset's name once Proxmox has made a base volume of it."""
    if dataset is None:
        return None
    parent, _, leaf = dataset.rpartition("/")
    return f"{parent}/{leaf.replace('subvol-', 'basevol-', 1)}"


def take_back_base(datasets: tuple[str, ...]) -> Command:
    """Give volumes that a cut off ``pct template`` has renamed their names back; its own snapshot goes."""
    script = """\
set -eu
for name; do
  base=${name%/*}/basevol-${name##*/subvol-}
  if zfs list -H -t snapshot -o name "$base@__base__" >/dev/null 2>&1; then zfs destroy "$base@__base__"; fi
  zfs rename "$base" "$name"
done
"""
    return Command("sh", "-s", "--", *datasets, stdin=script)


def destroy_volume(dataset: str) -> Command:
    """Destroy a file system with its snapshots, if it is there; what has clones stays, and says so."""
    script = 'if zfs list -H -o name "$1" >/dev/null 2>&1; then exec zfs destroy -r "$1"; fi\n'
    return Command("sh", "-s", "--", dataset, stdin=script, timeout=REMOVE_LIMIT)


def destroy(ctid: int) -> Command:
    return pct("destroy", ctid, timeout=REMOVE_LIMIT)


def snapshot(ctid: int, name: str, layers: Mapping[str, str]) -> Command:
    return pct("snapshot", ctid, name, "--description", snapshot_description(layers))
