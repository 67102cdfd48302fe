"""What the server keeps in its data folder: who it is, its administrator, its environments."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from phoenix_hypervisor.simulator.serving import Inside


@dataclass
class Database:
    """The file portainer.db. The password is kept as a salted hash."""

    instance: str
    administrator: str = ""
    password: str = ""
    environments: list[dict[str, Any]] = field(default_factory=list)
    last: int = 0

    def set_administrator(self, name: str, password: str) -> None:
        self.administrator, self.password = name, self._hash(password)

    def is_administrator(self, name: str, password: str) -> bool:
        return bool(self.administrator) and (name, self._hash(password)) == (self.administrator, self.password)

    def _hash(self, password: str) -> str:
        return sha256(f"{self.instance}:{password}".encode()).hexdigest()

    @property
    def token(self) -> str:
        """What a login gives."""
        return f"{sha256(f'token:{self.instance}'.encode()).hexdigest()}.e30.e30"

    def add(self, fields: dict[str, Any]) -> dict[str, Any]:
        """One more environment."""
        self.last += 1
        self.environments.append({"Id": self.last, **fields})
        return self.environments[-1]


def path(inside: Inside) -> str:
    return f"{inside.place('/data')}/portainer.db"


def opened(inside: Inside) -> Database:
    """The database; a new one where there is none."""
    entry = inside.machine.files.stat(path(inside))
    return Database(**json.loads(entry.data)) if entry else Database(inside.machine.entropy()[:32])


def close(inside: Inside, database: Database) -> None:
    inside.machine.files.write(path(inside), json.dumps(asdict(database)), mode=0o600)
