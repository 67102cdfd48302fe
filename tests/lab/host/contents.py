"""What a disk may carry that nobody wants to lose: how it gets there, and how it is read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TREASURE = "what nobody wants to lose"
_MOUNT = (
    f"mkdir -p /mnt/held && mount {{0}} /mnt/held && echo '{TREASURE}' >/mnt/held/treasure && sync && umount /mnt/held"
)
_READ = "mkdir -p /mnt/held && mount -o ro {0} /mnt/held && cat /mnt/held/treasure; umount /mnt/held"


@dataclass(frozen=True)
class Content:
    """Scripts for ``sh``; ``$D`` is the disk. ``told``: a word of the refusal.

    ``code``: 4 where the run is refused as data would be lost; 1 where the disk is in use, which nothing can allow.
    """

    put: str
    read: str
    told: str
    code: int = 4

    @property
    def in_use(self) -> bool:
        """Whether its kernel may write to it at any time."""
        return self.code == 1


CONTENTS: Mapping[str, Content] = {
    "ext4": Content(f"mkfs.ext4 -q -F $D && {_MOUNT.format('$D')}", _READ.format("$D"), "ext4"),
    "a mounted ext4": Content(
        f"mkfs.ext4 -q -F $D && {_MOUNT.format('$D').removesuffix(' && umount /mnt/held')}",
        "cat /mnt/held/treasure && umount /mnt/held",
        "is mounted at /mnt/held",
        1,
    ),
    "ext4 on a partition": Content(
        f"sgdisk -n 1:0:0 $D && udevadm settle && mkfs.ext4 -q -F $D-part1 && {_MOUNT.format('$D-part1')}",
        _READ.format("$D-part1"),
        "ext4",
    ),
    "LVM": Content(
        "pvcreate -q $D && vgcreate -q held $D && lvcreate -q -y -L 64M -n one held && mkfs.ext4 -q /dev/held/one"
        f" && {_MOUNT.format('/dev/held/one')} && vgchange -q -an held",
        f"vgchange -q -ay held >&2 && {_READ.format('/dev/held/one')}; vgchange -q -an held >&2",
        "LVM2_member",
    ),
    "active LVM": Content(
        "pvcreate -q $D && vgcreate -q held $D && lvcreate -q -y -L 64M -n one held && mkfs.ext4 -q /dev/held/one"
        f" && {_MOUNT.format('/dev/held/one')}",
        f"{_READ.format('/dev/held/one')}; vgchange -q -an held >&2",
        "(lvm) stands on it",
        1,
    ),
    "swap": Content(
        f"mkswap -q -L held $D && printf '%s\\n' '{TREASURE}' | dd of=$D bs=1M seek=8 conv=notrunc status=none",
        '[ "$(blkid -p -s LABEL -o value $D)" = held ] && dd if=$D bs=1M skip=8 count=1 status=none | head -n 1',
        "swap",
    ),
    "a member of a RAID": Content(
        "mdadm --create /dev/md/held --run --quiet --metadata=1.2 --level=1 --raid-devices=2 $D missing"
        f" && mkfs.ext4 -q /dev/md/held && {_MOUNT.format('/dev/md/held')} && mdadm --stop --quiet /dev/md/held",
        f"mdadm --assemble --run --quiet /dev/md/held $D >&2 && {_READ.format('/dev/md/held')};"
        " mdadm --stop --quiet /dev/md/held >&2",
        "linux_raid_member",
    ),
    "an empty GPT": Content(
        f"sgdisk -o $D >/dev/null && printf '%s\\n' '{TREASURE}' | dd of=$D bs=1M seek=8 conv=notrunc status=none",
        "sgdisk -v $D >&2 && dd if=$D bs=1M skip=8 count=1 status=none | head -n 1",
        "gpt",
    ),
    "an exported pool": Content(
        f"zpool create -f held $D && echo '{TREASURE}' >/held/treasure && zpool export held",
        "zpool import -d /dev/disk/by-id held && cat /held/treasure; zpool export held",
        "held",
    ),
    "a destroyed pool": Content(
        f"zpool create -f held $D && echo '{TREASURE}' >/held/treasure && zpool destroy held",
        "zpool import -D -f -d /dev/disk/by-id held && cat /held/treasure; zpool export held",
        "held",
    ),
    "a pool in use": Content(
        f"zpool create -f held $D && echo '{TREASURE}' >/held/treasure",
        "cat /held/treasure; zpool export held",
        "the pool held is on it",
        1,
    ),
}
CLEAR = """\
umount /mnt/held 2>/dev/null
vgchange -q -an held 2>/dev/null
mdadm --stop --quiet /dev/md/held 2>/dev/null
zpool export held 2>/dev/null
for part in $D-part*; do [ ! -e "$part" ] || wipefs -q -a "$part"; done
zpool labelclear -f $D 2>/dev/null
wipefs -q -a $D
size=$(blockdev --getsize64 $D)
dd if=/dev/zero of=$D bs=1M count=16 conv=notrunc status=none
dd if=/dev/zero of=$D bs=1M seek=$((size / 1048576 - 16)) count=16 conv=notrunc status=none
blockdev --rereadpt $D 2>/dev/null
udevadm settle
! wipefs $D | grep .
"""
"""Makes the disk empty again."""
EDGES = """\
last=$(($(blockdev --getsize64 $D) / 1048576 - 16))
dd if=$D bs=1M count=32 status=none | sha256sum
dd if=$D bs=1M skip=$last status=none | sha256sum
"""
"""What is at both ends of the disk, where everything keeps what it needs to be found."""
