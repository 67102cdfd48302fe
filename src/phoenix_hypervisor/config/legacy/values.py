"""What variables of a shell file hold, as far as it can be known without running it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from phoenix_hypervisor.errors import Place

VALUE_LIMIT = 1 << 14
"""Characters; a longer value is no setting."""
_SECRET = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIAL|(?:^|_)(?:PASS|PW|TOKEN|HASH|(?:API|PRIVATE|ACCESS)_?KEY)(?:_|$)",
    re.IGNORECASE,
)
_POINTER = re.compile(r"_(?:FILE|PATH|DIR)$", re.IGNORECASE)
_LOGIN_IN_URL = re.compile(r"://[^/@\s]*@")


def is_secret_name(name: str) -> bool:
    """Whether a variable of that name holds a secret, and not only the path of one."""
    return bool(_SECRET.search(name)) and not _POINTER.search(name)


def holds_login(text: str) -> bool:
    """Whether a URL in the text carries a login."""
    return bool(_LOGIN_IN_URL.search(text))


@dataclass(frozen=True, slots=True)
class Text:
    """A known text; ``defaults`` are the variables of the environment that could have made it another one."""

    text: str
    place: Place
    defaults: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Unknown:
    """What only running the file would tell, and why."""

    reason: str
    place: Place


@dataclass(frozen=True, slots=True)
class Absent:
    """A variable that the file itself has taken away, or declared without a value."""

    place: Place


@dataclass(slots=True)
class Listing:
    """An array (keys are indices) or an associative one. It grows while the file is read, as the array does."""

    place: Place
    associative: bool = False
    items: dict[str, Text | Unknown] = field(default_factory=dict)
    next_index: int = 0
    unsure: bool = False
    """Whether something in it has a place that is not known."""

    def in_order(self) -> list[Text | Unknown]:
        """The elements as the shell lists them: an array's by index."""
        keys = self.items if self.associative else sorted(self.items, key=lambda key: int(key) if key.isdigit() else -1)
        return [self.items[key] for key in keys]

    def put(self, key: str, item: Text | Unknown) -> None:
        self.items[key] = item
        if key.isdigit():
            self.next_index = max(self.next_index, int(key) + 1)


Value = Text | Unknown | Absent | Listing


class Unknowable(Exception):
    """Raised while a word is read that cannot be known without running the file."""


class TooMuch(Exception):
    """Raised when reading the file takes more steps than a configuration ever needs."""
