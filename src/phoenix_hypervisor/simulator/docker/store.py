"""What Docker keeps on the disk: images and containers, each a file; named volumes, each a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from hashlib import sha256

from phoenix_hypervisor.simulator.docker.hub import split
from phoenix_hypervisor.simulator.process import Machine

_IMAGES, _CONTAINERS, VOLUMES = "/var/lib/docker/image", "/var/lib/docker/containers", "/var/lib/docker/volumes"


@dataclass
class Record:
    """A container: what it was made of, and whether it was last started or stopped.

    ``ports``: port of the container to ``[address, port of the machine]``. ``kept`` is gone when it starts again.
    """

    name: str
    id: str
    image: str
    image_id: str
    command: list[str] = field(default_factory=list)
    environment: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    binds: list[str] = field(default_factory=list)
    ports: dict[str, list[str]] = field(default_factory=dict)
    restart: str = "no"
    started: bool = False
    changed: float = 0.0
    status: int = 0
    log: str = ""
    kept: dict[str, str] = field(default_factory=dict)


def _path(image: str) -> str:
    repository, tag = split(image)
    return f"{_IMAGES}/{repository.replace('/', '%')}:{tag}"


def image(machine: Machine, name: str) -> str | None:
    """The content of an image; None where there is none of that name."""
    entry = machine.files.stat(_path(name))
    return entry.data if entry else None


def image_id(content: str) -> str:
    return f"sha256:{sha256(content.encode()).hexdigest()}"


def put_image(machine: Machine, name: str, content: str) -> None:
    machine.files.mkdir(_IMAGES, parents=True)
    machine.files.write(_path(name), content)


def drop_image(machine: Machine, name: str) -> None:
    machine.files.remove(_path(name))


def containers(machine: Machine) -> Iterator[Record]:
    """All containers, by name."""
    names = machine.files.list(_CONTAINERS) if machine.files.is_dir(_CONTAINERS) else []
    for name in sorted(names):
        yield Record(**json.loads(machine.files.read(f"{_CONTAINERS}/{name}")))


def find(machine: Machine, name: str) -> Record | None:
    """The container of that name or id."""
    there = (each for each in containers(machine) if name and (each.name == name or each.id.startswith(name)))
    return next(there, None)


def keep(machine: Machine, record: Record) -> None:
    machine.files.mkdir(_CONTAINERS, parents=True)
    machine.files.write(f"{_CONTAINERS}/{record.name}", json.dumps(asdict(record)), mode=0o600)


def forget(machine: Machine, record: Record) -> None:
    machine.files.remove(f"{_CONTAINERS}/{record.name}")


def volumes(machine: Machine) -> list[str]:
    return sorted(machine.files.list(VOLUMES)) if machine.files.is_dir(VOLUMES) else []


def volume(name: str) -> str:
    """Where a named volume lies."""
    return f"{VOLUMES}/{name}/_data"


def sources(record: Record) -> dict[str, str]:
    """Place in the container to place on the machine."""
    pairs = (bind.split(":") for bind in record.binds)
    return {target: source if source.startswith("/") else volume(source) for source, target, *_ in pairs}
