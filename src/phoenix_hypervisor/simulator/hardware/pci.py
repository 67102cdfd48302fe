"""PCI devices as /sys/bus/pci/devices has them, and ``lspci``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.coreutils.common import Fault, Options
from phoenix_hypervisor.simulator.process import Process

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.filesystem import Filesystem
    from phoenix_hypervisor.simulator.hardware.modules import Module

DEVICES = "/sys/bus/pci/devices"
NVIDIA = "10de"


@dataclass(frozen=True, slots=True)
class Model:
    """An NVIDIA card: the chip, the product, the module sources that it takes, its first driver branch, its memory."""

    chip: str
    product: str
    sources: tuple[str, ...]
    branch: int
    memory: int


_BOTH = ("open", "proprietary")
MODELS = {
    "2b85": Model("GB202", "GeForce RTX 5090", ("open",), 570, 32607),
    "2684": Model("AD102", "GeForce RTX 4090", _BOTH, 520, 24564),
    "2204": Model("GA102", "GeForce RTX 3090", _BOTH, 455, 24576),
    "1e04": Model("TU102", "GeForce RTX 2080 Ti", _BOTH, 410, 11264),
    "1b06": Model("GP102", "GeForce GTX 1080 Ti", ("proprietary",), 378, 11264),
}
"""By device id. Sources: pci.ids; the 580 driver's README, supported products and open kernel modules."""
_CLASSES = {"0300": "VGA compatible controller", "0302": "3D controller", "0403": "Audio device"}
_CLASSES |= {"0600": "Host bridge", "0200": "Ethernet controller", "0108": "Non-Volatile memory controller"}


def read(files: Filesystem, address: str, name: str) -> str:
    """A file of a device, without the ``0x``; empty when it is not there."""
    entry = files.stat(f"{DEVICES}/{address}/{name}")
    return entry.data.strip().removeprefix("0x") if entry else ""


def devices(files: Filesystem) -> list[str]:
    return [path.rpartition("/")[2] for path in files.glob(f"{DEVICES}/*")]


def cards(files: Filesystem) -> list[str]:
    """The NVIDIA graphics cards, in the order in which the driver counts them."""
    return [
        one for one in devices(files) if read(files, one, "vendor") == NVIDIA and read(files, one, "class")[:2] == "03"
    ]


def consoles(files: Filesystem) -> list[str]:
    """The cards that the machine's console is on."""
    return [one for one in cards(files) if read(files, one, "boot_vga") == "1"]


def driver(files: Filesystem, address: str) -> str:
    """The driver that has a device; empty when none has."""
    entry = files.stat(f"{DEVICES}/{address}/driver", follow=False)
    return entry.data.rpartition("/")[2].replace("-", "_") if entry else ""


def bind(files: Filesystem, address: str, name: str) -> None:
    kernel = {"vfio_pci": "vfio-pci"}.get(name, name)
    files.mkdir(f"/sys/bus/pci/drivers/{kernel}", parents=True)
    files.link(f"../../../bus/pci/drivers/{kernel}", f"{DEVICES}/{address}/driver")


def release(files: Filesystem, address: str) -> None:
    if driver(files, address):
        files.remove(f"{DEVICES}/{address}/driver")


def takes(files: Filesystem, module: Module, options: list[str]) -> list[str]:
    """The devices without a driver that a module's driver takes when it is loaded."""
    free = [one for one in devices(files) if not driver(files, one)]
    if module.name == "vfio_pci":
        ids = [one for option in options if option.startswith("ids=") for one in option[4:].lower().split(",")]
        return [one for one in free if f"{read(files, one, 'vendor')}:{read(files, one, 'device')}" in ids]
    found = [one for one in free if one in cards(files)]
    if module.name == "nouveau":
        return [one for one in found if read(files, one, "nouveau")]
    if module.name != "nvidia":
        return []
    source = "open" if "MIT" in module.get("license") else "proprietary"
    return [one for one in found if _runs(read(files, one, "device"), source, module.get("version"))]


def _runs(device: str, source: str, version: str) -> bool:
    model = MODELS.get(device)
    return model is None or (source in model.sources and int(version.partition(".")[0]) >= model.branch)


# -- lspci


