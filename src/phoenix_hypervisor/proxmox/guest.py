"""A container's configuration file, ``/etc/pve/lxc/ID.conf``.

The file has a current section, an optional ``[pve:pending]`` one and one section per snapshot. Whatever is appended to
the file belongs to its last section, so the file is only ever read and written whole. Source: PVE::LXC::Config.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

PENDING = "pve:pending"
_SECTION = re.compile(r"^\[([^\]]+)\]\s*$")
_RAW = re.compile(r"^(lxc\.[a-z0-9_.\-]+)\s*[:=]\s*(.*?)\s*$", re.IGNORECASE)
_OPTION = re.compile(r"^([a-z][a-z_\-]*\d*):\s*(.*?)\s*$")
_UNSAFE = re.compile(rb"[\x00-\x1f\x7f-\xff:%]")


@dataclass(frozen=True, slots=True)
class Section:
    """One section: options (key to raw value), raw ``lxc.*`` lines in their order, the decoded description."""

    options: Mapping[str, str] = field(default_factory=dict)
    raw: tuple[tuple[str, str], ...] = ()
    description: str = ""

    def get(self, key: str) -> str | None:
        return self.options.get(key)

    def with_options(self, **changes: str | None) -> Section:
        """The section with options set, or taken out where the value is None."""
        return self.updated(changes)

    def updated(self, changes: Mapping[str, str | None]) -> Section:
        merged = {**self.options, **changes}
        return replace(self, options={key: value for key, value in merged.items() if value is not None})


@dataclass(frozen=True, slots=True)
class GuestConfig:
    """The whole file. Snapshots keep the order in which they stand in it."""

    current: Section = field(default_factory=Section)
    pending: Section | None = None
    pending_delete: tuple[str, ...] = ()
    snapshots: Mapping[str, Section] = field(default_factory=dict)

    @property
    def effective(self) -> Section:
        """What will hold after the next start: the current section with what is pending."""
        if self.pending is None and not self.pending_delete:
            return self.current
        changes: dict[str, str | None] = dict.fromkeys(self.pending_delete)
        return self.current.updated({**changes, **(self.pending.options if self.pending else {})})


def encode_description(text: str) -> str:
    """As PVE::Tools::encode_text: control characters, bytes above 126, ``:`` and ``%`` are URL-encoded."""
    return _UNSAFE.sub(lambda match: b"%%%02X" % match[0][0], text.encode()).decode("ascii")


def decode_description(text: str) -> str:
    return unquote(text, errors="replace")


def parse(text: str) -> GuestConfig:
    """The file's text as values; lines that PVE would skip as well are skipped."""
    sections: dict[str | None, tuple[dict[str, str], list[tuple[str, str]], list[str]]] = {None: ({}, [], [])}
    options, raw, description = sections[None]
    for line in text.splitlines():
        if match := _SECTION.match(line):
            options, raw, description = sections.setdefault(match[1], ({}, [], []))
        elif line.startswith("#"):
            description.append(decode_description(line[1:].rstrip()) + "\n")
        elif match := _RAW.match(line):
            raw.append((match[1], match[2]))
        elif match := _OPTION.match(line):
            _take(options, description, match[1], match[2])
    built = {name: Section(parts[0], tuple(parts[1]), "".join(parts[2])) for name, parts in sections.items()}
    current, pending = built.pop(None), built.pop(PENDING, None)
    deleted = pending.get("delete") if pending else None
    return GuestConfig(
        current=current,
        pending=pending.with_options(delete=None) if pending else None,
        pending_delete=tuple(name.lstrip("!") for name in re.split(r"[,;\s]+", deleted) if name) if deleted else (),
        snapshots={name: section for name, section in built.items() if name is not None},
    )


def _take(options: dict[str, str], description: list[str], key: str, value: str) -> None:
    if key == "description":
        description.append(decode_description(value))
    else:
        options[key] = value


def render(config: GuestConfig) -> str:
    """The file as PVE writes it: description lines, sorted options, raw lines; then pending, then each snapshot."""
    parts = [_render_section(config.current)]
    if config.pending is not None or config.pending_delete:
        pending = config.pending or Section()
        deleted = ",".join(config.pending_delete) or None
        if pending.options or deleted:
            parts.append(f"[{PENDING}]\n" + _render_section(pending.with_options(delete=deleted)))
    parts += [f"[{name}]\n" + _render_section(section) for name, section in config.snapshots.items()]
    return "\n".join(parts)


def _render_section(section: Section) -> str:
    lines = [f"#{encode_description(line)}" for line in section.description.splitlines()]
    lines += [f"{key}: {value}" for key, value in sorted(section.options.items())]
    lines += [f"{key}: {value}" for key, value in section.raw]
    return "".join(f"{line}\n" for line in lines)
