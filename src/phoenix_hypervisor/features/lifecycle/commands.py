"""The commands of a container's life, each a pure function of what is wanted and what was read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.features.lifecycle.marks import CREATING, LAYERS, MARK, TAG, snapshot_description
from phoenix_hypervisor.features.lifecycle.options import Difference, set_arguments

CREATE_LIMIT = 1800.0
STOP_LIMIT = 60


def pct(verb: str, ctid: int, *arguments: str, timeout: float = 120.0) -> Command:
    return Command("pct", verb, str(ctid), *arguments, timeout=timeout)


def begin_creation(ctid: int, before: tuple[str, ...]) -> Command:
    """Leave the mark by which a creation that was cut off is known as ours."""
    text = "".join(f"{name}\n" for name in before) or "none\n"
    script = 'mkdir -p "${1%/*}" && printf %s "$2" >"$1.new" && mv "$1.new" "$1"\n'
    return Command("sh", "-s", "--", f"/{CREATING}/{ctid}", text, stdin=script)


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
    """``pct create`` with every key at once."""
    fixed = ("--rootfs", f"{storage}:{size_gb}", "--unprivileged", str(int(unprivileged)))
    return pct("create", ctid, tarball, *fixed, *set_arguments(differences), timeout=CREATE_LIMIT)


def configure(ctid: int, differences: tuple[Difference, ...]) -> Command:
    return pct("set", ctid, *set_arguments(differences))


def download(volume: str) -> tuple[Command, Command]:
    """Bring the index up to date, then fetch a tarball into its storage; pveam compares the index's checksum."""
    storage, _, path = volume.partition(":")
    fetch = Command("pveam", "download", storage, PurePosixPath(path).name, timeout=CREATE_LIMIT)
    return Command("pveam", "update", timeout=CREATE_LIMIT), fetch


def grow(ctid: int, size_gb: int) -> Command:
    return pct("resize", ctid, "rootfs", f"{size_gb}G")


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


def destroy_volume(dataset: str) -> Command:
    """Destroy a file system with its snapshots, if it is there; what has clones stays, and says so."""
    script = 'if zfs list -H -o name "$1" >/dev/null 2>&1; then exec zfs destroy -r "$1"; fi\n'
    return Command("sh", "-s", "--", dataset, stdin=script)


def destroy(ctid: int) -> Command:
    return pct("destroy", ctid, timeout=600.0)


def snapshot(ctid: int, name: str, layers: Mapping[str, str]) -> Command:
    return pct("snapshot", ctid, name, "--description", snapshot_description(layers))


_LOCKED = """\
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
{_LOCKED}
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
{_LOCKED}
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


_IDENTITY = """\
set -eu
root=$1 name=$2
[ -d "$root/etc" ] || { echo "$root is not mounted" >&2; exit 1; }
for part in "$root" "$root/etc" "$root/etc/ssh" "$root/var" "$root/var/lib" "$root/var/lib/dbus"; do
  [ ! -L "$part" ] || { echo "$part is a symbolic link" >&2; exit 1; }
done
owner=$(stat -c %u:%g "$root/etc")
if [ -e "$root/etc/machine-id" ] || [ -L "$root/etc/machine-id" ]; then
  rm -f "$root/etc/machine-id"
  : >"$root/etc/machine-id"
  chmod 444 "$root/etc/machine-id"
  chown "$owner" "$root/etc/machine-id"
fi
if [ -f "$root/var/lib/dbus/machine-id" ] && [ ! -L "$root/var/lib/dbus/machine-id" ]; then
  rm -f "$root/var/lib/dbus/machine-id"
