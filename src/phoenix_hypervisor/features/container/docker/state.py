"""What Docker is in a container; where it does not answer, what its storage can do."""

from __future__ import annotations

import re
from dataclasses import dataclass

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.machine import Fact, answered

_LOOK = """\
if docker version --format '{{.Server.Version}}' >/dev/null 2>&1; then
  echo answers
  exit 0
fi
[ -c dev/fuse ] && echo fuse
folder=var/lib/docker
[ -d "$folder" ] || folder=var/lib
draft=$(mktemp -d -p "$folder" .overlay.XXXXXXXX) || exit
mkdir "$draft/lower" "$draft/upper" "$draft/work" "$draft/merged"
echo >"$draft/lower/file"
layers=lowerdir=$draft/lower,upperdir=$draft/upper,workdir=$draft/work
if mount -t overlay overlay -o "$layers" "$draft/merged" 2>/dev/null; then
  if mv "$draft/merged/file" "$draft/merged/other" 2>/dev/null && [ -e "$draft/merged/other" ]; then
    echo overlay
  fi
  umount "$draft/merged" || umount -l "$draft/merged"
fi
rm -rf --one-file-system "$draft"
"""


@dataclass(frozen=True, slots=True)
class State:
    """Whether the daemon answers; where not, whether an overlay can be mounted and used, and /dev/fuse is there."""

    answers: bool
    overlay: bool
    fuse: bool


def _parsed(result: Result) -> State:
    words = set(re.findall(r"^(answers|overlay|fuse)$", answered(result, "what Docker is there"), re.MULTILINE))
    return State("answers" in words, "overlay" in words, "fuse" in words)


STATE = Fact("Docker and its storage", Command("sh", "-s", stdin=_LOOK, timeout=60.0), _parsed)
