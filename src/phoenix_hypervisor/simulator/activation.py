"""Getting a storage ready: what is mounted or made for it, and why it cannot be. Source: the storage plugins."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from phoenix_hypervisor.proxmox.storage import Storage
from phoenix_hypervisor.simulator.failures import PveError
from phoenix_hypervisor.simulator.sharing.netmounts import Unmountable
from phoenix_hypervisor.simulator.storage import FOLDERS
from phoenix_hypervisor.simulator.zfs import lifecycle

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

CREDENTIALS = "/etc/pve/priv/storage"
_MOUNT_FAILED = 32
_YES, _NO = ("1", "yes", "on", "true"), ("0", "no", "off", "false", "")
_FATAL = re.compile(r"NT_STATUS_(ACCESS_DENIED|INVALID_PARAMETER|LOGON_FAILURE)")


def activate(node: Node, storage: Storage) -> None:
    """Get a storage ready for use. Raises PveError."""
    if storage.type == "nfs":
        _activate_nfs(node, storage)
    elif storage.type == "cifs":
        _activate_cifs(node, storage)
    elif storage.type == "dir":
        point = mount_point(storage)
        if point is not None and not _is_mounted(node, point):
            reason = f"directory is expected to be a mount point but is not mounted: '{point}'"
            raise PveError(f"unable to activate storage '{storage.id}' - {reason}")
        _make_base(node, storage)
    elif storage.type == "zfspool":
        _check_pool(node, storage)
        return
    _make_folders(node, storage)


def is_ready(node: Node, storage: Storage) -> bool:
    """Whether a storage can be used as it is."""
    path = storage.path or ""
    if storage.type == "nfs":
        return node.netmounts.is_mounted("nfs4", source_of(storage), path)
    if storage.type == "cifs":
        return node.netmounts.is_mounted("cifs", source_of(storage), path)
    if storage.type == "dir":
        point = mount_point(storage)
        return node.files.is_dir(path) and (point is None or _is_mounted(node, point))
    return storage.type != "zfspool" or storage.pool in node.zfs.datasets


def source_of(storage: Storage) -> str:
    """What is mounted for a storage on a server."""
    options, server = storage.options, storage.options.get("server", "")
    named = f"[{server}]" if ":" in server else server
    if storage.type == "nfs":
        return f"{named}:{options.get('export', '')}"
    return f"//{named}/{options.get('share', '')}{options.get('subdir', '')}"


def mount_point(storage: Storage) -> str | None:
    """The path that must be a mount point; None where none must."""
    told = storage.options.get("is_mountpoint", "no")
    return None if told.lower() in _NO else storage.path if told.lower() in _YES else told


def _is_mounted(node: Node, path: str) -> bool:
    if not node.files.exists(path):
        return False
    return node.files.resolve(path) in [mount.path for mount in node.files.mounts]


def _makes(storage: Storage, option: str) -> bool:
    old = storage.options.get("mkdir", "1").lower() not in _NO
    return storage.options.get(option, "1" if old else "0").lower() not in _NO


def _make_base(node: Node, storage: Storage) -> None:
    if storage.path and _makes(storage, "create-base-path"):
        node.files.mkdir(storage.path, parents=True)


def _make_folders(node: Node, storage: Storage) -> None:
    path = storage.path or ""
    if not node.files.is_dir(path):
        raise PveError(
            f"unable to activate storage '{storage.id}' - directory '{path}' does not exist or is unreachable"
        )
    for word in sorted(storage.content) if _makes(storage, "create-subdirs") else ():
        node.files.mkdir(f"{path}/{FOLDERS.get(word, word)}", parents=True)


def _activate_nfs(node: Node, storage: Storage) -> None:
    server, path = storage.options.get("server", ""), storage.path or ""
    if not node.netmounts.answers(server):
        raise PveError(f"storage '{storage.id}' is not online")
    if is_ready(node, storage):
        return
    _make_base(node, storage)
    if not node.files.is_dir(path):
        raise PveError(f"unable to activate storage '{storage.id}' - directory '{path}' does not exist")
    try:
        node.netmounts.mount_nfs(server, storage.options.get("export", ""), path)
    except Unmountable as refused:
        raise PveError(f"mount error: {refused}", _MOUNT_FAILED) from refused


def _activate_cifs(node: Node, storage: Storage) -> None:
    options, path = storage.options, storage.path or ""
    server, share, password = options.get("server", ""), options.get("share", ""), _password(node, storage.id)
    who = ("", "") if password is None else (options.get("username", ""), password)
    status = node.netmounts.check_share(server, share, *who)
    if _FATAL.search(status):
        step = "tree connect" if "ACCESS_DENIED" in status else "session setup"
        raise PveError(f"connection check for storage '{storage.id}' failed - {step} failed: {status}\n")
    if status:
        raise PveError(f"storage '{storage.id}' is not online")
    if is_ready(node, storage):
        return
    _make_base(node, storage)
    if not node.files.is_dir(path):
        raise PveError(f"unable to activate storage '{storage.id}' - directory '{path}' does not exist")
    try:
        node.netmounts.mount_cifs(source_of(storage), share, *who, path)
    except Unmountable as refused:
        raise PveError(f"mount error: {refused}", _MOUNT_FAILED) from refused


def _password(node: Node, name: str) -> str | None:
    entry = node.files.stat(f"{CREDENTIALS}/{name}.pw")
    return None if entry is None else entry.data.partition("=")[2].rstrip("\n")


def keep_password(node: Node, name: str, password: str | None) -> None:
    """Write the password of a storage where Proxmox keeps it; None takes it away."""
    path = f"{CREDENTIALS}/{name}.pw"
    if password is not None:
        node.files.mkdir(CREDENTIALS, parents=True)
        node.files.write(path, f"password={password}\n", mode=0o600)
    elif node.files.exists(path):
        node.files.remove(path)


def _check_pool(node: Node, storage: Storage) -> None:
    top = (storage.pool or "").partition("/")[0]
    lifecycle.bring_exported(node.zfs, top)
    if top not in node.zfs.pools:
        raise PveError(
            f"could not activate storage '{storage.id}', zfs error: cannot import '{top}': no such pool available\n", 1
        )
    if storage.pool not in node.zfs.datasets:
        raise PveError(f"zfs error: cannot open '{storage.pool}': dataset does not exist", 1)
