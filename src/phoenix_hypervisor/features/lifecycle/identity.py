"""What no two clones may share: machine-id and SSH host keys (spec L10)."""

from __future__ import annotations

from phoenix_hypervisor.command import Command

_RESET = """\
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
  sync "$key.phoenix" "$key.phoenix.pub"
  mv -f "$key.phoenix.pub" "$key.pub"
  mv -f "$key.phoenix" "$key"
done
"""
_LIMIT = 120.0


def reset_identity(mountpoint: str, hostname: str) -> Command:
    """Give the clone a machine-id and SSH host keys of its own, before its first start.

    They belong to whom ``/etc`` belongs to: the container's root, whatever its id map. Links are removed, not followed.
    """
    return Command("sh", "-s", "--", mountpoint, hostname, stdin=f"set -eu\nroot=$1 name=$2\n{_RESET}", timeout=_LIMIT)


ROOT_OF = """\
set -eu
volume=$(sed -n 's/^rootfs: [^:]*:\\([^,]*\\).*/\\1/p' "/etc/pve/lxc/$3.conf" | head -n 1)
[ -n "$volume" ] || { echo "CT $3 has no root file system" >&2; exit 1; }
root=$1/${volume##*/} name=$2
"""


def reset_copied_identity(parent: str, ctid: int, hostname: str) -> Command:
    """The same where Proxmox has named the volume; ``parent`` is where the storage's volumes are mounted."""
    return Command("sh", "-s", "--", parent, hostname, str(ctid), stdin=ROOT_OF + _RESET, timeout=_LIMIT)


IDENTITY = """\
[ -d "$root/etc" ] || { echo "$root is not mounted"; exit 0; }
[ ! -s "$root/etc/machine-id" ] || echo "$root has a machine-id of another container"
for key in "$root"/etc/ssh/ssh_host_*_key.pub; do
  [ -f "$key" ] && [ ! -L "$key" ] || continue
  read -r kind public comment <"$key" || true
  [ "$comment" = "root@$name" ] || echo "${key##*/} below $root is another container's"
done
"""
"""Tells what of an identity is not the container's own, before its first start."""
