"""Features of one's own in any language: an executable with a manifest (spec S4)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.features.manifest import Manifest, slice_model
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Feature, Resource, Slice, Symbol, Verdict

FOLDER = "/var/lib/phoenix/features"
"""Where executables are brought to, inside."""
IN_ORDER, NEEDS_CHANGE = 0, 3
_CHECK_LIMIT, _APPLY_LIMIT = 60.0, 1800.0
_LAST_LINES = 10

_LOOK = """\
found=$(sha256sum 2>/dev/null <"$1") && [ "${found%% *}" = "$2" ] || exit 3
exec "$1" check
"""
_BRING = """\
set -eu
umask 077
mkdir -p "${1%/*}"
base64 -d >"$1.new"
chmod 700 "$1.new"
sync "$1.new"
mv -f "$1.new" "$1"
"""
_RUN = """\
path=$1 lines=$2
shift 2
given=$(cat)
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
for verb in "$@"; do
  printf '%s\\n' "$given" | "$path" "$verb" >"$log" 2>&1
  rc=$?
  cat "$log"
  [ "$rc" -eq 0 ] && continue
  echo "its $verb ended with exit status $rc" >&2
  [ "$verb$rc" = check3 ] && echo "(it still needs a change)" >&2
  tail -n "$lines" "$log" >&2
  exit 1
done
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """How the check ended, and the last lines of what it said."""

    rc: int
    said: str


def _seen(result: Result) -> Seen:
    lines = (result.stderr.strip() or result.stdout.strip()).splitlines()
    return Seen(result.rc, " ".join(line.strip() for line in lines[-_LAST_LINES:]))


def _sum(result: Result) -> str:
    return result.stdout.partition(" ")[0] if result.ok else ""


class External(Resource):
    """What an executable establishes from its slice; ``name`` is the feature's.

    ``executable`` is its file beside the manifest, ``sha256`` and ``manifest`` are their digests, ``given`` is
    the slice as JSON, ``content`` the file in base64.
    """

    kind: ClassVar[str] = "feature"
    sha256: str
    manifest: str
    given: str = Field(repr=False)
    content: str = Field(exclude=True, repr=False)
    executable: str
    folder: str = FOLDER

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.name}"

    @property
    def _is_there(self) -> Fact[str]:
        return Fact(f"the executable of {self.name}", Command("sha256sum", self.path), _sum)

    @property
    def _check(self) -> Fact[Seen]:
        words = ("sh", "-c", _LOOK, "check-feature", self.path, self.sha256)
        command = Command(*words, stdin=self.given + "\n", timeout=_CHECK_LIMIT, confidential=True)
        return Fact(f"the check of {self.name}", command, _seen)

    def facts(self) -> Iterator[Fact[Any]]:
        yield self._is_there
        yield self._check

    def change(self, facts: Facts) -> Iterator[Command]:
        """Bring the executable, apply; a check that failed is asked again, so that its failure is the step's."""
        if facts[self._is_there] != self.sha256:
            yield Command("sh", "-c", _BRING, "bring-feature", self.path, stdin=self.content, timeout=600.0)
        rc = facts[self._check].rc
        if rc == NEEDS_CHANGE:
            yield self._run("apply", "check")
        elif rc != IN_ORDER:
            yield self._run("check")

    def _run(self, *verbs: str) -> Command:
        limit = _CHECK_LIMIT + (_APPLY_LIMIT if "apply" in verbs else 0.0)
        words = ("sh", "-c", _RUN, f"{self.name}-feature", self.path, str(_LAST_LINES), *verbs)
        return Command(*words, stdin=self.given, timeout=limit, confidential=True)

    def verdict(self, facts: Facts) -> Verdict:
        if not facts[self._is_there]:
            return Verdict(Symbol.ADD, "not there yet")
        seen = facts[self._check]
        said = f": {seen.said}" if seen.said else ""
        if seen.rc == NEEDS_CHANGE:
            return Verdict(reason=f"its check says that it needs a change{said}")
        return Verdict(reason=f"its check ended with exit status {seen.rc}{said}")

    def __str__(self) -> str:
        return f"run {self.executable}"


def external(manifest: Manifest, text: str, executable: bytes) -> Feature:
    """The feature that a manifest (with its text) and its executable make."""
    name, content = manifest.name, base64.encodebytes(executable).decode()
    sha256, digest = hashlib.sha256(executable).hexdigest(), hashlib.sha256(text.encode()).hexdigest()

    def resources(piece: Slice) -> Iterator[Resource]:
        values = {field: value for field, value in piece.model_dump(mode="json").items() if value is not None}
        given = json.dumps(values, ensure_ascii=False, sort_keys=True)
        yield External(
            name=name,
            executable=manifest.executable,
            sha256=sha256,
            manifest=digest,
            given=given,
            content=content,
        )

    model = slice_model(manifest)
    settings = {field: f"container.feature_config.{name}.{field}" for field in model.model_fields}
    return Feature(
        name=name,
        summary=manifest.summary,
        scope="container",
        slice=model,
        resources=resources,
        sources={**settings, **manifest.sources},
        needs_names=manifest.needs_names,
        touches=(f"{FOLDER}/{name}",),
    )
