"""``pvesm add``, ``set`` and ``remove``. Source: PVE::API2::Storage::Config, PVE::SectionConfig, the plugins."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from phoenix_hypervisor.proxmox.storage import ALLOWED_CONTENT, Storage
from phoenix_hypervisor.simulator import activation
from phoenix_hypervisor.simulator.call import Call, Handler, Steps
from phoenix_hypervisor.simulator.contract import contract
from phoenix_hypervisor.simulator.failures import ParameterError, PveError
from phoenix_hypervisor.simulator.locks import storage_lock
from phoenix_hypervisor.simulator.storage import CONFIGURATION

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

_TYPES = ("dir", "zfspool", "nfs", "cifs")
_NEEDED = {"zfspool": ("pool",), "dir": ("path",), "nfs": ("export", "server"), "cifs": ("server", "share")}
_DEFAULT_CONTENT = {"zfspool": "images,rootdir", "dir": "images,rootdir", "nfs": "images", "cifs": "images"}
_LOCAL_PATH = re.compile(r"/[-/a-zA-Z0-9_.@]+")
_NOT_STORED = ("password",)


@contextmanager
def _failing(prefix: str) -> Generator[None, None, None]:
    try:
        yield
    except ParameterError:
        raise
    except PveError as failure:
        head, newline, last = failure.text.rpartition("\n\n")
        raise PveError(f"{head}{newline}{prefix}: {last}", failure.rc) from failure


def _check_content(kind: str, content: str | None) -> None:
    if content is None:
        return
    words = [word for word in re.split(r"[,;\s]+", content) if word]
    wrong = [word for word in words if word not in ALLOWED_CONTENT[kind] | {"none"}]
    if kind == "zfspool" and (wrong or "none" in words):
        raise PveError("\n".join(f"storage does not support content type '{word}'" for word in [*wrong, "none"]), 2)
    if wrong:
        raise PveError("\n".join(f"storage does not support content type '{word}'" for word in wrong), 2)


def add(call: Call) -> Steps:
    kind, name = call.parameters["type"], call.parameters["storage"]
    if kind not in _TYPES:
        raise PveError(f"create storage failed: storage type '{kind}' is not simulated")
    options = {key: value for key, value in call.parameters.items() if key not in ("type", "storage") and value}
    _check_new(kind, options)
    with (yield from call.node.locks.wait(storage_lock("configuration"))), _failing("create storage failed"):
        storages = dict(call.node.storages.all())
        if name in storages:
            raise PveError(f"storage ID '{name}' already defined")
        storage = _made(call, name, kind, options)
        if storage.is_on(call.node.name):
            _try(call.node, storage)
        storages[name] = storage
        call.node.storages.write(storages)


def _check_new(kind: str, options: Mapping[str, str]) -> None:
    for key in sorted(options):
        if key not in contract()["storage_types"][kind]:
            raise ParameterError({key: "unexpected property '" + key + "'"}, 255)
    _check_content(kind, options.get("content"))
    for key in _NEEDED[kind]:
        if key not in options:
            raise ParameterError({key: "property is missing and it is not optional"}, 2)
    if kind == "dir" and not _LOCAL_PATH.fullmatch(options["path"]):
        raise PveError(f"illegal path for directory storage: {options['path']}")


def _made(call: Call, name: str, kind: str, options: Mapping[str, str]) -> Storage:
    """The storage as it will stand in the file, its place first."""
    where: dict[str, str]
    if kind == "zfspool":
        where = _pool_place(call, name, options)
    elif kind == "dir":
        where = {"path": options["path"]}
    else:
        where = {key: options[key] for key in _NEEDED[kind]} | {"path": options.get("path", f"/mnt/pve/{name}")}
    if kind == "cifs":
        _keep_password(call, name, options)
    rest = {key: value for key, value in options.items() if key not in (*where, "content", *_NOT_STORED)}
    return Storage(name, kind, {**where, "content": options.get("content") or _DEFAULT_CONTENT[kind], **rest})


def _keep_password(call: Call, name: str, options: Mapping[str, str]) -> None:
    activation.keep_password(call.node, name, options.get("password"))
    if "password" in options and "username" not in options:
        call.complain(f"storage {name}: ignoring password parameter, no user set")


def _pool_place(call: Call, name: str, options: Mapping[str, str]) -> dict[str, str]:
    pool = options["pool"]
    found = call.node.zfs.mountpoint(pool) if pool in call.node.zfs.datasets else None
    told = options.get("mountpoint")
    if told and found and told.rstrip("/") != found:
        call.complain(f"warning for {name} - mountpoint: {told} does not match current mount point: {found}")
    return {"pool": pool, "mountpoint": told or found or f"/{pool}"}


def _try(node: Node, storage: Storage) -> None:
    """Get the new storage ready; where that fails, nothing of it stays."""
    try:
        if storage.type == "zfspool" and (top := (storage.pool or "").partition("/")[0]) not in node.zfs.pools:
            once = f"zfs error: cannot open '{top}': no such pool\n\n"
            reason = f"zfs error: cannot import '{top}': no such pool available\n"
            raise PveError(f"{once}{once}could not activate storage '{storage.id}', {reason}", 1)
        activation.activate(node, storage)
    except PveError:
        activation.keep_password(node, storage.id, None)
        raise


def _existing(node: Node, name: str) -> Storage:
    found = node.storages.all().get(name)
    if found is None:
        raise PveError(f"storage '{name}' does not exist")
    return found


def change(call: Call) -> Steps:
    name = call.parameters["storage"]
    with (yield from call.node.locks.wait(storage_lock("configuration"))), _failing("update storage failed"):
        _check_digest(call)
        before = _existing(call.node, name)
        deleted = [word for word in re.split(r"[,;\s]+", call.get("delete")) if word]
        new = {key: value for key, value in call.parameters.items() if key not in ("storage", "delete", "digest")}
        _check_content(before.type, new.get("content"))
        _check_change(before.type, new, deleted)
        if before.type == "cifs" and ("password" in new or "password" in deleted):
            _keep_password(call, name, {**before.options, **new})
        stored = {key: value for key, value in new.items() if key not in _NOT_STORED}
        options = {key: value for key, value in {**before.options, **stored}.items() if key not in deleted}
        call.node.storages.write({**call.node.storages.all(), name: Storage(name, before.type, options)})


def _check_digest(call: Call) -> None:
    wanted = call.parameters.get("digest")
    text = call.node.files.read(CONFIGURATION) if call.node.files.exists(CONFIGURATION) else ""
    if wanted and wanted != hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest():
        raise PveError("detected modified configuration - file changed by other user? Try again.")


def _check_change(kind: str, new: Mapping[str, str], deleted: list[str]) -> None:
    """What may not be changed or taken away. Raises PveError."""
    known, fixed = contract()["storage_types"][kind], contract()["fixed"][kind]
    for key in sorted(new):
        if key in fixed:
            raise PveError(f"can't change value of fixed parameter '{key}'")
        if key not in known:
            raise PveError(f"unexpected property '{key}'")
    for key in deleted:
        if key not in known:
            raise PveError(f"no such option '{key}'")
        if key not in contract()["optional"][kind]:
            raise PveError(f"unable to delete required option '{key}'")
        if key in fixed:
            raise PveError(f"unable to delete fixed option '{key}'")
        if key in new:
            raise PveError(f"cannot set and delete property '{key}' at the same time!")


def remove(call: Call) -> Steps:
    name = call.parameters["storage"]
    with (yield from call.node.locks.wait(storage_lock("configuration"))), _failing("delete storage failed"):
        _existing(call.node, name)
        if any(other.options.get("base", "").startswith(f"{name}:") for other in call.node.storages.all().values()):
            raise PveError("can't remove storage - storage is used as base of another storage")
        activation.keep_password(call.node, name, None)
        left = {key: one for key, one in call.node.storages.all().items() if key != name}
        call.node.storages.write(left)


HANDLERS: Mapping[str, Handler] = {"add": add, "set": change, "remove": remove}
