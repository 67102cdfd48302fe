"""What a node tells of itself and its guests, as facts that are read together in one round trip.

Everything is read through files and C programs; Proxmox's own commands would cost half a second each. File names are
relative to the machine's root, so that the same text runs over a folder.
"""

from __future__ import annotations

import json
import re
from pathlib import PurePosixPath

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.features.lifecycle import firewall
from phoenix_hypervisor.features.lifecycle.marks import CREATING, LAYERS
from phoenix_hypervisor.machine import Fact, answered
from phoenix_hypervisor.proxmox.storage import Storage, parse_storages

NOT_FOUND = 127
_NAME = re.compile(r"[A-Za-z0-9_.\-]*")
"""What lxc-ls may tell: containers that are none of Proxmox's have names of letters."""
_OWNER = re.compile(r"(?P<uid>\d+) (?P<gid>\d+) (?P<folder>/.*)")
SCRIPTS = "usr/local/phoenix_hypervisor/bin"
_LIMIT = 30.0


def _script(text: str, *arguments: str) -> Command:
    return Command("sh", "-s", "--", *arguments, stdin=text, timeout=_LIMIT)


def _node_name(result: Result) -> str:
    """The node's name as Proxmox knows it: where /etc/pve/local points."""
    return PurePosixPath(answered(result, "its name (/etc/pve/local); is it a Proxmox VE node?").strip()).name


def _vmlist(result: Result) -> dict[int, tuple[str, str]]:
    """CTID to (node, type) of every guest of the cluster."""
    try:
        listed = json.loads(answered(result, "its guests (/etc/pve/.vmlist); is it a Proxmox VE node?"))["ids"]
        return {int(ctid): (entry["node"], entry["type"]) for ctid, entry in listed.items()}
    except (ValueError, KeyError, TypeError) as error:
        raise NodeError("The node's list of guests (/etc/pve/.vmlist) cannot be read.") from error


def _files(result: Result) -> dict[str, str]:
    """File name to content, of ``grep -H ''`` over many files."""
    found: dict[str, list[str]] = {}
    for line in answered(result, "what stands in its files").splitlines():
        name, _, text = line.partition(":")
        found.setdefault(name, []).append(text)
    return {name: "\n".join(lines) + "\n" for name, lines in found.items()}


def _configurations(result: Result) -> dict[int, str]:
    """CTID to the text of its configuration file, of this node's containers."""
    texts = {PurePosixPath(name).stem: text for name, text in _files(result).items()}
    return {int(ctid): text for ctid, text in texts.items() if ctid.isdigit()}


def _storages(result: Result) -> dict[str, Storage]:
    return parse_storages(answered(result, "its storages (/etc/pve/storage.cfg)"))


def _datasets(result: Result) -> dict[str, tuple[str, str, bool]]:
    """Dataset name to origin and mountpoint, ``-`` where there is none, and whether it is mounted; none without ZFS."""
    text = "" if result.rc == NOT_FOUND else answered(result, "its datasets (zfs list)")
    rows = [line.split("\t") for line in text.splitlines()]
    if strange := [row for row in rows if len(row) != 4]:
        raise NodeError(f"The node's list of datasets (zfs list) cannot be read: {strange[0][0]!r}.")
    return {row[0]: (row[1], row[2], row[3] == "yes") for row in rows}


def _numbers(result: Result) -> frozenset[int]:
    names = answered(result, "which containers run (lxc-ls)").splitlines()
    if strange := [name for name in names if not _NAME.fullmatch(name.strip())]:
        raise NodeError(f"The node's list of running containers (lxc-ls) cannot be read: {strange[0]!r}.")
    return frozenset(int(name) for name in names if name.strip().isdigit())


def _lines(result: Result) -> frozenset[str]:
    return frozenset(line for line in answered(result, "what it has").splitlines() if line)


def _snapshots(result: Result) -> frozenset[str]:
    names = answered(result, "the snapshots of its volumes (zfs list)").splitlines()
    if strange := [name for name in names if name.count("@") != 1]:
        raise NodeError(f"The node's list of snapshots (zfs list) cannot be read: {strange[0]!r}.")
    return frozenset(names)


