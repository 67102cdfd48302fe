"""Kernel modules: their files under /lib/modules, and what is loaded, which /sys/module shows."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.debian import units
from phoenix_hypervisor.simulator.filesystem import Generated
from phoenix_hypervisor.simulator.hardware import keys, pci
from phoenix_hypervisor.simulator.hardware.modconf import Config, parse, plain, snapshot

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

FOLDER = "/sys/module"
NVIDIA = ("nvidia", "nvidia-modeset", "nvidia-drm", "nvidia-uvm", "nvidia-peermem")
NVIDIA_DEPENDS = {"nvidia-modeset": "nvidia", "nvidia-drm": "nvidia-modeset", "nvidia-uvm": "nvidia"}


class ModuleFault(Exception):
    """What the kernel or libkmod says of a module that cannot be loaded or taken out."""


@dataclass(frozen=True, slots=True)
class Module:
    """A module's file: its path, and what ``modinfo`` reads in it."""

    name: str
    path: str
    fields: tuple[tuple[str, str], ...]

    def get(self, key: str) -> str:
        return next((value for name, value in self.fields if name == key), "")

    @property
    def depends(self) -> list[str]:
        return [plain(one) for one in self.get("depends").split(",") if one]


def text(fields: Mapping[str, str]) -> str:
    """The text of a module's file."""
    return "".join(f"{key}={value}\n" for key, value in fields.items())


def read(files_text: str, path: str) -> Module:
    """The module that a file holds."""
    pairs = tuple((key, value) for key, _, value in (line.partition("=") for line in files_text.splitlines()))
    return Module(plain(path.rpartition("/")[2].partition(".ko")[0]), path, pairs)


