"""The verbs of ``pvesm``. Source: PVE::CLI::pvesm, PVE::API2::Storage::Config, the storage plugins."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from phoenix_hypervisor.proxmox.properties import parse_size
from phoenix_hypervisor.proxmox.storage import ALLOWED_CONTENT, Storage
from phoenix_hypervisor.simulator import durations, tarballs
from phoenix_hypervisor.simulator.call import Call, Handler, Steps
from phoenix_hypervisor.simulator.contract import contract
from phoenix_hypervisor.simulator.failures import ParameterError, PveError
from phoenix_hypervisor.simulator.locks import storage_lock
from phoenix_hypervisor.simulator.storage import FOLDERS

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

_TYPES = ("dir", "zfspool", "nfs", "cifs")
_TEXT_FORMATS = {"vztmpl": "t", "iso": "iso", "backup": "tar", "snippets": "snippet"}


# -- looking


def status(call: Call) -> Steps:
    yield 0.0
    storages = call.node.storages.all()
    if "storage" in call.parameters:
        storages = {call.parameters["storage"]: call.node.storages.get(call.parameters["storage"])}
    wanted = set(re.split(r"[,;\s]+", call.parameters["content"])) if "content" in call.parameters else None
    width = max(len(name) for name in storages) + 1
    row = f"{{:<{width}}} {{:>10}} {{:>10}} {{:>15}} {{:>15}} {{:>15}} {{:>8}}\n"
    call.process.say(row.format("Name", "Type", "Status", "Total (KiB)", "Used (KiB)", "Available (KiB)", "%"))
    for name in sorted(storages):
        storage = storages[name]
        if wanted is not None and not wanted & storage.content:
            continue
        disabled = "disable" in storage.options and storage.options["disable"] != "0"
        if call.parameters.get("enabled") == "1" and disabled:
            continue
        total, used = (0, 0) if disabled else space(call.node, storage)
        state = "disabled" if disabled else "active" if total else "inactive"
        figures = [str(number >> 10) for number in (total, used, total - used)]
        share = "N/A" if disabled else f"{100 * used / max(1, total):.2f}%"
        call.process.say(row.format(name, storage.type, state, *(["N/A"] * 3 if disabled else figures), share))


def space(node: Node, storage: Storage) -> tuple[int, int]:
    """The total and the used bytes of a storage; zero where the storage cannot be reached."""
    if storage.type == "zfspool":
        dataset = node.zfs.datasets.get(storage.pool or "")
        if dataset is None:
            return 0, 0
        space = node.zfs.space()
        used = space.used(dataset)
        return used + space.available(dataset.name), used
    if storage.path is None or not node.files.is_dir(storage.path):
        return 0, 0
    used = 4 << 30
    return 64 << 30, used


def listing(call: Call) -> Steps:
    yield 0.0
    rows = list(contents(call.node, call.node.storages.get(call.parameters["storage"]), call.parameters.get("content")))
    if "vmid" in call.parameters:
        rows = [row for row in rows if row[4] == call.parameters["vmid"]]
    table = [("Volid", "Format", "Type", "Size", "VMID"), *rows]
    widths = [max(len(row[column]) for row in table) for column in (0, 3)]
    for volid, form, kind, size, owner in table:
        call.process.say(f"{volid:<{widths[0]}} {form:<7} {kind:<9} {size:>{widths[1]}} {owner}".rstrip() + "\n")


def contents(node: Node, storage: Storage, wanted: str | None) -> Iterator[tuple[str, str, str, str, str]]:
    """What a storage holds: volume id, format, content type, bytes, owner."""
    for volume in node.storages.volumes(storage.id):
        if wanted in (None, "rootdir"):
            form = "subvol" if volume.dataset else "raw"
            yield volume.id, form, "rootdir", str(node.storages.size(volume)), str(volume.owner)
    for kind in sorted(storage.content & _TEXT_FORMATS.keys()):
        if wanted in (None, kind) and storage.path:
            for path in node.files.glob(f"{storage.path}/{FOLDERS[kind]}/*"):
                name = path.rpartition("/")[2]
                form = "tzst" if name.endswith(".zst") else "txz" if name.endswith(".xz") else _TEXT_FORMATS[kind]
                form = "tgz" if kind == "vztmpl" and name.endswith("gz") else form
                yield f"{storage.id}:{kind}/{name}", form, kind, str(tarballs.packed_size(node.files.read(path))), ""


def path_of(call: Call) -> Steps:
    yield 0.0
    call.process.say(f"{call.node.storages.path(call.parameters['volume'])}\n")


# -- changing


def add(call: Call) -> Steps:
    kind, name = call.parameters["type"], call.parameters["storage"]
    if kind not in _TYPES:
        raise PveError(f"create storage failed: storage type '{kind}' is not simulated")
    options = {key: value for key, value in call.parameters.items() if key not in ("type", "storage")}
    for key in sorted(options):
        if key not in contract()["storage_types"][kind]:
            raise ParameterError({key: "unexpected property '" + key + "'"}, 255)
    _check_content(kind, options.get("content"))
    with (yield from call.node.locks.wait(storage_lock("configuration"))):
        storages = dict(call.node.storages.all())
        if name in storages:
            raise PveError(f"create storage failed: storage ID '{name}' already defined")
        where = _place(call.node, name, kind, options)
        content = options.get("content") or ("backup" if kind == "nfs" else "images,rootdir")
        rest = {key: value for key, value in options.items() if key not in ("pool", "path", "content")}
        storages[name] = Storage(name, kind, {**where, "content": content, **rest})
        call.node.storages.write(storages)


def _check_content(kind: str, content: str | None) -> None:
    if content is None:
        return
    wrong = [word for word in content.split(",") if word not in ALLOWED_CONTENT[kind] | {"none"}]
    if kind == "zfspool" and (wrong or "none" in content.split(",")):
        lines = [f"storage does not support content type '{word}'" for word in [*wrong, "none"]]
        raise PveError("\n".join(lines), 2)
    if wrong:
        raise PveError("\n".join(f"storage does not support content type '{word}'" for word in wrong), 2)


def _place(node: Node, name: str, kind: str, options: Mapping[str, str]) -> dict[str, str]:
    if kind == "zfspool":
        if "pool" not in options:
            raise ParameterError({"pool": "property is missing and it is not optional"}, 2)
        return _pool_place(node, name, options["pool"])
    if kind == "dir":
        if "path" not in options:
            raise ParameterError({"path": "property is missing and it is not optional"}, 2)
        path = options["path"]
    else:
        path = f"/mnt/pve/{name}"
        if kind == "nfs":
            _check_export(node, options)
    if options.get("is_mountpoint", "no") in ("no", "0") and options.get("create-base-path", "1") != "0":
        node.files.mkdir(path, parents=True)
        for word in options.get("content", "images,rootdir").split(","):
            node.files.mkdir(f"{path}/{FOLDERS.get(word, word)}", parents=True)
    return {"path": path}


def _pool_place(node: Node, name: str, pool: str) -> dict[str, str]:
    top = pool.partition("/")[0]
    if top not in node.zfs.pools:
        once = f"zfs error: cannot open '{top}': no such pool\n\n"
        raise PveError(
            f"{once}{once}create storage failed: could not activate storage '{name}', "
            f"zfs error: cannot import '{top}': no such pool available\n",
            1,
        )
    if pool not in node.zfs.datasets:
        raise PveError(f"create storage failed: zfs error: cannot open '{pool}': dataset does not exist", 1)
    return {"pool": pool, "mountpoint": node.zfs.mountpoint(pool) or f"/{pool}"}


def _check_export(node: Node, options: Mapping[str, str]) -> None:
    """An export of this node must be in its /etc/exports; what other servers export is taken as said."""
    server, export = options.get("server", ""), options.get("export", "")
    own = {address.cidr.partition("/")[0] for address in node.addresses}
    if not server.startswith("127.") and server not in own | {"localhost", node.name}:
        return
    files = ["/etc/exports", *node.files.glob("/etc/exports.d/*.exports")]
    lines = [line for path in files if node.files.exists(path) for line in node.files.read(path).splitlines()]
    if export not in [line.split()[0] for line in lines if line.split()]:
        raise PveError(
            f"create storage failed: mount error: mount.nfs: access denied by server while mounting {server}:{export}",
            32,
        )


def change(call: Call) -> Steps:
    name = call.parameters["storage"]
    with (yield from call.node.locks.wait(storage_lock("configuration"))):
        storages = dict(call.node.storages.all())
        if name not in storages:
            raise PveError(f"update storage failed: storage '{name}' does not exist")
        before = storages[name]
        _check_content(before.type, call.parameters.get("content"))
        deleted = set(re.split(r"[,;\s]+", call.parameters.get("delete", "")))
        new = {key: value for key, value in call.parameters.items() if key not in ("storage", "delete", "digest")}
        options = {key: value for key, value in {**before.options, **new}.items() if key not in deleted}
        storages[name] = Storage(name, before.type, options)
        call.node.storages.write(storages)


def remove(call: Call) -> Steps:
    name = call.parameters["storage"]
    with (yield from call.node.locks.wait(storage_lock("configuration"))):
        storages = dict(call.node.storages.all())
        if name not in storages:
            raise PveError(f"delete storage failed: storage '{name}' does not exist")
        del storages[name]
        call.node.storages.write(storages)


def allocate(call: Call) -> Steps:
    name, text, ctid = call.parameters["storage"], call.parameters["size"], int(call.parameters["vmid"])
    wanted = _volume_name(call, ctid)
    size = parse_size(text) if text[-1] in "MG" else int(text) << 10
    with (yield from call.node.locks.wait(storage_lock(name), 60.0)):
        yield durations.ALLOCATE
        volume = call.node.storages.allocate(name, ctid, size, wanted)
    call.process.say(f"successfully created '{volume.id}'\n")


def _volume_name(call: Call, ctid: int) -> str | None:
    """The name that is asked for; None where PVE is to choose. Raises PveError where the storage takes no such."""
    name = call.parameters["filename"]
    suffix = re.search(r"\.(raw|qcow2|vmdk)$", name)
    form = call.get("format") or (suffix[1] if suffix else "raw")
    if suffix and suffix[1] != form:
        raise ParameterError({"format": f"different storage formats ({form} != {suffix[1]})"}, 255)
    storage = call.node.storages.get(call.parameters["storage"])
    if form != ("subvol" if storage.type == "zfspool" else "raw"):
        raise PveError(f"volumes of format '{form}' on a {storage.type} storage are not simulated")
    start = f"{'subvol' if form == 'subvol' else 'vm'}-{ctid}-"
    if name and not name.startswith(start):
        raise PveError(f"illegal name '{name}' - should be '{start}*'")
    path = f"{storage.path}/images/{ctid}/{name}"
    if name and form == "raw" and call.node.files.exists(path):
        raise PveError(f"disk image '{path}' already exists")
    return name or None


def free(call: Call) -> Steps:
    volume = call.parameters["volume"]
    if ":" not in volume:
        volume = f"{call.parameters.get('storage', '')}:{volume}"
    yield durations.ALLOCATE
    call.node.storages.free(volume)
    call.process.say(f"Removed volume '{volume}'\n")


HANDLERS: Mapping[str, Handler] = {
    "status": status,
    "list": listing,
    "path": path_of,
    "add": add,
    "set": change,
    "remove": remove,
    "alloc": allocate,
    "free": free,
}