def _digests(result: Result) -> dict[str, str]:
    """File name to SHA-256, of ``sha256sum``."""
    rows = (line.split(maxsplit=1) for line in result.stdout.splitlines())
    return {PurePosixPath(row[1].lstrip("*")).name: row[0] for row in rows if len(row) == 2}


def _history(result: Result) -> tuple[str, ...]:
    """Names of snapshots in the order of their transaction groups, of ``zfs list -p -o createtxg,name``."""
    rows = (line.split("\t") for line in answered(result, "the snapshots of a container (zfs list)").splitlines())
    return tuple(row[1] for row in sorted((row for row in rows if len(row) == 2), key=lambda row: int(row[0])))


def _owners(result: Result) -> dict[str, tuple[int, int]]:
    """Folder to its owner and group, of ``stat -c '%u %g %n'``."""
    rows = (_OWNER.fullmatch(line) for line in result.stdout.splitlines())
    return {row["folder"]: (int(row["uid"]), int(row["gid"])) for row in rows if row}


def _id_ranges(result: Result) -> dict[str, tuple[tuple[int, int], ...]]:
    """``subuid`` and ``subgid`` to the ranges of root: first id, how many."""
    found: dict[str, tuple[tuple[int, int], ...]] = {}
    for name, text in _files(result).items():
        rows = [line.split(":") for line in text.splitlines()]
        ranges = [(int(row[1]), int(row[2])) for row in rows if len(row) == 3 and row[0] in ("root", "0")]
        found[PurePosixPath(name).name] = tuple(ranges)
    return found


_FILES = """\
set -- "$1"/$2
[ -e "$1" ] || exit 0
grep -aHs '' "$@"
exit 0
"""
_STORAGES = "[ ! -e etc/pve/storage.cfg ] || exec cat etc/pve/storage.cfg\n"
_GPUS = """\
for d in sys/bus/pci/devices/*; do
  [ -r "$d/vendor" ] && read -r vendor <"$d/vendor" && read -r class <"$d/class" || continue
  case $vendor$class in 0x10de0x03*) printf '%s\\n' "${d##*/}" ;; esac
done
exit 0
"""
_STAMPS = """\
layers=$1
command -v zfs >/dev/null || exit 0
mounts=$(zfs list -H -t filesystem -o mountpoint) || exit 1
printf '%s\\n' "$mounts" | {
  set --
  while read -r mount; do
    case $mount in
      /?*) mount=${mount#/} ;;
      / | - | none | legacy | '') continue ;;
      *) echo "zfs list: $mount is no place" >&2 && exit 1 ;;
    esac
    [ -d "$mount/$layers" ] || continue
    for part in var var/lib var/lib/phoenix "$layers"; do [ ! -L "$mount/$part" ] || continue 2; done
    for file in "$mount/$layers"/*; do
      [ -f "$file" ] && [ ! -L "$file" ] && set -- "$@" "$file"
    done
  done
  [ $# -eq 0 ] || grep -aHsm1 '' "$@" || true
} || exit 1
"""
_NODE_SCRIPTS = """\
set -- "$1"/*
[ -e "$1" ] || exit 0
sha256sum "$@" 2>/dev/null
exit 0
"""
_ID_RANGES = "grep -Hs -e '^root:' -e '^0:' etc/subuid etc/subgid\nexit 0\n"
_TARBALLS = """\
[ -e etc/pve/storage.cfg ] || exit 0
while read -r key value; do
  [ "$key" = path ] || continue
  timeout 5 ls ".$value/template/cache" 2>/dev/null | while read -r name; do
    printf '%s\\n' "$value/template/cache/$name"
  done
done <etc/pve/storage.cfg
exit 0
"""
_EXISTING = """\
for file; do
  timeout 5 test -e ".$file" && printf '%s\\n' "$file"
done
exit 0
"""
_FOLDERS = """\
for folder; do
  [ -d ".$folder" ] && owner=$(timeout 5 stat -L -c '%u %g' ".$folder") && printf '%s %s\\n' "$owner" "$folder"
done
exit 0
"""
_HISTORIES = """\
command -v zfs >/dev/null || exit 0
datasets=$(zfs list -H -t filesystem -o name) || exit 1
printf '%s\\n' "$datasets" | while read -r dataset; do
  for ctid; do
    case ${dataset##*/} in
      subvol-"$ctid"-disk-*) zfs list -H -p -r -t snapshot -o createtxg,name "$dataset" || exit 1 ;;
    esac
  done
done
"""
_SNAPSHOTS = """\
command -v zfs >/dev/null || exit 0
datasets=$(zfs list -H -t filesystem -o name) || exit 1
printf '%s\\n' "$datasets" | {
  names=$*
  set --
  while read -r dataset; do
    case ${dataset##*/} in
      subvol-* | basevol-*) for name in $names; do set -- "$@" "$dataset@$name"; done ;;
      *[!A-Za-z0-9/_.:\\ %-]*) echo "zfs list: $dataset is no dataset" >&2 && exit 1 ;;
    esac
  done
  [ $# -gt 0 ] || exit 0
  { errors=$(zfs list -H -t snapshot -o name "$@" 2>&1 >&3) || failed=1; } 3>&1
  [ -n "${failed-}" ] || exit 0
  [ -n "$errors" ] || exit 1
  printf '%s\\n' "$errors" | grep -v 'dataset does not exist$' >&2 || exit 0
  exit 1
} || exit 1
"""

