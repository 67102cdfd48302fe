"""The values of secrets, for one run (spec F6): looked up once, to be hidden wherever they might show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import click

from phoenix_hypervisor.documents.secrets import STAND_IN, Secret
from phoenix_hypervisor.errors import UsageError


@dataclass(slots=True)
class Secrets:
    """Where secrets are looked up: a folder for relative files, the environment."""

    folder: Path
    environ: Mapping[str, str]
    simulated: bool = False
    revealed: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)
    stood_in_for: list[str] = field(default_factory=list)
    """What is not given, as people name it; a simulated node goes on without."""

    def reveal(self, secret: Secret) -> str | None:
        """The value; None, and noted, where it is not to be had."""
        try:
            value = secret.resolve(self.environ, self.folder)
        except UsageError as error:
            if self.simulated and not self._is_given(secret):
                self.stood_in_for.append(f"{_KINDS[secret.origin]} {secret.reference}")
                return STAND_IN
            self.missing.append(str(error))
            return None
        self.revealed.add(value)
        return value

    def _is_given(self, secret: Secret) -> bool:
        """Whether there is something: what is there and cannot be taken is a fault everywhere."""
        if secret.origin == "env":
            return bool(self.environ.get(secret.reference))
        credentials = self.environ.get("CREDENTIALS_DIRECTORY")
        if secret.origin == "credential" and not credentials:
            return False
        folder = Path(credentials or "") if secret.origin == "credential" else self.folder
        try:
            (folder / secret.reference).stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return True

    def require(self) -> None:
        """UsageError that tells all that were not to be had; says on standard error what stand-ins were taken for."""
        if self.missing:
            raise UsageError(" ".join(dict.fromkeys(self.missing)), "Or name targets that do not need them.")
        if self.stood_in_for:
            named = ", ".join(dict.fromkeys(self.stood_in_for))
            click.echo(f"Not given: {named}. The simulated node takes stand-ins; a real one refuses.", err=True)


_KINDS = {"env": "the variable", "file": "the file", "credential": "the credential"}
