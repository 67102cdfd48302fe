"""The initial file systems that the machine's kernels boot with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import SerializeAsAny

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Resource, Verdict
from phoenix_hypervisor.resources import due

DUE = due.INITRAMFS
"""What the files and blocks that it is made from name in their ``notify``."""
_UPDATE = """\
set -eu
update-initramfs -u -k all
if [ -s /etc/kernel/proxmox-boot-uuids ] && command -v proxmox-boot-tool >/dev/null; then
  proxmox-boot-tool refresh
fi
"""


class Initramfs(Resource):
    """The initial file systems, made anew where what they hold changed; ``initramfs:update`` is its one id.

    ``watches`` are the resources that it follows: files and blocks below /etc/modprobe.d and the like, which name
    ``DUE`` in their ``notify``. Where the node boots from partitions that Proxmox copies kernels to, those follow.
    """

    kind: ClassVar[str] = "initramfs"
    locks: ClassVar[frozenset[str]] = frozenset({"apt", "initramfs"})
    name: Literal["update"] = "update"
    watches: tuple[SerializeAsAny[Resource], ...] = ()

    def joined(self, other: Resource) -> Resource:
        """What several features follow with it, each at once."""
        watches = (*self.watches, *(other.watches if isinstance(other, Initramfs) else ()))
        return self.model_copy(update={"watches": tuple({each.id: each for each in watches}.values())})

    def needs(self) -> Iterator[str]:
        yield from self.after
        yield from (watched.id for watched in self.watches)

    def facts(self) -> Iterator[Fact[Any]]:
        yield due.MARKS
        for watched in self.watches:
            yield from watched.facts()

    def change(self, facts: Facts) -> Iterator[Command]:
        if DUE in facts[due.MARKS] or any(any(watched.change(facts)) for watched in self.watches):
            yield due.settled(DUE, "sh", "-c", _UPDATE, timeout=1800.0)

    def verdict(self, facts: Facts) -> Verdict:  # noqa: ARG002
        return Verdict(reason="what the kernels read at boot changed")

    def __str__(self) -> str:
        return "initramfs of all kernels"
