"""Files of somebody else's that are read together, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping

from phoenix_hypervisor.command import Command, Result, decode, encode
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, answered
from phoenix_hypervisor.resources.file import Seen

_LOOK = """\
for pattern; do
  for file in $pattern; do
    [ -f "$file" ] || continue
    printf '%s\\n' "/$file"
    stat -L -c '%F:%U:%G:%a' "$file" || exit
    wc -c <"$file" || exit
    cat "$file" || exit
  done
done
"""


def _contents(result: Result) -> Mapping[str, Seen]:
    rest = encode(answered(result, "what stands in its files"))
    found: dict[str, Seen] = {}
    while rest:
        try:
            name, head, size, rest = rest.split(b"\n", 3)
            kind, owner, group, mode = decode(head).rsplit(":", 3)
            text, rest = rest[: int(size)], rest[int(size) :]
            found[decode(name)] = Seen(kind, owner, group, f"{int(mode, 8):04o}", decode(text))
        except ValueError as error:
            raise NodeError("What the node says of its files cannot be read.", "Run again.") from error
    return found


def contents_of(*patterns: str) -> Fact[Mapping[str, Seen]]:
    """Absolute path to what is there, of all files that the patterns of absolute paths match, in their order."""
    names = [pattern.lstrip("/") for pattern in patterns]
    return Fact(f"files {' '.join(patterns)}", Command("sh", "-s", "--", *names, stdin=_LOOK), _contents)
