"""The variables of a legacy file as the translation takes them, one after another; what nobody takes is told."""

from __future__ import annotations

from dataclasses import dataclass, field

from phoenix_hypervisor.config.legacy.draft import Told
from phoenix_hypervisor.config.legacy.values import (
    Absent,
    Listing,
    Text,
    Unknown,
    Value,
    holds_login,
    is_secret_name,
)
from phoenix_hypervisor.config.texts import shown
from phoenix_hypervisor.errors import Place, Problem


@dataclass
class Shelf:
    """Values by name; ``taken`` grows as they are placed in the document."""

    values: dict[str, Value]
    used: set[str]
    taken: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def names(self, suffix: str) -> list[str]:
        """The variables that end so, in the order of the file."""
        return [name for name in self.values if name.endswith(suffix) and name != suffix]

    def tell(self, place: Place, code: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(code, message, hint, "warning", place))

    def told(self, name: str, text: Text) -> Told | None:
        """A text for the document; None, and told, when it is empty or holds a login."""
        if not text.text.strip():
            self.tell(text.place, "not-carried-over", f"{name} is empty here.")
            return None
        if holds_login(text.text):
            self.tell(text.place, "literal-secret", f"{name} holds a login, which is not carried over.")
            return None
        for default in sorted(text.defaults):
            message = f"{name} holds a default; a variable {default} of the environment could have said otherwise."
            self.tell(text.place, "default-taken", message)
        return Told(text.text, text.place)

    def text(self, name: str) -> Told | None:
        """A scalar."""
        value = self._take(name)
        if isinstance(value, Listing):
            only = list(value.items.values())
            if len(only) != 1:
                self.tell(value.place, "not-carried-over", f"{name} is an array; one value belongs here.")
                return None
            value = only[0]
        return self.told(name, value) if isinstance(value, Text) else None

    def words(self, name: str) -> list[Told]:
        """An array's elements, or the words of a scalar."""
        value = self._take(name)
        texts: list[Text] = []
        if isinstance(value, Text):
            texts = [Text(piece, value.place, value.defaults) for piece in value.text.split()]
            if not texts:
                self.tell(value.place, "not-carried-over", f"{name} is empty here.")
        elif isinstance(value, Listing):
            texts = [item for item in value.in_order() if isinstance(item, Text)]
        return [told for text in texts if (told := self.told(name, text)) is not None]

    def table(self, name: str) -> dict[str, Told]:
        """An associative array's values by key."""
        value = self._take(name)
        if isinstance(value, Text):
            self.tell(value.place, "not-carried-over", f"{name} is no associative array.")
        if not isinstance(value, Listing):
            return {}
        found = {}
        for key, text in value.items.items():
            if isinstance(text, Text) and (told := self.told(f"{name}[{shown(key)}]", text)) is not None:
                found[key] = told
        return found

    def _take(self, name: str) -> Value | None:
        self.taken.add(name)
        return self.values.get(name)

    def left_over(self) -> None:
        """Tells what has no place in the document. What other variables are made of is no loss; secrets are."""
        for name, value in self.values.items():
            if name in self.taken or isinstance(value, Unknown | Absent):
                continue
            if is_secret_name(name):
                self.tell(
                    value.place, "literal-secret", f"{name} holds a secret, which is not carried over.", _way_out(name)
                )
            elif name not in self.used:
                self.tell(value.place, "not-carried-over", f"{shown(name)[1:-1]} has no place in the document.")


def _way_out(name: str) -> str:
    upper = name.upper()
    if "SMB" in upper or "SAMBA" in upper:
        return f'Write "samba": {{"password": {{"env": "{name}"}}}}.'
    if upper.startswith(("ADMIN", "USER")):
        return f'Write "users": {{"password_hash": {{"env": "{name}"}}}}; openssl passwd -6 makes the hash.'
    if upper.startswith(("HF", "HUGGING")):
        return 'Put it into a file with mode 0600, and write "core_paths": {"hf_token_file": "PATH"}.'
    return f'Where a field takes a secret, write {{"env": "{name}"}}, {{"file": "PATH"}} or {{"credential": "NAME"}}.'