fi
for key in "$root"/etc/ssh/ssh_host_*_key; do
  [ -e "$key" ] || [ -L "$key" ] || continue
  kind=${key##*/ssh_host_}
  kind=${kind%_key}
  if [ -L "$key" ] || [ ! -f "$key" ]; then rm -rf "$key"; fi
  if [ -L "$key.pub" ] || [ ! -f "$key.pub" ]; then rm -rf "$key.pub"; fi
  rm -rf "$key.phoenix" "$key.phoenix.pub"
  case $kind in
    rsa | ecdsa | ed25519) ;;
    *)
      rm -f "$key" "$key.pub"
      continue ;;
  esac
  ssh-keygen -q -t "$kind" -N '' -C "root@$name" -f "$key.phoenix"
  chown "$owner" "$key.phoenix" "$key.phoenix.pub"
  mv -f "$key.phoenix.pub" "$key.pub"
  mv -f "$key.phoenix" "$key"
done
"""


def reset_identity(mountpoint: str, hostname: str) -> Command:
    """Give the clone a machine-id and SSH host keys of its own, before its first start (spec L10).

    They belong to whom ``/etc`` belongs to: the container's root, whatever its id map. Links are removed, not followed.
    """
    return Command("sh", "-s", "--", mountpoint, hostname, stdin=_IDENTITY, timeout=120.0)


_RELEASE = f"""\
{_LOCKED}
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
    'arch: '* | 'ostype: '* | 'unprivileged: '* | 'cmode: '* | 'console: '* | 'tty: '* | 'lxc.idmap: '*)
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


_READY = """\
case $(readlink -f /sbin/init 2>/dev/null) in
  */systemd)
    state=$(systemctl is-system-running 2>/dev/null)
    case $state in
      running | degraded) ;;
      *)
        echo "init: ${state:-does not answer yet}" >&2
        exit 1 ;;
    esac ;;
esac
[ "$1" = none ] || [ -n "$(ip -o addr show dev "$1" scope global 2>/dev/null)" ] || {
  echo "no address on $1" >&2
  exit 1
}
[ "$2" = names ] || exit 0
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
  [ -f "$file" ] || continue
  while read -r type uri rest; do
    case $type$uri in
      '#'*) continue ;;
      *http://* | *https://*)
        host=${uri#*://}
        host=${host%%/*}
        host=${host##*@}
        getent hosts "${host%%:*}" >/dev/null && exit 0
        echo "$host does not resolve" >&2
        exit 1 ;;
    esac
  done <"$file"
done
"""


def ready(interface: str | None, names: bool) -> Command:
    """Inside: init done, an address on the interface, the package sources' host resolved where names are needed."""
    return Command("sh", "-s", "--", interface or "none", "names" if names else "-", stdin=_READY, timeout=20.0)


_STAMP = """\
set -eu
for part in /var/lib/phoenix "/$1"; do
  if [ -L "$part" ]; then rm -f "$part"; fi
done
mkdir -p "/$1"
printf '%s\\n' "$3" >"/$1/.$2.new"
mv "/$1/.$2.new" "/$1/$2"
"""


def stamp(layer: str, digest: str) -> Command:
    """Inside: say that the layer is established."""
    return Command("sh", "-s", "--", LAYERS, layer, digest, stdin=_STAMP)


_INSTALL = """\
set -eu
umask 077
mkdir -p "${1%/*}"
cat >"$1.new"
chmod 700 "$1.new"
mv "$1.new" "$1"
"""


def install_script(path: str, content: str) -> Command:
    """Bring a script to a machine, executable. The content is standard input of the last program."""
    return Command("sh", "-c", _INSTALL, "sh", path, stdin=content)


def run_script(path: str, ctid: int, slice_json: str) -> Command:
    """Run a script with the CTID as its argument and the container's slice on standard input (spec S5)."""
    return Command(path, str(ctid), stdin=slice_json, timeout=CREATE_LIMIT, confidential=True)


def carry_script(ctid: int, source: str, path: str, digest: str) -> Command:
    """Bring a script that lies on the node into the container, if it is the one that was planned (SHA-256)."""
    script = (
        'found=$(sha256sum <"$2") || exit 1\n'
        '[ "${found%% *}" = "$5" ] || { echo "$2 changed meanwhile" >&2; exit 1; }\n'
        'exec lxc-attach -n "$1" --clear-env -- sh -c "$4" sh "$3" <"$2"\n'
    )
    return Command("sh", "-s", "--", str(ctid), source, path, _INSTALL, digest, stdin=script)