NAME = Fact("node name", Command("readlink", "etc/pve/local"), _node_name)
VMLIST = Fact("guests of the cluster", Command("cat", "etc/pve/.vmlist"), _vmlist)
CONFIGURATIONS = Fact("container configurations", _script(_FILES, "etc/pve/lxc", "*.conf"), _configurations)
STORAGES = Fact("storages", _script(_STORAGES), _storages)
DATASETS = Fact(
    "datasets",
    Command("zfs", "list", "-H", "-p", "-t", "filesystem", "-o", "name,origin,mountpoint,mounted", timeout=_LIMIT),
    _datasets,
)
RUNNING = Fact("running containers", Command("lxc-ls", "--running", "-1", timeout=_LIMIT), _numbers)
INTERFACES = Fact("network interfaces", Command("ls", "sys/class/net"), _lines)
GPUS = Fact("NVIDIA cards", _script(_GPUS), _lines)
STAMPS = Fact("layers of the containers", _script(_STAMPS, LAYERS), _files)
CREATION_MARKS = Fact("creations under way", _script(_FILES, CREATING, "*"), _files)
NODE_SCRIPTS = Fact("scripts on the node", _script(_NODE_SCRIPTS, SCRIPTS), _digests)
FIREWALLS = Fact(
    "firewall files", _script(_FILES, firewall.FOLDER, "*.fw"), lambda result: firewall.texts(_files(result))
)
ID_RANGES = Fact("ids that root may map", _script(_ID_RANGES), _id_ranges)
TARBALLS = Fact("tarballs in storages", _script(_TARBALLS), lambda result: frozenset(result.stdout.splitlines()))
"""A storage that does not answer within five seconds tells of none; it spoils nothing else."""


def snapshots(names: tuple[str, ...]) -> Fact[frozenset[str]]:
    """Which ZFS snapshots of these names the volumes have; asked by name, as a node may have many thousands."""
    return Fact("snapshots of volumes", _script(_SNAPSHOTS, *names), _snapshots)


def histories(ctids: tuple[int, ...]) -> Fact[tuple[str, ...]]:
    """Every ZFS snapshot of these containers' volumes, oldest first, whoever took it."""
    return Fact("snapshots of containers", _script(_HISTORIES, *map(str, ctids)), _history)


def folders(paths: tuple[str, ...]) -> Fact[dict[str, tuple[int, int]]]:
    """Which of these absolute paths are folders of the node, and whose."""
    return Fact("folders to be mounted", _script(_FOLDERS, *paths), _owners)


def existing(paths: tuple[str, ...]) -> Fact[frozenset[str]]:
    """Which of these absolute paths exist on the node; one that does not answer does not."""
    return Fact("existing files", _script(_EXISTING, *paths), _lines)
