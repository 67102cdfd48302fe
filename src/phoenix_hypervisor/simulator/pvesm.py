"""The verbs of ``pvesm``. Source: PVE::CLI::pvesm, PVE::API2::Storage::Config, the storage plugins."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from phoenix_hypervisor.proxmox.properties import parse_size
from phoenix_hypervisor.proxmox.storage import Storage
from phoenix_hypervisor.simulator import activation, durations, storecfg, tarballs
from phoenix_hypervisor.simulator.call import Call, Handler, Steps
from phoenix_hypervisor.simulator.failures import ParameterError, PveError
from phoenix_hypervisor.simulator.locks import storage_lock
from phoenix_hypervisor.simulator.storage import FOLDERS

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

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
        disabled = not storage.is_on(call.node.name)
        if call.parameters.get("enabled") == "1" and disabled:
            continue
        total, used = space(call.node, storage) if not disabled and _is_activated(call, storage) else (0, 0)
        state = "disabled" if disabled else "active" if total else "inactive"
        figures = [str(number >> 10) for number in (total, used, total - used)]
        share = "N/A" if disabled else f"{100 * used / max(1, total):.2f}%"
        call.process.say(row.format(name, storage.type, state, *(["N/A"] * 3 if disabled else figures), share))


def _is_activated(call: Call, storage: Storage) -> bool:
    """Get a storage ready; what cannot be is told, and is inactive."""
    try:
        activation.activate(call.node, storage)
    except PveError as failure:
        call.complain(failure.text)
        return False
    return True


def space(node: Node, storage: Storage) -> tuple[int, int]:
    """The total and the used bytes of a storage; zero where the storage cannot be reached."""
    if storage.type == "zfspool":
        dataset = node.zfs.datasets.get(storage.pool or "")
        if dataset is None:
            return 0, 0
        space = node.zfs.space()
        used = space.used(dataset)
        return used + space.available(dataset.name), used
    if storage.path is None or not node.files.is_dir(storage.path) or not activation.is_ready(node, storage):
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
    **storecfg.HANDLERS,
    "alloc": allocate,
    "free": free,
}
