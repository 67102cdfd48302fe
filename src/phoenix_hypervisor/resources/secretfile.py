"""Environment files of systemd's with secrets: for their owner alone, compared by digest, shown nowhere."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import SecretStr

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Resource, Symbol, Verdict, fingerprint
from phoenix_hypervisor.resources import due
from phoenix_hypervisor.resources.due import DueName
from phoenix_hypervisor.resources.paths import AbsolutePath, Owner

_LOOK = """\
[ -f "$1" ] || exit 0
sum=$(sha256sum <"$1")
echo "$(stat -c %U:%a "$1") ${sum%% *}"
"""
_WRITE = """\
set -eu
umask 077
path=$1 owner=$2 notify=$3
draft=${path%/*}/.${path##*/}.phoenix~
mkdir -p -m 0755 "${path%/*}"
cat >"$draft"
chown "$owner:$owner" "$draft"
""" + due.IN_FORCE  # fmt: skip
_REMOVE = "set -eu\nnotify=$2\n" + due.MARK + 'rm -f "$1"\n'
_ESCAPED = str.maketrans({each: f"\\{each}" for each in '\\"`$'})


def _seen(result: Result) -> str:
    text = answered(result, "what a file of secrets is like").strip()
    if text and not re.fullmatch(r"\S+:[0-7]+ [0-9a-f]{64}", text):
        raise NodeError("What a file of secrets is like cannot be read.", "Look whether the container works.")
    return text


class SecretFile(Resource):
    """An environment file of these names and values; without any, no such file.

    ``mark`` tells contents apart where the values themselves do not show; see ``mark_of``.
    """

    kind: ClassVar[str] = "secret-file"
    name: AbsolutePath
    owner: Owner
    values: dict[str, SecretStr] = {}
    mark: str = ""
    notify: tuple[DueName, ...] = ()

    @property
    def _fact(self) -> Fact[str]:
        return Fact(f"secrets in {self.name}", Command("sh", "-s", "--", self.name.lstrip("/"), stdin=_LOOK), _seen)

    def facts(self) -> Iterator[Fact[Any]]:
        yield self._fact

    def _text(self) -> str:
        rows = ((name, value.get_secret_value().translate(_ESCAPED)) for name, value in sorted(self.values.items()))
        return "".join(f'{name}="{value}"\n' for name, value in rows)

    def change(self, facts: Facts) -> Iterator[Command]:
        seen, text, notify = facts[self._fact], self._text(), " ".join(self.notify)
        if not text and seen:
            yield Command("sh", "-s", "--", self.name, notify, stdin=_REMOVE)
        elif text and seen != f"{self.owner}:600 {hashlib.sha256(text.encode()).hexdigest()}":
            argv = ("sh", "-c", _WRITE, "write-secrets", self.name, self.owner, notify)
            yield Command(*argv, stdin=text, confidential=True)

    def verdict(self, facts: Facts) -> Verdict:
        if not self.values:
            return Verdict(Symbol.REMOVE, "no longer declared")
        return Verdict(reason="it differs") if facts[self._fact] else Verdict(Symbol.ADD, "not there yet")

    def __str__(self) -> str:
        leaf = self.name.rpartition("/")[2].removesuffix(".env")
        return self.name if self.values else f"no {leaf}"


def mark_of(values: Mapping[str, str]) -> str:
    """A digest that is another one when a value is; it goes into the digest of a layer, and nowhere else."""
    return fingerprint("\0".join(f"{name}={value}" for name, value in sorted(values.items()))) if values else ""
