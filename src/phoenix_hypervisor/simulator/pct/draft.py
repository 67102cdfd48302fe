"""A configuration while it is changed: what holds, what is pending, what is to be taken out.

Source: PVE::AbstractConfig (pending helpers, add_unused_volume); PVE::LXC::Config (update_pct_config,
vmconfig_apply_pending, apply_pending_mountpoint).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field, replace

from phoenix_hypervisor.proxmox.guest import GuestConfig, Section
from phoenix_hypervisor.simulator.call import Call, Steps
from phoenix_hypervisor.simulator.failures import PveError
from phoenix_hypervisor.simulator.pct.values import family
from phoenix_hypervisor.simulator.pct.volumes import (
    NEW,
    MountPoint,
    allocate,
    delete_volume,
    made,
    mount_point,
    mount_points,
    root_of,
    unused_volume,
)

UNUSED = 256
_TEXT = "description"


@dataclass
class Draft:
    """The sections of a configuration that a change touches; ``errors`` says what could not be done, by option."""

    call: Call
    config: GuestConfig
    current: Section
    pending: dict[str, str]
    deleted: list[str]
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, call: Call, config: GuestConfig) -> Draft:
        pending = dict(config.pending.options) if config.pending else {}
        return cls(call, config, config.current, pending, list(config.pending_delete))

    @property
    def done(self) -> GuestConfig:
        """The configuration as it is now."""
        return replace(
            self.config,
            current=self.current,
            pending=Section(self.pending) if self.pending else None,
            pending_delete=tuple(sorted(self.deleted)),
        )

    def get(self, key: str) -> str | None:
        """What holds now; None where nothing does."""
        return self.current.description or None if key == _TEXT else self.current.get(key)

    def put(self, key: str, value: str) -> None:
        """Make a value hold; it is pending no more."""
        self.pending.pop(key, None)
        if key == _TEXT:
            self.current = replace(self.current, description=value)
        else:
            self.current = self.current.updated({key: value})

    def drop(self, key: str) -> None:
        """Take an option out; it is to be taken out no more."""
        self.deleted = [name for name in self.deleted if name != key]
        if key == _TEXT:
            self.current = replace(self.current, description="")
        else:
            self.current = self.current.updated({key: None})

    def queue(self, values: Mapping[str, str], delete: Iterable[str], revert: Iterable[str]) -> None:
        """Make changes pending, without those that change nothing."""
        for key in revert:
            self.pending.pop(key, None)
        self.deleted = [key for key in self.deleted if key not in set(revert)]
        self.deleted += [key for key in delete if key not in self.deleted]
        self.pending |= values
        self.deleted = [key for key in self.deleted if key not in values]
        self.clean()

    def clean(self) -> None:
        """Forget pending changes that would change nothing."""
        self.pending = {key: value for key, value in self.pending.items() if self.get(key) != value}
        self.deleted = [key for key in self.deleted if self.get(key) is not None]

    def add_unused(self, volume: str) -> None:
        """Name a volume that is no longer mounted; the writing of the file drops it again where it still is."""
        taken = [self.current.get(f"unused{number}") for number in range(UNUSED)]
        if volume in taken:
            return
        if None not in taken:
            raise PveError("Too many unused volumes - please delete them first.")
        self.put(f"unused{taken.index(None)}", volume)

    def _uses(self, volume: str) -> bool:
        """Whether the volume is mounted: now, in a snapshot, or once what is pending holds."""
        sections = [self.current, *self.config.snapshots.values(), Section(self.pending)]
        return any(point.volume == volume for section in sections for point in mount_points(section))

    # -- doing it

    def free(self, key: str) -> Steps:
        """Destroy the volume of an ``unusedN``, where nothing else names it. Raises PveError."""
        volume = unused_volume(self.current.options[key])
        if not self._uses(volume):
            yield from delete_volume(self.call, volume)

    def apply(self, chosen: frozenset[str] | None = None) -> Steps:
        """Make pending changes hold, as for a container that does not run: all, or those of some options."""
        for key in sorted(self.deleted):
            if chosen is None or key in chosen:
                yield from self._attempt(key, self._apply_deletion(key))
        self.clean()
        for key in sorted(self.pending):
            if chosen is None or key in chosen:
                yield from self._attempt(key, self._apply_value(key))

    def _attempt(self, key: str, steps: Steps) -> Steps:
        try:
            yield from steps
        except PveError as failure:
            self.errors[key] = f"unable to apply pending change {key} : {failure.text}\n"
            self.call.complain(self.errors[key].removesuffix("\n"))

    def _apply_deletion(self, key: str) -> Steps:
        if family(key) == "unused":
            yield from self.free(key)
        text = self.current.get(key)
        self.drop(key)
        if text is not None and family(key) == "mp":
            self._set_aside(mount_point(key, text))

    def _apply_value(self, key: str) -> Steps:
        if family(key) == "mp":
            yield from self.mount_point(key)
        else:
            self.put(key, self.pending[key])

    def mount_point(self, key: str) -> Generator[float, None, MountPoint]:
        """Make a pending mount point hold: its volume made where that is asked for, the one before set aside."""
        point = mount_point(key, self.pending[key])
        before = self.current.get(key)
        if point.is_volume and NEW.match(point.volume):
            volume = yield from allocate(self.call, point.volume, self.call.ctid, root_of(self.current))
            point = mount_point(key, made(point, volume, self.call.node.storages))
        elif point.is_volume:
            point = self._measured(point)
        self.put(key, point.text())
        if before is not None:
            self._set_aside(mount_point(key, before))
        return point

    def _measured(self, point: MountPoint) -> MountPoint:
        """With the size that its volume has; a volume that is not there is only told of."""
        storages = self.call.node.storages
        try:
            return mount_point(point.key, made(point, storages.volume(point.volume), storages))
        except PveError as failure:
            self.call.complain(f"Could not rescan volume size - {failure.text}\n")
            return point

    def _set_aside(self, point: MountPoint) -> None:
        if point.is_volume:
            self.add_unused(point.volume)