def lspci(process: Process, words: list[str]) -> int:
    options = Options("lspci", words, "nkDvmbPtx", "dsi", {})
    if options.operands:
        raise Fault("Usage: lspci [<switches>]", 1)
    slot, wanted = options.last("s"), options.last("d").lower()
    for address in devices(process.files):
        if _slot_matches(address, slot) and _id_matches(process.files, address, wanted):
            process.say(_shown(process.files, address, options))
    return 0


def _slot_matches(address: str, slot: str) -> bool:
    """``[[[[domain]:]bus]:][slot][.[func]]``, each part in hexadecimal or left out."""
    rest, dot, function = slot.partition(".")
    domain_bus, colon, device = rest.rpartition(":")
    domain, _, bus = domain_bus.rpartition(":")
    wanted = (domain, bus if colon else "", device if (colon or device) else "", function if dot else "")
    found = (address[:4], address[5:7], address[8:10], address[11:])
    try:
        return all(one in ("", "*") or int(one, 16) == int(own, 16) for one, own in zip(wanted, found, strict=True))
    except ValueError as wrong:
        raise Fault(f'-s: Invalid slot number "{slot}"', 1) from wrong


def _id_matches(files: Filesystem, address: str, wanted: str) -> bool:
    """``[vendor]:[device][:class]``."""
    if wanted and ":" not in wanted:
        raise Fault("-d: ':' expected", 1)
    found = (read(files, address, "vendor"), read(files, address, "device"), read(files, address, "class")[:4])
    try:
        parts = [int(one, 16) if one not in ("", "*") else None for one in wanted.split(":")]
    except ValueError as wrong:
        raise Fault("-d: Invalid vendor ID", 1) from wrong
    return all(one is None or one == int(own or "0", 16) for one, own in zip(parts, found, strict=False))


def _names(files: Filesystem, address: str) -> tuple[str, str, str]:
    """The names of class, vendor and device, as pci.ids has them."""
    vendor, device = read(files, address, "vendor"), read(files, address, "device")
    model = MODELS.get(device) if vendor == NVIDIA else None
    kind = _CLASSES.get(read(files, address, "class")[:4], "Unassigned class")
    if model:
        return kind, "NVIDIA Corporation", f"{model.chip} [{model.product}]"
    return kind, "NVIDIA Corporation" if vendor == NVIDIA else "Vendor " + vendor, f"Device {device}"


def _shown(files: Filesystem, address: str, options: Options) -> str:
    numbers = len(options.all("n"))
    codes = [read(files, address, name)[:4] for name in ("class", "vendor", "device")]
    names = list(_names(files, address))
    where = address if "D" in options or not address.startswith("0000:") else address[5:]
    if numbers == 1:
        names = codes
    elif numbers > 1:
        names = [f"{name} [{code}]" for name, code in zip(names, codes, strict=True)]
    used = driver(files, address).replace("vfio_pci", "vfio-pci")
    if "m" in options:
        return _machine_readable(where, names, used, options)
    if numbers == 1:
        text = f"{where} {codes[0]}: {codes[1]}:{codes[2]} (rev a1)\n"
    elif numbers > 1:
        plain = _names(files, address)
        text = f"{where} {plain[0]} [{codes[0]}]: {plain[1]} {plain[2]} [{codes[1]}:{codes[2]}] (rev a1)\n"
    else:
        text = f"{where} {names[0]}: {names[1]} {names[2]} (rev a1)\n"
    if "k" in options or "v" in options:
        text += f"\tKernel driver in use: {used}\n" if used else ""
        known = [name for name in ("nvidiafb", "nouveau", "nvidia_drm", "nvidia") if address in cards(files)]
        text += f"\tKernel modules: {', '.join(known[:2])}\n" if known else ""
    return text + ("\n" if "v" in options else "")


def _machine_readable(where: str, names: list[str], used: str, options: Options) -> str:
    if "v" not in options:
        return f'{where} "{names[0]}" "{names[1]}" "{names[2]}" -ra1 "" ""\n'
    rows = [("Slot", where), ("Class", names[0]), ("Vendor", names[1]), ("Device", names[2]), ("Rev", "a1")]
    rows += [("Driver", used)] if used and "k" in options else []
    return "".join(f"{key}:\t{value}\n" for key, value in rows) + "\n"
