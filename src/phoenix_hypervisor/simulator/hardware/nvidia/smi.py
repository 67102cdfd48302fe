"""nvidia-smi, nvidia-modprobe, nvidia-persistenced."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.hardware import pci
from phoenix_hypervisor.simulator.hardware.modules import ModuleFault
from phoenix_hypervisor.simulator.hardware.nvidia import driver
from phoenix_hypervisor.simulator.process import Process, Program, Run

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

NOT_LOADED = ("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest "
              "NVIDIA driver is installed and running.\n\n")  # fmt: skip
MISMATCH = "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: {}\n"
NO_MODULE, OTHER_VERSION, NO_DEVICE = 9, 18, 6
Fields = dict[str, str]


def _load(node: Node) -> bool:
    """Load the module, as everything that root runs of the driver does; whether it is loaded."""
    try:
        config = node.modules.config()
        if "nvidia" not in config.install:
            node.modules.load("nvidia", config)
    except ModuleFault:
        return False
    return bool(driver.loaded(node))


def fields(node: Node, index: int, address: str) -> Fields:
    """What nvidia-smi tells of a card, by the names of its queries; ``index``: its number in the list."""
    model = pci.MODELS.get(pci.read(node.files, address, "device"))
    held = node.files.exists("/run/nvidia-persistenced/nvidia-persistenced.pid")
    mode = node.files.stat(f"/proc/driver/nvidia/persistence-{index}")
    return {
        "index": str(index),
        "count": str(len(driver.cards(node))),
        "name": f"NVIDIA {model.product}" if model else "NVIDIA Graphics Device",
        "uuid": driver.uuid(node, address),
        "driver_version": driver.loaded(node),
        "pci.bus_id": f"0000{address}".upper(),
        "memory.total": f"{model.memory if model else 8192} MiB",
        "memory.used": "2 MiB",
        "persistence_mode": "Enabled" if held or mode else "Disabled",
    }


_ALIASES = {"gpu_name": "name", "gpu_uuid": "uuid", "gpu_bus_id": "pci.bus_id"}


def _smi(node: Node, process: Process, /) -> Run:
    yield 0.4
    words = process.argv[1:]
    if not _load(node):
        process.say(NOT_LOADED)
        return NO_MODULE
    library = driver.installed(node)
    if library != driver.loaded(node):
        process.say(MISMATCH.format(".".join(library.split(".")[:2])))
        return OTHER_VERSION
    for index in range(len(driver.cards(node))):
        driver.make_nodes(node, index=index)
    rows = [fields(node, index, card) for index, card in enumerate(driver.cards(node))]
    return answer(node, process, words, rows)


def answer(node: Node, process: Process, words: list[str], rows: list[Fields]) -> int:
    """Answer a command line about these cards; returns the exit status."""
    query, style, chosen = "", "", rows
    listing = persistence = False
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name in ("-i", "--id", "-pm", "--persistence-mode"):
            if not equals and not rest:
                process.say(f"Option {word} requires an argument.\n")
                return 2
            value = value if equals else rest.pop(0)
        if name in ("-i", "--id"):
            keys = value.split(",")
            chosen = [row for row in rows if {row["index"], row["uuid"], row["pci.bus_id"]} & set(keys)]
            if not chosen:
                process.say("No devices were found\n")
                return NO_DEVICE
        elif name in ("-pm", "--persistence-mode"):
            if value not in ("0", "1", "ENABLED", "DISABLED"):
                process.say(f"Unable to parse persistence mode: {value}\n")
                return 2
            persistence = True
            _set_persistence(node, process, chosen, value in ("1", "ENABLED"))
        elif name == "--query-gpu" and equals:
            query = value
        elif name == "--format" and equals:
            style = value
        elif name in ("-L", "--list-gpus"):
            listing = True
        else:
            process.say('Invalid combination of input arguments. Please run "nvidia-smi -h" for help.\n\n')
            return 1
    if query:
        return _query(process, chosen, query, style)
    if listing:
        process.say("".join(f"GPU {row['index']}: {row['name']} (UUID: {row['uuid']})\n" for row in chosen))
    elif not persistence:
        process.say(_table(driver.loaded(node), chosen))
    return 0


def _set_persistence(node: Node, process: Process, rows: list[Fields], on: bool) -> None:
    for row in rows:
        path = f"/proc/driver/nvidia/persistence-{row['index']}"
        was = node.files.exists(path)
        if on and not was:
            node.files.mkdir("/proc/driver/nvidia", parents=True)
            node.files.write(path, "1\n")
        elif was and not on:
            node.files.remove(path)
        state = "enabled" if on else "disabled"
        already = "already " if was == on else ""
        process.say(f"Persistence mode is {already}{state.title()} for GPU {row['pci.bus_id']}.\n" if already else
                    f"{state.title()} persistence mode for GPU {row['pci.bus_id']}.\n")  # fmt: skip
    process.say("All done.\n")


def _query(process: Process, rows: list[Fields], query: str, style: str) -> int:
    keys = [_ALIASES.get(key.strip(), key.strip()) for key in query.split(",")]
    known = {"index", "count", "name", "uuid", "driver_version", "pci.bus_id", "memory.total", "memory.used"}
    for key in keys:
        if key not in known | {"persistence_mode"}:
            process.say(f'Field "{key}" is not a valid field to query.\n\n')
            return 2
    parts = style.split(",")
    if parts[0] != "csv":
        process.say('"--format=" switch is missing. The "--query-" switch requires it.\n\n' if not style else
                    f'Format "{style}" is not valid.\n')  # fmt: skip
        return 2
    if "noheader" not in parts:
        units = {"memory.total": " [MiB]", "memory.used": " [MiB]"} if "nounits" not in parts else {}
        process.say(", ".join(f"{key}{units.get(key, '')}" for key in keys) + "\n")
    for row in rows:
        values = [row[key].removesuffix(" MiB") if "nounits" in parts else row[key] for key in keys]
        process.say(", ".join(values) + "\n")
    return 0


def _table(version: str, rows: list[Fields]) -> str:
    line = "+" + "-" * 89 + "+\n"
    head = f"| NVIDIA-SMI {version:<22} Driver Version: {version:<14} CUDA Version: 13.0     |\n"
    cards = "".join(
        f"| {row['index']:>3}  {row['name']:<30} {row['persistence_mode'][:3]:<4} | {row['pci.bus_id']} Off |"
        f" {row['memory.used']} / {row['memory.total']} |\n"
        for row in rows
    )
    return line + head + line + cards + line


def _modprobe(node: Node, process: Process, /) -> Run:
    yield 0.15
    rest, minors, uvm, modeset = process.argv[1:], [], False, False
    while rest:
        word, rest = rest[0], rest[1:]
        name, equals, value = word.partition("=")
        if name in ("-c", "--create-nvidia-device-file", "-i", "--create-imex-channel"):
            if not equals:
                value, rest = (rest or [""])[0], rest[1:]
            if not value.isdecimal():
                process.complain("ERROR: Invalid commandline, please run `nvidia-modprobe --help` for usage.\n")
                return 1
            minors.append(int(value))
        elif name in ("-u", "--unified-memory"):
            uvm = True
        elif name in ("-m", "--modeset"):
            modeset = True
        elif name not in ("-s", "--skip-depmod"):
            usage = "ERROR: Invalid commandline, please run `nvidia-modprobe --help` for usage information."
            process.complain(f'nvidia-modprobe: unrecognized option: "{word}"\n\n{usage}\n\n')
            return 1
    return (yield from _make(node, minors, uvm, modeset))


def _make(node: Node, minors: list[int], uvm: bool, modeset: bool) -> Generator[float, None, int]:
    """Load the modules wanted, then make the nodes; 1 where a module does not load."""
    yield 0.1
    if not _load(node):
        return 1
    try:
        for name, wanted in (("nvidia_uvm", uvm), ("nvidia_modeset", modeset)):
            if wanted:
                node.modules.load(name, node.modules.config())
    except ModuleFault:
        return 1
    driver.make_nodes(node, uvm=uvm, modeset=modeset)
    for minor in minors:
        if minor == 255 or minor >= len(driver.cards(node)):
            continue
        driver.make_nodes(node, index=minor)
    return 0


def _persistenced(node: Node, process: Process, /) -> Run:
    yield 0.2
    rest = process.argv[1:]
    while rest:
        word, rest = rest[0], rest[1:]
        if word in ("-u", "--user", "-g", "--group"):
            rest = rest[1:]
        elif word.partition("=")[0] not in ("--user", "--group", "--persistence-mode", "--no-persistence-mode", "-V",
                                            "--verbose", "--uvm-persistence-mode", "--nvidia-cfg-path"):  # fmt: skip
            process.complain(f'nvidia-persistenced: unrecognized option: "{word}"\n')
            return 1
    if not _load(node):
        process.complain("nvidia-persistenced failed to initialize. Check syslog for more details.\n")
        return 1
    for index in range(len(driver.cards(node))):
        driver.make_nodes(node, index=index)
    node.files.mkdir("/run/nvidia-persistenced", parents=True)
    node.files.write("/run/nvidia-persistenced/nvidia-persistenced.pid", "1234\n")
    return 0


def programs(node: Node) -> dict[str, Program]:
    return {
        "nvidia-smi": partial(_smi, node),
        "nvidia-modprobe": partial(_modprobe, node),
        "nvidia-persistenced": partial(_persistenced, node),
    }
