"""The disks of a node and what is on them: structure by ``lsblk``, content by direct probes.

``lsblk`` knows holders, mounts and swap, but content only from udev's memory; so ``wipefs`` and ``blkid -p`` read the
disk and each of its partitions, and ``od`` where a disk begins and ends. What is used but says nothing of itself, as
plain dm-crypt, stands in the files of guests, in fstab and crypttab.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, answered

_COLUMNS = "NAME,KNAME,TYPE,SIZE,RO,SERIAL,MOUNTPOINTS"
"""Without ``NAME``, lsblk shows no tree: no device would stand on another."""
_PROBE = """\
line() ( set -f; set -- $1; printf '%s' "$*" )
probe() {
  found=$(wipefs --json "dev/$1" 2>&1)
  printf 'wipefs\\t%s\\t%s\\t%s\\n' "$1" "$?" "$(line "$found")"
  found=$(blkid -p "dev/$1" 2>&1)
  printf 'blkid\\t%s\\t%s\\t%s\\n' "$1" "$?" "$(line "$found")"
}
ends() {
  read -r sectors <"sys/class/block/$1/size" || return
  first=$(od -An -N "$2" "dev/$1" 2>&1 | head -n 3)
  last=$(od -An -j $((sectors * 512 - $2)) -N "$2" "dev/$1" 2>&1 | head -n 3)
  printf 'ends\\t%s\\t%s\\t%s\\n' "$1" "$(line "$first")" "$(line "$last")"
}
named() {
  printf '%s\\t%s\\t%s\\t%s\\n' "$1" "$2" "$3" "$(readlink -m ".$4")"
}
for link; do
  [ -e ".$link" ] || continue
  real=$(readlink -m ".$link")
  name=${real##*/}
  [ -e "sys/class/block/$name" ] || continue
  printf 'link\\t%s\\t%s\\n' "$link" "$name"
  probe "$name"
  ends "$name" 1048576
  for part in sys/block/"$name"/*/partition; do
    [ -e "$part" ] || continue
    part=${part%/partition}
    probe "${part##*/}"
  done
