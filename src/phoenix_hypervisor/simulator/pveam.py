"""The verbs of ``pveam``, and ``pveversion``. Source: PVE::CLI::pveam, PVE::APLInfo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator import durations, tarballs
from phoenix_hypervisor.simulator.call import Call, Handler, Steps
from phoenix_hypervisor.simulator.failures import ParameterError, PveError
from phoenix_hypervisor.simulator.process import Process, Program, Run

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

CATALOGUE = (
    "alpine-3.22-default_20250617_amd64.tar.xz",
    "archlinux-base_20240911-1_amd64.tar.zst",
    "debian-11-standard_11.7-1_amd64.tar.zst",
    "debian-12-standard_12.12-1_amd64.tar.zst",
    "debian-13-standard_13.1-2_amd64.tar.zst",
    "fedora-42-default_20250428_amd64.tar.xz",
    "ubuntu-20.04-standard_20.04-1_amd64.tar.gz",
    "ubuntu-22.04-standard_22.04-1_amd64.tar.zst",
    "ubuntu-24.04-standard_24.04-2_amd64.tar.zst",
    "ubuntu-25.04-standard_25.04-1.1_amd64.tar.zst",
)
"""What download.proxmox.com has in its section ``system``."""


def version(node: Node) -> Program:
    """``pveversion``."""

    def run(process: Process) -> Run:
        yield durations.PVESH
        process.say(f"pve-manager/{node.release.manager} (running kernel: {node.kernel.release})\n")
        return 0

    return run


def _folder(node: Node, name: str) -> str:
    storage = node.storages.get(name)
    if "vztmpl" not in storage.content or not storage.path:
        raise PveError(f"storage '{name}' does not support templates")
    return f"{storage.path}/template/cache"


def listing(call: Call) -> Steps:
    yield 0.0
    name = call.parameters["storage"]
    files = call.node.files.glob(f"{_folder(call.node, name)}/*")
    call.process.say(f"{'NAME':<60} {'SIZE':<6}\n")
    for path in files:
        size = tarballs.packed_size(call.node.files.read(path)) / (1 << 20)
        call.process.say(f"{name + ':vztmpl/' + path.rpartition('/')[2]:<60} {size:.2f}MB\n")


def available(call: Call) -> Steps:
    yield 0.0
    if call.parameters.get("section", "system") == "system":
        for name in CATALOGUE:
            call.process.say(f"{'system':<15} {name}\n")


def update(call: Call) -> Steps:
    yield durations.PVEAM
    call.process.say("update successful\n")


def download(call: Call) -> Steps:
    name = call.parameters["template"]
    folder = _folder(call.node, call.parameters["storage"])
    if name not in CATALOGUE:
        raise ParameterError({"template": "no such template"}, 255)
    path, content = f"{folder}/{name}", tarballs.text(name)
    if call.node.files.exists(path) and call.node.files.read(path) == content:
        call.process.say("OK, got correct file already, no need to download\n")
        return
    url = f"http://download.proxmox.com/images/system/{name}"
    call.process.say(f"downloading {url} to {path}\n")
    yield tarballs.packed_size(content) / durations.DOWNLOADED_BYTES_PER_SECOND
    call.node.files.mkdir(folder, parents=True)
    call.node.files.write(path, content)
    call.process.say(f"calculating checksum...OK, checksum verified\ndownload of '{url}' to '{path}' finished\n")


def remove(call: Call) -> Steps:
    yield 0.0
    path = call.node.storages.path(call.parameters["template_path"])
    if not call.node.files.exists(path):
        raise PveError(f"unable to remove '{call.parameters['template_path']}': No such file or directory")
    call.node.files.remove(path)


HANDLERS: Mapping[str, Handler] = {
    "list": listing,
    "available": available,
    "update": update,
    "download": download,
    "remove": remove,
}
