"""Raw ``lxc.*`` lines of a container: bind mounts, id maps, what Proxmox has no key for.

They act when the container starts, and stand in the current section of its file only: what is appended to a file with
snapshots belongs to the last of them. Source: lxc.container.conf(5), PVE::LXC::Config.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.features.lifecycle.cloning import LOCKED

UNPRIVILEGED_BASE = 100_000
_RANGE = 65_536
Lines = tuple[tuple[str, str], ...]
IdRange = tuple[Literal["u", "g", "both"], int, int, int]
"""Whose ids, the first on the node, the first in the container, how many."""


def mount_entry(host_path: str, container_path: str) -> tuple[str, str]:
    """The line that shows a folder of the node in the container, which blocks neither snapshot nor clone."""
    source, target = _escaped(host_path), _escaped(container_path.lstrip("/"))
    return "lxc.mount.entry", f"{source} {target} none bind,create=dir 0 0"


def _escaped(path: str) -> str:
    """As getmntent(3) reads it, by which LXC does."""
    return path.replace("\\", "\\134").replace(" ", "\\040").replace("\t", "\\011")


def id_map_lines(ranges: Iterable[IdRange]) -> Iterator[tuple[str, str]]:
    """The whole map: the declared ranges, and Proxmox's own (100000 up) around them."""
    declared = tuple(ranges)
    for kind in ("u", "g") if declared else ():
        position = 0
        for whose, host, inside, size in sorted(declared, key=lambda each: each[2]):
            if whose not in (kind, "both"):
                continue
            if inside > position:
                yield "lxc.idmap", f"{kind} {position} {UNPRIVILEGED_BASE + position} {inside - position}"
            yield "lxc.idmap", f"{kind} {inside} {host} {size}"
            position = inside + size
        if position < _RANGE:
            yield "lxc.idmap", f"{kind} {position} {UNPRIVILEGED_BASE + position} {_RANGE - position}"


def host_id(container_id: int, kind: Literal["u", "g"], ranges: Iterable[IdRange], unprivileged: bool) -> int:
    """The id on the node behind an id in the container."""
    if not unprivileged:
        return container_id
    for whose, host, inside, size in ranges:
        if whose in (kind, "both") and inside <= container_id < inside + size:
            return host + container_id - inside
    return UNPRIVILEGED_BASE + container_id


_WRITE = f"""\
{LOCKED}
lines=$2
if grep -q '^lock: ' "$conf"; then
  echo "CT is locked ($(sed -n 's/^lock: //p' "$conf" | head -n 1))" >&2
  exit 255
fi
current=1
text=
while IFS= read -r line || [ -n "$line" ]; do
  case $current$line in
    '1['*)
      text="$text$lines
"
      current=0 ;;
    1 | 1lxc.*) continue ;;
  esac
  text="$text$line
"
done <"$conf"
[ "$current" = 0 ] || text=$text$lines
printf %s "$text" >"$conf.tmp.phoenix"
mv "$conf.tmp.phoenix" "$conf"
"""


def write_lines(ctid: int, lines: Lines) -> Command:
    """Make these the raw lines of the current section, under Proxmox's own lock of the file."""
    text = "".join(f"{key}: {value}\n" for key, value in lines)
    return Command("sh", "-s", "--", str(ctid), text, stdin=_WRITE)


_SUBIDS = """\
set -eu
file=$1
shift
[ ! -s "$file" ] || [ -z "$(tail -c 1 "$file")" ] || echo >>"$file"
for range; do
  grep -qxF "root:$range" "$file" 2>/dev/null || printf 'root:%s\\n' "$range" >>"$file"
done
"""


def allow_ids(file: str, ranges: Iterable[tuple[int, int]]) -> Command:
    """Let root map these ids of the node (first, how many): lines of subuid(5) and subgid(5)."""
    return Command("sh", "-s", "--", file, *(f"{first}:{count}" for first, count in ranges), stdin=_SUBIDS)


_FOLDER = """\
set -eu
if [ ! -d "$1" ]; then
  [ ! -e "$1" ] || { echo "$1 is no folder" >&2; exit 1; }
  mkdir -p "$1"
fi
chown "$2" "$1"
"""


def make_folder(path: str, owner: str) -> Command:
    """A folder of the node with the owner that the container is to see (``UID:GID`` on the node)."""
    return Command("sh", "-s", "--", path, owner, stdin=_FOLDER)
