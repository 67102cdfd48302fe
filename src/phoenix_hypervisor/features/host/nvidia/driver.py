"""NVIDIA's driver in one exact version, from its runfile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.documents.host import Version
from phoenix_hypervisor.documents.types import Url
from phoenix_hypervisor.features.host.nvidia import conflicts, support
from phoenix_hypervisor.features.host.nvidia.state import DEBIAN, SECURE_BOOT, SIGNED, STATE
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Resource, Symbol, Verdict
from phoenix_hypervisor.resources.kernel import KERNELS
from phoenix_hypervisor.resources.runfile import CACHE, Sha256, runfile

_INSTALL = """\
set -eu
file=$1 url=$2 sum=$3
shift 3
cache=${file%/*}
mkdir -p "$cache"
as_declared() {
  [ -n "$sum" ] || return 0
  found=$(sha256sum <"$file")
  [ "${found%% *}" = "$sum" ]
}
fetch() {
  curl --fail --location --silent --show-error --connect-timeout 30 --max-time 3600 --retry 3 \\
    --continue-at - --output "$file.part" "$url"
}
if [ ! -e "$file" ] || ! as_declared; then
  fetch || { rm -f "$file.part"; fetch; }
  sync "$file.part"
  mv -f "$file.part" "$file"
fi
as_declared || { rm -f "$file"; echo "$url: its SHA-256 is ${found%% *}, declared is $sum" >&2; exit 1; }
sh "$file" --check >/dev/null 2>&1 || { rm -f "$file"; echo "$url: what was fetched is damaged" >&2; exit 1; }
for old in "$cache"/NVIDIA-Linux-x86_64-*.run; do [ "$old" = "$file" ] || rm -f "$old"; done
for unit in phoenix-nvidia-nodes.service nvidia-persistenced.service; do
  ! systemctl is-active --quiet "$unit" || systemctl stop "$unit"
done
loaded() { grep -qs "^$1 " /proc/modules; }
if loaded nvidia && command -v nvidia-smi >/dev/null; then nvidia-smi -pm 0 >/dev/null 2>&1 || :; fi
for module in nvidia_peermem nvidia_uvm nvidia_drm nvidia_modeset nvidia nouveau; do
  ! loaded "$module" || modprobe -r "$module" || { echo "Stop what uses $module, then run again." >&2; exit 1; }
done
if ! sh "$file" --silent --dkms "$@"; then
  echo "the installer failed; /var/log/nvidia-installer.log ends with:" >&2
  tail -n 20 /var/log/nvidia-installer.log >&2 || :
  exit 1
fi
for kernel in /lib/modules/*/build; do
  kernel=${kernel#/lib/modules/}
  dkms autoinstall -k "${kernel%/build}" || echo "its modules do not build for kernel ${kernel%/build}" >&2
done
modprobe nvidia
modprobe nvidia_uvm
"""
_LOAD = 'set -eu\n[ -z "$1" ] || modprobe -r nouveau\nmodprobe nvidia\nmodprobe nvidia_uvm\n'


class Driver(Resource):
    """The version runs: its modules are loaded, its libraries are there. ``name`` is the version, as ``580.76.05``.

    Where another module has the cards and is in use, a reboot has to come first; nothing is changed before that.
    """

    kind: ClassVar[str] = "nvidia.driver"
    locks: ClassVar[frozenset[str]] = frozenset({"apt", "initramfs"})
    guarded: ClassVar[bool] = True
    name: Version
    url: Url
    sha256: Sha256 | None = None
    cuda_version: Version | None = None

    def facts(self) -> Iterator[Fact[Any]]:
        yield STATE
        yield KERNELS
        yield SECURE_BOOT
        yield SIGNED
        yield DEBIAN

    def is_on_disk(self, facts: Facts) -> bool:
        """Whether the version is installed for the kernel that runs."""
        state = facts[STATE]
        return state.library == self.name and state.modules.get(facts[KERNELS].running) == self.name

    def waits(self, facts: Facts) -> str:
        """Why a reboot must come before the version can run; empty where none must."""
        state = facts[STATE]
        if state.in_use.get("nouveau", 0) > 0 and state.running != self.name:
            return "nouveau has the NVIDIA card and is in use"
        if self.is_on_disk(facts) and state.running not in ("", self.name):
            return f"NVIDIA driver {self.name} is installed, {state.running} is loaded"
        return ""

    def change(self, facts: Facts) -> Iterator[Command]:
        state, kernels = facts[STATE], facts[KERNELS]
        if self.waits(facts):
            return
        if not self.is_on_disk(facts):
            options = support.installer_options(self.name, [card.device for card in state.own_cards])
            arguments = (f"{CACHE}/{runfile(self.name)}", self.url, self.sha256 or "", *options)
            yield Command("sh", "-s", "--", *arguments, stdin=_INSTALL, timeout=5400.0)
        elif not state.running:
            yield Command("sh", "-s", "--", "nouveau" if "nouveau" in state.in_use else "", stdin=_LOAD)
        if self._is_missing_next(facts):
            yield Command("dkms", "autoinstall", "-k", kernels.next, timeout=1800.0)

    def _is_missing_next(self, facts: Facts) -> bool:
        """Whether the modules for the kernel of the next boot are to be built: DKMS does it when a kernel comes."""
        kernels = facts[KERNELS]
        there = facts[STATE].modules.get(kernels.next) == self.name
        return kernels.next != kernels.running and not there and support.builds(self.name, kernels.next)

    def verdict(self, facts: Facts) -> Verdict:
        state = facts[STATE]
        notes = tuple(conflicts.notes(self.name, self.cuda_version, facts))
        if state.running == self.name and self.is_on_disk(facts):
            return Verdict(reason="its modules are missing for the next kernel", notes=notes)
        reason = f"{state.running or state.library} is there" if state.running or state.library else "not there yet"
        return Verdict(
            Symbol.CHANGE if state.library else Symbol.ADD,
            reason,
            obstacles=tuple(conflicts.obstacles(self.name, facts)),
            notes=notes,
            reboot=self.waits(facts),
        )

    def __str__(self) -> str:
        return f"driver {self.name}"
