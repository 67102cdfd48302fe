"""NVIDIA's installer and nvidia-smi inside a container: the user's part of the driver, over the node's module."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.hardware.nvidia import driver, options, runfile, smi, texts
from phoenix_hypervisor.simulator.process import Machine, Process, Program, Run

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

_UNPACK_AND_COPY = 20.0


def is_there(machine: Machine, name: str) -> bool:
    """Whether a program is there: what the installer brings is there once it has brought it."""
    return name not in driver.PROGRAMS or machine.files.exists(f"/usr/bin/{name}")


def _installer(process: Process, /) -> Run:
    path, words = process.argv[1], process.argv[2:]
    text = process.files.read(path if path.startswith("/") else f"{process.directory}/{path}")
    yield 2.0
    named, found = runfile.check(text)
    if named != found:
        process.complain(f"Error in MD5 checksums: {found} is different from {named}\n")
        return 1
    if "--check" in words:
        return 0
    try:
        given = options.parse(words)
    except options.OptionFault as fault:
        usage = "please run `nvidia-installer --help` for usage information."
        process.complain(f"nvidia-installer: {fault}\n\nERROR: Invalid commandline, {usage}\n\n")
        return 1
    if not given.is_silent or not given.without_kernel:
        process.complain(f"\nERROR: {texts.HEADERS}\n\n")
        return 1
    yield _UNPACK_AND_COPY
    driver.take_away(process.machine)
    driver.put(process.machine, runfile.version_of(text))
    return 0


def _smi(node: Node, process: Process, /) -> Run:
    """As on the node, for the cards whose device nodes the container has."""
    yield 0.4
    library, loaded = driver.installed(process.machine), driver.loaded(node)
    if not loaded or not process.files.exists("/dev/nvidiactl"):
        process.say(smi.NOT_LOADED)
        return smi.NO_MODULE
    if library != loaded:
        process.say(smi.MISMATCH.format(".".join(library.split(".")[:2])))
        return smi.OTHER_VERSION
    cards = [card for index, card in enumerate(driver.cards(node)) if process.files.exists(f"/dev/nvidia{index}")]
    if not cards:
        process.say("No devices were found\n")
        return smi.NO_DEVICE
    rows = [smi.fields(node, index, card) for index, card in enumerate(cards)]
    return smi.answer(node, process, process.argv[1:], rows)


def programs(node: Node) -> dict[str, Program]:
    return {runfile.PROGRAM: _installer, "nvidia-smi": partial(_smi, node)}
