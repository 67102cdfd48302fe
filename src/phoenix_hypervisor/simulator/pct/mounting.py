"""``pct`` mount, unmount: a container's files on the node. Source: PVE::CLI::pct, PVE::LXC (mount_all, umount_all)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from phoenix_hypervisor.proxmox.guest import Section
from phoenix_hypervisor.simulator.call import Call, Handler, Work
from phoenix_hypervisor.simulator.failures import PveError
from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.guestmounts import place
from phoenix_hypervisor.simulator.guests import check_lock
from phoenix_hypervisor.simulator.pct.volumes import MountPoint, mount_points, root_of


def mount(call: Call) -> Work:
    with (yield from call.lock_configuration()):
        config = call.guests.load(call.ctid)
        check_lock(config)
        call.save(replace(config, current=config.current.with_options(lock="mounted")))
        try:
            _mount_all(call, config.current)
        except PveError:
            call.complain("mounting container failed")
            unmount_all(call.node.files, call.ctid)
            raise
    call.say(f"mounted CT {call.ctid} in '{root_path(call.ctid)}'")
    return 0


def unmount(call: Call) -> Work:
    with (yield from call.lock_configuration()):
        config = call.guests.load(call.ctid)
        unmount_all(call.node.files, call.ctid)
        lock = config.current.get("lock")
        if lock is None:
            raise PveError("no lock found trying to remove 'mounted' lock")
        if lock != "mounted":
            raise PveError(f"found lock '{lock}' trying to remove 'mounted' lock")
        call.save(replace(config, current=config.current.with_options(lock=None)))
    return 0


def root_path(ctid: int) -> str:
    return f"/var/lib/lxc/{ctid}/rootfs"


def unmount_all(files: Filesystem, ctid: int) -> None:
    """Take away what is mounted at a container's root on the node, the deepest first."""
    root = root_path(ctid)
    points = [one.path for one in files.mounts if one.path == root or one.path.startswith(f"{root}/")]
    for point in sorted(points, reverse=True):
        files.unmount(point)


def _mount_all(call: Call, section: Section) -> None:
    for point in mount_points(section):
        where = root_path(call.ctid) + ("" if point.key == "rootfs" else f"/{point.path.strip('/')}")
        _make_folders(call, root_path(call.ctid), where, root_of(section))
        _mount(call, point, where)


def _mount(call: Call, point: MountPoint, where: str) -> None:
    files, read_only = call.node.files, point.values.get("ro") == "1"
    if point.is_volume:
        volume = call.node.storages.volume(point.volume)
        source = volume.dataset.name if volume.dataset else "/dev/loop0"
        files.mount(where, volume.tree, source, read_only=read_only or volume.is_raw_base, over=True)
    elif files.is_dir(point.volume):
        tree, base = place(files, point.volume)
        files.mount(where, tree, point.volume, base, read_only=read_only, over=True)
    else:
        raise PveError(f"directory '{point.volume}' does not exist", 2)


def _make_folders(call: Call, root: str, where: str, owner: tuple[int, int]) -> None:
    """Make the folders of a mount point inside of what is mounted so far, as the container's own."""
    files = call.node.files
    files.mkdir(root, parents=True)
    at = root
    for part in where.removeprefix(root).strip("/").split("/") if where != root else ():
        at = f"{at}/{part}"
        entry = files.stat(at, follow=False)
        if entry is None:
            files.mkdir(at)
            files.chown(at, *owner)
        elif entry.kind != "directory":
            raise PveError(f"symlink encountered at: {at}", 20)


HANDLERS: Mapping[str, Handler] = {"mount": mount, "unmount": unmount}
