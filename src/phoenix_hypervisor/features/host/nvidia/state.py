"""What the node has of NVIDIA: cards, modules, libraries, device nodes, and what else lays claim to the cards."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, answered
from phoenix_hypervisor.resources.package import installed_of

_LOOK = """\
for card in sys/bus/pci/devices/*; do
  [ -r "$card/vendor" ] && read -r vendor <"$card/vendor" && read -r class <"$card/class" || continue
  case $vendor$class in 0x10de0x03*) ;; *) continue ;; esac
  read -r device <"$card/device" || continue
  driver=$(readlink "$card/driver") || driver=none
  printf 'card %s %s %s\\n' "${card##*/}" "$device" "${driver##*/}"
done
while read -r module size count rest; do
  case $module in nvidia | nouveau) printf 'loaded %s %s\\n' "$module" "$count" ;; esac
done <proc/modules
[ ! -r sys/module/nvidia/version ] || printf 'running %s\\n' "$(cat sys/module/nvidia/version)"
for library in usr/lib/x86_64-linux-gnu/libnvidia-ml.so.*.*; do
  [ ! -e "$library" ] || printf 'library %s\\n' "${library#*.so.}"
done
for kernel in lib/modules/*/modules.dep; do
  kernel=${kernel#lib/modules/}
  kernel=${kernel%/modules.dep}
  version=$(modinfo -b . -k "$kernel" -F version nvidia 2>/dev/null) && printf 'module %s %s\\n' "$kernel" "$version"
done
for node in dev/nvidia*; do
  [ ! -c "$node" ] || printf 'node %s\\n' "${node#dev/}"
done
grep -Hsi -E '^[[:space:]]*(install|options)[[:space:]]+(nvidia|vfio[-_]pci)([[:space:]]|$)' etc/modprobe.d/*.conf |
  while IFS= read -r line; do printf 'conf /%s\\n' "$line"; done
for group in sys/fs/cgroup/lxc/*; do
  config=etc/pve/lxc/${group##*/}.conf
  [ -d "$group" ] && [ -e "$config" ] || continue
  if sed '/^\\[/,$d' "$config" | grep -q -E '^(dev[0-9]+|lxc[.]mount[.]entry):.*/dev/nvidia'; then
    printf 'holder %s\\n' "${group##*/}"
  fi
done
printf 'boot '
cat proc/cmdline
exit 0
"""
_DEVICE = re.compile(r"0x[0-9a-f]{4}")
_IDS = re.compile(r"(?:^|\s)(?:vfio[-_]pci\.)?ids=(\S+)", re.IGNORECASE)
_PACKAGES = (
    "nvidia-driver", "nvidia-driver-bin", "nvidia-driver-cuda", "nvidia-driver-full", "nvidia-driver-libs",
    "nvidia-tesla-*driver*", "nvidia-legacy-*-driver*", "nvidia-*kernel*-dkms", "nvidia-open", "libnvidia-*ml1",
    "cuda-drivers*",
)  # fmt: skip
"""By the patterns of dpkg-query; the branches that Debian keeps beside have names such as nvidia-tesla-535-driver."""
_SECURE_BOOT = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
KEY = "/var/lib/dkms/mok.pub"
"""With which DKMS signs what it builds; it makes one at its first build where there is none."""


class Enrolment(Enum):
    """Whether the firmware takes what is signed with the key; a request waits for somebody at the console."""

    DONE = auto()
    REQUESTED = auto()
    OPEN = auto()
    NO_KEY = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Card:
    """A card: PCI address, device id, the module that has it (``none``), and what claims it for vfio-pci at boot."""

    address: str
    device: int
    driver: str
    claim: str = ""

    @property
    def is_of_guests(self) -> bool:
        """Whether it is, or is to be, passed through to virtual machines."""
        return self.driver == "vfio-pci" or bool(self.claim)


@dataclass(frozen=True, slots=True)
class State:
    """Versions are empty where there is none; ``modules`` is by kernel; ``in_use`` how often a loaded module is."""

    cards: tuple[Card, ...]
    running: str
    library: str
    modules: Mapping[str, str]
    in_use: Mapping[str, int]
    nodes: frozenset[str]
    holders: tuple[int, ...]
    """Running containers with device nodes of NVIDIA."""
    refused: str = ""
    """The line that keeps the module from being loaded, with its file."""

    @property
    def own_cards(self) -> tuple[Card, ...]:
        return tuple(card for card in self.cards if not card.is_of_guests)

    @property
    def missing_nodes(self) -> tuple[str, ...]:
        """Device nodes that are not there, of those that CUDA needs."""
        wanted = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", *(f"nvidia{n}" for n in range(len(self.own_cards))))
        return tuple(name for name in wanted if name not in self.nodes)


def _state(result: Result) -> State:
    rows: dict[str, list[str]] = defaultdict(list)
    for line in answered(result, "what it has of NVIDIA").splitlines():
        key, _, value = line.partition(" ")
        rows[key].append(value)
    confs = [line.partition(":") for line in rows["conf"]]
    claims = [(path, _IDS.search(line)) for path, _, line in confs if re.search(r"options\s+vfio", line, re.IGNORECASE)]
    claims += [("the kernel's command line", found) for line in rows["boot"] for found in _IDS.finditer(line)]
    by_id = {each.lower(): path for path, found in claims if found for each in found[1].split(",")}
    refused = [f"{path}: {line.strip()}" for path, _, line in confs if re.match(r"\s*install\s+nvidia\b", line)]
    try:
        return State(
            cards=tuple(_card(row.split(), by_id) for row in rows["card"]),
            running=next(iter(rows["running"]), ""),
            library=next(iter(rows["library"]), ""),
            modules=dict(_pair(row) for row in rows["module"]),
            in_use={name: int(count) for name, count in map(_pair, rows["loaded"])},
            nodes=frozenset(rows["node"]),
            holders=tuple(sorted(int(row) for row in rows["holder"])),
            refused=next(iter(refused), ""),
        )
    except ValueError as error:
        raise NodeError("What the node says of its NVIDIA cards and modules cannot be read.") from error


def _pair(row: str) -> tuple[str, str]:
    first, second = row.split(" ", 1)
    return first, second


def _card(words: list[str], claims: Mapping[str, str]) -> Card:
    address, device, driver = words
    if not _DEVICE.fullmatch(device):
        raise ValueError(device)
    return Card(address, int(device, 16), driver, claims.get(f"10de:{device[2:]}", ""))


def _secure_boot(result: Result) -> bool:
    """The variable is four bytes of attributes and one of value; there is none without UEFI."""
    return result.ok and result.stdout.endswith("\x01")


def _enrolment(result: Result) -> Enrolment:
    """By its words: versions of mokutil disagree in their exit status. Source: mokutil.c (test_key)."""
    said = result.stdout + result.stderr
    if "already enrolled" in said or "built-in trusted keyring" in said:
        return Enrolment.DONE
    if "in the enrollment request" in said:
        return Enrolment.REQUESTED
    if "is not enrolled" in said:
        return Enrolment.OPEN
    return Enrolment.NO_KEY if "Failed to open" in said else Enrolment.UNKNOWN


STATE = Fact("NVIDIA", Command("sh", "-s", stdin=_LOOK, timeout=30.0), _state)
SECURE_BOOT = Fact("secure boot", Command("cat", _SECURE_BOOT), _secure_boot)
SIGNED = Fact("key of modules", Command("mokutil", "--test-key", KEY.lstrip("/")), _enrolment)
DEBIAN = installed_of(_PACKAGES)
"""The driver's packages of Debian and of NVIDIA's own repository, which the runfile would overwrite."""
