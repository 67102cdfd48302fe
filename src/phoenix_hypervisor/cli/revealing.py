"""The values of secrets, for one run (spec F6): looked up once, to be hidden wherever they might show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from phoenix_hypervisor.documents.secrets import Secret
from phoenix_hypervisor.errors import UsageError

_STAND_IN = "$6$simulated$"
"""What a simulated node takes for a secret that is not to be had: a password hash by its looks, and no secret."""


@dataclass(slots=True)
class Secrets:
    """Where secrets are looked up: a folder for relative files, the environment."""

    folder: Path
    environ: Mapping[str, str]
    simulated: bool = False
    revealed: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)

    def reveal(self, secret: Secret) -> str | None:
        """The value; None, and noted, where it is not to be had."""
        try:
            value = secret.resolve(self.environ, self.folder)
        except UsageError as error:
            if self.simulated:
                return _STAND_IN + "x" * 86
            self.missing.append(str(error))
            return None
        self.revealed.add(value)
        return value

    def require(self) -> None:
        """UsageError that tells all that were not to be had."""
        if self.missing:
            raise UsageError(" ".join(self.missing), "Or name targets that do not need them.")
