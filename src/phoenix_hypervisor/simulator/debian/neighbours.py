"""``ip neigh``: the addresses of other machines that the kernel has talked to, and forgetting them."""

from __future__ import annotations

import hashlib

from phoenix_hypervisor.simulator.coreutils.common import Fault
from phoenix_hypervisor.simulator.debian import ipchange
from phoenix_hypervisor.simulator.process import Process

NAMES = ("n", "neigh", "neighbor", "neighbour")
_FILTERS = ("to", "dev")


def neighbours(process: Process, words: list[str]) -> int:
    """Show what answers, or flush; ``to ADDRESS`` and ``dev LINK`` narrow it."""
    verb, *rest = words or ["show"]
    if verb not in ("show", "list", "flush"):
        raise Fault(f'Command "{verb}" is unknown, try "ip neighbour help".', 255)
    asked = dict(zip(rest[::2], rest[1::2], strict=False))
    if len(rest) % 2 or not set(asked) <= set(_FILTERS):
        raise Fault(f'Error: any valid prefix is expected rather than "{rest[-1]}".', 1)
    network = ipchange.network_of(process)
    if network is None:
        return 0
    if (device := asked.get("dev")) and not network.exists(device):
        raise Fault(f'Cannot find device "{device}"', 1)
    if verb == "flush":
        if not asked:
            raise Fault("Flush requires arguments.", 1)
        return 0
    for address in sorted(network.neighbours):
        link = network.device_of(address)
        if not link or asked.get("dev", link) != link or asked.get("to", address) != address:
            continue
        digits = hashlib.sha256(address.encode()).hexdigest()
        mac = ":".join(("52", "54", "00", *(digits[at : at + 2] for at in (0, 2, 4))))
        process.say(f"{address} dev {link} lladdr {mac} REACHABLE \n")
    return 0
