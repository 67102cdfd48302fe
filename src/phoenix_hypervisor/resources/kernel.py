"""The kernel that runs, and the one that the next boot brings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Resource, Symbol, Verdict
from phoenix_hypervisor.resources import apt

_LOOK = """\
uname -r
for file in etc/kernel/next-boot-pin etc/kernel/proxmox-boot-pin; do
  if [ -s "$file" ]; then echo "pin $(cat "$file")"; fi
done
for file in boot/vmlinuz-*; do
  if [ -e "$file" ]; then echo "image ${file#boot/vmlinuz-}"; fi
done
for folder in lib/modules/*/build; do
  if [ -e "$folder" ]; then echo "headers $folder"; fi
done
exit 0
"""
_RELEASE = re.compile(r"[0-9][A-Za-z0-9.+_~\-]*")


@dataclass(frozen=True, slots=True)
class Kernels:
    """Releases: of the kernel that runs, of those installed, of those with headers, of the pinned one, if any is."""

    running: str
    installed: tuple[str, ...]
    headers: frozenset[str]
    pinned: str = ""

    @property
    def next(self) -> str:
        """What the next boot brings: the pinned one, else Proxmox's newest; the running one where neither is."""
        if self.pinned:
            return self.pinned if self.pinned in self.installed else self.running
        newer = [each for each in self.installed if each.endswith("-pve")]
        return max((*newer, self.running), key=version_of)


def version_of(release: str) -> tuple[int, ...]:
    """The numbers of ``6.17.2-1-pve``: (6, 17, 2, 1)."""
    return tuple(int(number) for number in re.findall(r"\d+", re.split(r"-(?=[a-z])", release)[0]))


def _kernels(result: Result) -> Kernels:
    running, *lines = answered(result, "its kernels").splitlines() or [""]
    if not _RELEASE.fullmatch(running):
        raise NodeError(f"The node's kernel (uname -r) cannot be read: {running!r}.")
    words = [line.partition(" ") for line in lines]
    headers = frozenset(value.split("/")[2] for key, _, value in words if key == "headers")
    installed = tuple(value for key, _, value in words if key == "image" and _RELEASE.fullmatch(value))
    return Kernels(running, installed, headers, next((value for key, _, value in words if key == "pin"), ""))


KERNELS = Fact("kernels", Command("sh", "-s", stdin=_LOOK), _kernels)


class NewestKernel(Resource):
    """The node runs the newest kernel of Proxmox VE that is installed, or the pinned one; a reboot brings it."""

    kind: ClassVar[str] = "kernel"
    name: Literal["newest"] = "newest"

    def facts(self) -> Iterator[Fact[Any]]:
        yield KERNELS

    def change(self, facts: Facts) -> Iterator[Command]:  # noqa: ARG002
        yield from ()

    def verdict(self, facts: Facts) -> Verdict:
        kernels = facts[KERNELS]
        if kernels.next == kernels.running:
            return Verdict()
        return Verdict(reboot=f"kernel {kernels.next} is installed, {kernels.running} runs")


class KernelHeaders(Resource):
    """The headers of the kernel that runs and of the next one, which modules are built against."""

    kind: ClassVar[str] = "kernel-headers"
    locks: ClassVar[frozenset[str]] = frozenset({"apt"})
    name: Literal["installed"] = "installed"

    def facts(self) -> Iterator[Fact[Any]]:
        yield KERNELS

    def _missing(self, facts: Facts) -> list[str]:
        kernels = facts[KERNELS]
        wanted = dict.fromkeys((kernels.running, kernels.next))
        return [package_of(release) for release in wanted if release not in kernels.headers]

    def change(self, facts: Facts) -> Iterator[Command]:
        if missing := self._missing(facts):
            yield apt.mend()
            yield apt.update()
            yield apt.install(*missing)

    def verdict(self, facts: Facts) -> Verdict:
        return Verdict(Symbol.ADD, f"not installed: {', '.join(self._missing(facts))}")

    def __str__(self) -> str:
        return "kernel headers"


def package_of(release: str) -> str:
    """The package with the headers of a kernel; Proxmox named them ``pve-headers-…`` up to 6.2."""
    if not release.endswith("-pve"):
        return f"linux-headers-{release}"
    return f"{'proxmox' if version_of(release) >= (6, 5) else 'pve'}-headers-{release}"
