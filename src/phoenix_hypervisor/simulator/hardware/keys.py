"""The key that DKMS signs modules with, and the keys that are enrolled beside those of the firmware."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

KEY = "/var/lib/dkms/mok.pub"
_ENROLLED = "/sys/firmware/efi/efivars/MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23"
_ATTRIBUTES = "\x06\x00\x00\x00"


def own(node: Node) -> str:
    """The node's key, made where there is none."""
    if not node.files.exists(KEY):
        node.files.mkdir(KEY.rpartition("/")[0], parents=True)
        node.files.write(KEY, f"{sha256(f'{node.seed}:mok'.encode()).hexdigest()}\n")
    return node.files.read(KEY).strip()


def enrolled(node: Node) -> list[str]:
    """The keys that somebody at the console enrolled."""
    entry = node.files.stat(_ENROLLED)
    return entry.data.removeprefix(_ATTRIBUTES).split() if entry else []


def enroll(node: Node) -> None:
    """Enroll the node's key, as the console asks for at the boot after ``mokutil --import``."""
    node.files.mkdir(_ENROLLED.rpartition("/")[0], parents=True)
    node.files.write(_ENROLLED, _ATTRIBUTES + "".join(f"{key}\n" for key in [*enrolled(node), own(node)]))
