"""The programs of disks in the PATH of a node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator import findmnt
from phoenix_hypervisor.simulator.disks import blkid, dumping, filesystems, losetup, lsblk, lvm, partitioning, wipefs
from phoenix_hypervisor.simulator.disks.model import Device
from phoenix_hypervisor.simulator.process import Program
from phoenix_hypervisor.simulator.zfs import lifecycle

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node


def of_node(node: Node) -> Mapping[str, Program]:
    """What the node has for its disks."""
    disks, version = node.disks, node.release.version

    def busy(device: Device) -> bool:
        """Whether it cannot be opened exclusively: of a partition's disk too, and of what an imported pool uses."""
        return disks.is_used(device) or lifecycle.active(node.zfs, device) is not None

    return {
        "lsblk": lsblk.program(disks, version),
        "blkid": blkid.program(disks, version),
        "wipefs": wipefs.program(disks, busy),
        "od": dumping.od(disks),
        "sgdisk": partitioning.sgdisk(disks, busy),
        "sfdisk": partitioning.sfdisk(disks, busy),
        "partprobe": partitioning.partprobe(disks),
        "udevadm": partitioning.udevadm(disks),
        "mkfs.ext4": filesystems.mkfs_ext4(disks, busy),
        "mkswap": filesystems.mkswap(disks, busy),
        "swapon": filesystems.swapon(disks),
        "swapoff": filesystems.swapoff(disks),
        "mount": filesystems.mount(disks, busy),
        "umount": filesystems.umount(node),
        "pvcreate": lvm.pvcreate(disks, busy),
        "vgcreate": lvm.vgcreate(disks),
        "lvcreate": lvm.lvcreate(disks),
        "vgremove": lvm.vgremove(disks),
        "pvremove": lvm.pvremove(disks),
        "findmnt": findmnt.of_host(lambda source: filesystems.kind_of(disks, source)),
        "losetup": losetup.program(disks, busy),
    }
