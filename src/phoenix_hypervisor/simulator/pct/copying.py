"""Copies of volumes, file by file. Source: PVE::LXC copy_volume."""

from __future__ import annotations

from collections.abc import Generator

from phoenix_hypervisor.proxmox.guest import Section
from phoenix_hypervisor.simulator import durations
from phoenix_hypervisor.simulator.call import Call
from phoenix_hypervisor.simulator.pct.volumes import allocate_bytes, root_of
from phoenix_hypervisor.simulator.storage import Image, Volume
from phoenix_hypervisor.simulator.zfs.model import Dataset, Snapshot


def copied(
    call: Call,
    source: Volume,
    content: Dataset | Image | Snapshot,
    storage: str,
    ctid: int,
    section: Section,
    made_volumes: list[str] | None = None,
) -> Generator[float, None, Volume]:
    """A new volume of a container with the files of another; ``content`` is what is copied of that.

    ``made_volumes`` gets its id as soon as it is there. Where the copying fails, it is the caller's to free it.
    """
    size = call.node.storages.size(source)
    volume = yield from allocate_bytes(call, storage, ctid, size, root_of(section))
    if made_volumes is not None:
        made_volumes.append(volume.id)
    amount = content.bulk + sum(len(entry.data) for entry in content.tree.values())
    yield durations.copy(amount)
    volume.tree.update(content.tree)
    volume.content.bulk = content.bulk
    volume.content.system = source.content.system
    call.process.say(_rsync(amount, len(content.tree), durations.copy(amount)))
    return volume


def _rsync(size: int, files: int, seconds: float) -> str:
    """What rsync tells of a copy."""
    sent = size + size // 350
    return (
        f"\nNumber of files: {files:,} (reg: {files:,}, dir: 0, link: 0)\n"
        f"Number of created files: {files:,} (reg: {files:,}, dir: 0, link: 0)\n"
        f"Number of deleted files: 0\nNumber of regular files transferred: {files:,}\n"
        f"Total file size: {size:,} bytes\nTotal transferred file size: {size:,} bytes\n"
        f"Literal data: {size:,} bytes\nMatched data: 0 bytes\nFile list size: 65,534\n"
        "File list generation time: 0.014 seconds\nFile list transfer time: 0.000 seconds\n"
        f"Total bytes sent: {sent:,}\nTotal bytes received: 74,652\n\n"
        f"sent {sent:,} bytes  received 74,652 bytes  {sent / seconds:,.2f} bytes/sec\n"
        f"total size is {size:,}  speedup is {size / max(1, sent):.2f}\n"
    )