class Modules:
    """The modules of a node's running kernel."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def folder(self, kernel: str = "") -> str:
        return f"/lib/modules/{kernel or self._node.kernel.release}"

    def config(self) -> Config:
        """What modprobe.d says now."""
        return parse(snapshot(self._node.files).items())

    # -- the files

    def find(self, name: str, kernel: str = "") -> Module | None:
        """The module of that name that depmod knows; None where it knows none."""
        files, folder = self._node.files, self.folder(kernel)
        index = files.stat(f"{folder}/modules.dep")
        for line in (index.data if index else "").splitlines():
            path = line.partition(":")[0]
            if plain(path.rpartition("/")[2].partition(".ko")[0]) == plain(name):
                entry = files.stat(f"{folder}/{path}")
                return read(entry.data, f"{folder}/{path}") if entry else None
        return None

    def is_builtin(self, name: str) -> bool:
        entry = self._node.files.stat(f"{self.folder()}/modules.builtin")
        names = (line.rpartition("/")[2].partition(".ko")[0] for line in (entry.data if entry else "").splitlines())
        return plain(name) in map(plain, names)

    # -- what is loaded

    def loaded(self) -> dict[str, list[str]]:
        """What is loaded, the newest first, each with what it depends on."""
        files = self._node.files
        order = files.list(FOLDER) if files.is_dir(FOLDER) else []
        found = [(name, files.stat(f"{FOLDER}/{name}/holds")) for name in order]
        there = [(entry.mtime, -number, name, entry) for number, (name, entry) in enumerate(found) if entry is not None]
        return {name: entry.data.split() for _, _, name, entry in sorted(there, reverse=True, key=lambda one: one[:2])}

    def users(self, name: str) -> list[str]:
        """The loaded modules that depend on one."""
        return _users(self.loaded(), name)

    def held(self, name: str) -> int:
        """How many beside modules keep one in use: consoles, containers, daemons."""
        if name == "nouveau":
            return sum(pci.driver(self._node.files, card) == "nouveau" for card in pci.consoles(self._node.files))
        if name == "nvidia":
            return nvidia_users(self._node)
        return 1 if name in ("zfs", "spl") else 0

    def load(self, name: str, config: Config, given: tuple[str, ...] = (), *, strict: bool = True) -> list[str]:
        """Load a module with what it needs; the names that were loaded, in their order. Raises ModuleFault."""
        return list(self._load(plain(name), config, given, strict))

    def _load(self, name: str, config: Config, given: tuple[str, ...], strict: bool) -> Iterator[str]:
        if name in self.loaded() or self.is_builtin(name):
            return
        module = self.find(name)
        if module is None:
            if strict:
                raise ModuleFault(f"FATAL: Module {name} not found in directory {self.folder()}")
            return
        for other in config.before.get(name, ()):
            yield from self._load(other, config, (), strict=False)
        for other in module.depends:
            yield from self._load(other, config, (), strict=True)
        self._insert(module, [*config.options.get(name, ()), *given])
        yield name
        for other in config.after.get(name, ()):
            yield from self._load(other, config, (), strict=False)

    def _insert(self, module: Module, options: list[str]) -> None:
        node, name = self._node, module.name
        if reason := self._refusal(module, options):
            raise ModuleFault(f"ERROR: could not insert '{name}': {reason}")
        folder = f"{FOLDER}/{name}"
        node.files.mkdir(f"{folder}/parameters", parents=True)
        texts = {"holds": " ".join(module.depends), "initstate": "live"}
        texts |= {key: module.get(key) for key in ("version", "srcversion") if module.get(key)}
        for key, value in texts.items():
            node.files.write(f"{folder}/{key}", f"{value}\n", mode=0o444)
        for option in options:
            key, _, value = option.partition("=")
            with suppress(OSError):
                node.files.write(f"{folder}/parameters/{plain(key)}", f"{value}\n")
        for card in pci.takes(node.files, module, options):
            pci.bind(node.files, card, name)

    def _refusal(self, module: Module, options: list[str]) -> str:
        """Why the kernel does not take a module; empty when it does."""
        if module.get("vermagic").split(" ")[0] != self._node.kernel.release:
            return "Exec format error"
        if self._node.secure_boot and not self._is_trusted(module):
            return "Key was rejected by service"
        if module.name == "nvidia" and not pci.takes(self._node.files, module, options):
            return "No such device"
        return ""

    def _is_trusted(self, module: Module) -> bool:
        """Whether it came with the kernel, or is signed with a key that was enrolled."""
        return module.get("signer").startswith("Build time") or module.get("sig_key") in keys.enrolled(self._node)

    def unload(self, name: str) -> None:
        """Take a module out. Raises ModuleFault where it is in use or not there."""
        name = plain(name)
        if name not in self.loaded():
            raise ModuleFault(f"ERROR: Module {name} is not currently loaded")
        if users := self.users(name):
            raise ModuleFault(f"ERROR: Module {name} is in use by: {' '.join(users)}")
        if self.held(name):
            raise ModuleFault(f"ERROR: Module {name} is in use")
        self._node.files.remove(f"{FOLDER}/{name}", recursive=True)
        for card in pci.cards(self._node.files):
            if pci.driver(self._node.files, card) == name:
                pci.release(self._node.files, card)


def nvidia_users(node: Node) -> int:
    """How many programs hold the NVIDIA cards: containers with their device nodes, the persistence daemon."""
    texts = (value for one in node.guests.running.values() for key, value in one.options.items() if key[:3] == "dev")
    containers = sum("/dev/nvidia" in text for text in texts)
    daemons = [unit for unit in units.installed_units(node) if unit.startswith("nvidia-persistenced")]
    by_hand = not daemons and node.files.exists("/run/nvidia-persistenced/nvidia-persistenced.pid")
    return containers + (by_hand or any(units.is_active(node, unit) for unit in daemons))


def size(name: str) -> int:
    """The bytes that a module takes: the same ones each time."""
    return 16384 + zlib.crc32(name.encode()) % 200 * 4096


def _users(loaded: Mapping[str, list[str]], name: str) -> list[str]:
    return [other for other, depends in loaded.items() if plain(name) in depends]


class ProcModules(Generated):
    """``/proc/modules``."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules

    def read(self) -> str:
        loaded = self._modules.loaded()
        return "".join(
            f"{name} {size(name)} {len(users) + self._modules.held(name)} "
            f"{''.join(f'{user},' for user in users) or '-'} Live 0x0000000000000000\n"
            for name in loaded
            for users in [_users(loaded, name)]
        )