done
printf 'own\\tetc/pve/%s\\n' "$(readlink etc/pve/local)"
for file in etc/pve/nodes/*/qemu-server/*.conf etc/pve/nodes/*/lxc/*.conf; do
  [ -e "$file" ] || continue
  found=$(grep -ao '/dev/[^,[:space:]]*' "$file") || { [ $? -eq 1 ] || exit 1; continue; }
  printf '%s\\n' "$found" | while read -r path; do named guest "$file" "$path" "$path"; done
done
for file in etc/fstab etc/crypttab; do
  [ -e "$file" ] || continue
  while read -r first second rest || [ -n "$first" ]; do
    case $first in '' | '#'*) continue ;; esac
    [ "$file" = etc/fstab ] || first=$second
    value=${first#*=}
    value=${value#\\"}
    tag=$(printf '%s' "${first%%=*}" | tr A-Z a-z)
    case $first in
      /dev/*) named table "$file" "$first" "$first" ;;
      UUID=* | LABEL=* | PARTUUID=* | PARTLABEL=* | ID=*)
        named table "$file" "$first" "/dev/disk/by-$tag/${value%\\"}" ;;
    esac
  done <"$file" || exit 1
done
exit 0
"""
_FIELD = re.compile(r'\b(TYPE|PTTYPE|LABEL|UUID)="([^"]*)"')
_ZEROS = " ".join(["000000"] * 8 + ["*"])
"""What ``od`` says of zeros alone."""
_NUMBERS = re.compile(r"[0-7]{6}[0-7 *]*")
_EVERYWHERE = ("/dev/disk/", "/dev/mapper/")
"""Names that mean the same device on each node that has it; the kernel's names do not."""
AMBIVALENT, NOTHING = 8, 2
"""Exit status of ``blkid -p``: several contents at once; none, or the device cannot be read."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block device and what stands on it. ``mounts`` are its mount points, ``[SWAP]`` among them."""

    name: str
    type: str
    size: int
    read_only: bool
    serial: str
    mounts: tuple[str, ...]
    children: tuple[Block, ...] = ()

    def everything(self) -> Iterator[Block]:
        """The device and all that stands on it, at any depth."""
        yield self
        for child in self.children:
            yield from child.everything()

    def owners(self, owner: str) -> Iterator[tuple[str, str]]:
        """The device and all that stands on it, each with the disk that it is of: of several paths to one, that one."""
        owner = self.name if self.type == "mpath" else owner
        yield self.name, owner
        for child in self.children:
            yield from child.owners(owner)


def _block(entry: Mapping[str, Any]) -> Block:
    return Block(
        name=entry["kname"],
        type=entry["type"],
        size=int(entry["size"] or 0),
        read_only=entry["ro"] in (True, "1", 1),
        serial=(entry.get("serial") or "").strip(),
        mounts=tuple(each for each in entry["mountpoints"] if each),
        children=tuple(_block(child) for child in entry.get("children", ())),
    )


def _blocks(result: Result) -> dict[str, Block]:
    """The devices that stand on no other, by the kernel's name."""
    text = answered(result, "its disks (lsblk)")
    try:
        found = [_block(entry) for entry in json.loads(text)["blockdevices"]] if text.strip() else []
    except (ValueError, KeyError, TypeError) as error:
        raise NodeError("The node's list of disks (lsblk) cannot be read.") from error
    return {one.name: one for one in found}


BLOCKS: Fact[dict[str, Block]] = Fact("disks", Command("lsblk", "-J", "-b", "-o", _COLUMNS, timeout=30.0), _blocks)


@dataclass(frozen=True, slots=True)
class Content:
    """What direct probes found on a device: types with labels, numbers of ZFS pools; ``fault``: they could not look."""

    found: tuple[str, ...] = ()
    pools: frozenset[str] = frozenset()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """Path to the kernel's name; that name to content; files with the devices that they name, as they do and as it is.

    ``guests`` are guests' files, of other nodes as far as they can mean a device of this one; ``tables`` are fstab and
    crypttab.
    """

    links: Mapping[str, str]
    contents: Mapping[str, Content]
    guests: tuple[tuple[str, str, str], ...]
    tables: tuple[tuple[str, str, str], ...] = ()


def _probe(result: Result) -> Probe:
    links: dict[str, str] = {}
    contents: dict[str, Content] = {}
    named: dict[str, list[tuple[str, str, str]]] = {"guest": [], "table": []}
    read: set[str] = set()
    own = "etc/pve/"
    for line in answered(result, "what is on its disks").splitlines():
        words = line.split("\t")
        match words:
            case ["link", path, name]:
                links[path] = name
            case ["wipefs", name, rc, text]:
                contents[name] = _of_wipefs(rc, text)
            case ["blkid", name, rc, text] if name in contents:
                contents[name] = _with_blkid(contents[name], rc, text)
            case ["ends", name, *texts] if name in contents and len(texts) == 2:
                contents[name] = _with_ends(contents[name], texts)
                read.add(name)
            case ["own", folder]:
                own = f"{folder.rstrip('/')}/"
            case ["guest" | "table" as kind, file, path, real] if kind == "table" or path.startswith("/dev/"):
                named[kind].append((file, path, real.rpartition("/")[2]))
            case _:
                raise NodeError(f"The node's answer of what is on its disks cannot be read: {line[:80]!r}.")
    for name in contents.keys() & set(links.values()) - read:
        contents[name] = Content(fault=contents[name].fault or "its first and last MiB were not read")
    guests = [row for row in named["guest"] if row[0].startswith(own) or row[1].startswith(_EVERYWHERE)]
    return Probe(links, contents, tuple(dict.fromkeys(guests)), tuple(dict.fromkeys(named["table"])))


def _of_wipefs(rc: str, text: str) -> Content:
    if rc != "0":
        return Content(fault=text.strip() or f"wipefs: exit status {rc}")
    try:
        entries = json.loads(text)["signatures"] if text.strip() else []
        names = dict.fromkeys(_named(entry["type"], entry.get("label") or "") for entry in entries)
        pools = {entry.get("uuid") or "" for entry in entries if entry["type"] == "zfs_member"}
    except (ValueError, KeyError, TypeError):
        return Content(fault=f"wipefs said {text[:80]!r}")
    return Content(tuple(names), frozenset(pools - {""}))


def _with_blkid(content: Content, rc: str, text: str) -> Content:
    if content.fault or rc == str(NOTHING):
        return content
    if rc not in ("0", str(AMBIVALENT)):
        return Content(fault=text.strip() or f"blkid: exit status {rc}")
    if rc == "0" and '="' not in text:
        return Content(fault=f"blkid said {text[:80]!r}")
    fields = dict(_FIELD.findall(text))
    found = [_named(fields["TYPE"], fields.get("LABEL", ""))] if "TYPE" in fields else []
    found += [fields["PTTYPE"]] if "PTTYPE" in fields else []
    found += ["several contents at once"] if rc == str(AMBIVALENT) and not content.found else []
    pools = {fields["UUID"]} if fields.get("TYPE") == "zfs_member" and "UUID" in fields else set()
    return Content(tuple(dict.fromkeys([*content.found, *found])), content.pools | pools)


def _with_ends(content: Content, texts: list[str]) -> Content:
    """With what no probe knows by name, where nothing else is there and a byte is not zero."""
    if content.fault:
        return content
    if faults := [text for text in texts if not _NUMBERS.fullmatch(text)]:
        return Content(fault=faults[0] or "od said nothing")
    if content.found or texts == [_ZEROS, _ZEROS]:
        return content
    return Content(("data that no probe knows",))


def _named(kind: str, label: str) -> str:
    return f"{kind} {label!r}" if label else kind


def probe(links: tuple[str, ...]) -> Fact[Probe]:
    """What is on these disks, and which devices guests' files, fstab and crypttab name."""
    return Fact("what is on the disks", Command("sh", "-s", "--", *links, stdin=_PROBE, timeout=60.0), _probe)
