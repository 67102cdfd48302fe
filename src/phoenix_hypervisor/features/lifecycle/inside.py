"""What is run in a container to look whether it is ready, to bring and run scripts, and to stamp its layers."""

from __future__ import annotations

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.features.lifecycle.commands import CREATE_LIMIT
from phoenix_hypervisor.features.lifecycle.marks import LAYERS

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
if [ "$1" != none ] && [ -z "$(ip -o addr show dev "$1" scope global 2>/dev/null)" ]; then
  if ! command -v ip >/dev/null; then
    echo "ip is missing (package iproute2)" >&2
  elif ip link show dev "$1" >/dev/null 2>&1; then
    echo "no address on $1" >&2
  else
    echo "there is no $1" >&2
  fi
  exit 1
fi
[ "$2" = names ] || exit 0
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
  [ -f "$file" ] || continue
  while read -r line; do
    case $line in
      '#'*) continue ;;
      *http://* | *https://*)
        host=${line#*://}
        host=${host%%[/ ]*}
        host=${host##*@}
        host=${host%%:*}
        timeout 10 getent hosts "$host" >/dev/null && exit 0
        servers=$(sed -n 's/^ *nameserver *//p' /etc/resolv.conf 2>/dev/null | tr '\\n' ' ')
        if [ -z "$servers" ]; then
          why="/etc/resolv.conf names no name server"
        elif [ -z "$(ip route show default; ip -6 route show default)" ]; then
          why="there is no default route"
        else
          why="asked was ${servers% }"
        fi
        echo "$host does not resolve: $why" >&2
        exit 1 ;;
    esac
  done <"$file"
done
"""


def ready(interface: str | None, names: bool) -> Command:
    """Inside: init done, an address on the interface, the package sources' host resolved where names are needed."""
    return Command("sh", "-s", "--", interface or "none", "names" if names else "-", stdin=_READY, timeout=20.0)


_LOOK_INSIDE = """\
if [ "$(lxc-info -n "$1" -s -H 2>/dev/null)" != RUNNING ]; then
  echo "CT $1 does not run any more"
  exit 0
fi
exec lxc-attach -n "$1" --clear-env -- sh -s
"""
_TROUBLES = """\
units() { systemctl list-units --state="$1" --plain --no-legend 2>/dev/null | cut -d ' ' -f 1; }
log() { journalctl --unit "$1" --lines 5 --output cat --no-pager 2>/dev/null; }
for unit in $(units failed); do
  case $unit in sys-kernel-*.mount) continue ;; esac
  echo "$unit failed; its log ends with:"
  log "$unit"
done
for unit in $(units auto-restart); do
  echo "$unit ends again and again; its log ends with:"
  log "$unit"
done
systemctl list-jobs --no-legend 2>/dev/null | while read -r _ unit type state; do
  [ "$type $state" != "start running" ] || echo "$unit is still starting"
done
"""


def troubles(ctid: int) -> Command:
    """On the node: why a container does not get there, in lines.

    That it does not run; its units that failed or end again and again, with the last lines of their logs; what is
    still starting. The kernel's own file systems, which no unprivileged container may mount, are no reason.
    """
    return Command("sh", "-c", _LOOK_INSIDE, "look-inside", str(ctid), stdin=_TROUBLES, timeout=20.0)


def healthy(line: str, interval: float) -> Command:
    """Inside: the check that the configuration names, a line for ``sh``; it may take as long as its interval."""
    return Command("sh", "-c", line, timeout=max(interval, 10.0))


_STAMP = """\
set -eu
for part in /var/lib/phoenix "/$1"; do
  if [ -L "$part" ]; then rm -f "$part"; fi
done
mkdir -p "/$1"
printf '%s\\n' "$3" >"/$1/.$2.new"
sync "/$1/.$2.new"
mv "/$1/.$2.new" "/$1/$2"
"""


def stamp(layer: str, digest: str) -> Command:
    """Inside: say that the layer is established."""
    return Command("sh", "-s", "--", LAYERS, layer, digest, stdin=_STAMP)


def unstamp(layer: str) -> Command:
    """Inside: say that the layer is not established."""
    return Command("rm", "-f", f"/{LAYERS}/{layer}")


_INSTALL = """\
set -eu
umask 077
mkdir -p "${1%/*}"
cat >"$1.new"
chmod 700 "$1.new"
sync "$1.new"
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


_GIVE = """\
[ -s "$2" ] || exit 0
size=$(($(wc -c <"$2")))
exec lxc-attach -n "$1" --clear-env -- sh -c '
  set -eu
  umask 077
  mkdir -p "${1%/*}"
  cat >"$1.part"
  [ "$(($(wc -c <"$1.part")))" -eq "$2" ]
  sync "$1.part"
  mv -f "$1.part" "$1"
' sh "$3" "$size" <"$2"
"""


def give(ctid: int, source: str, path: str) -> Command:
    """Give a container a file of the node's, whole or not at all; nothing where the node has none."""
    return Command("sh", "-c", _GIVE, "give-file", str(ctid), source, path, timeout=1800.0)
