"""What Docker has of one container, and what answers on its port."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, answered

_LOOK = """\
name=$1 image=$2 port=$3 first=$4
shift 4
docker version --format '{{.Server.Version}}' >/dev/null 2>&1 || exit 0
echo docker
found=$(docker image inspect --format '{{.Id}}' "$image" 2>/dev/null) && echo "image $found"
if [ -n "$first" ] && docker container inspect --format '{{.Id}}' "$first" >/dev/null 2>&1; then
  echo leftover
fi
for path in "$@"; do
  code=$(curl --silent --insecure --max-time 10 --output /dev/null --write-out '%{http_code}' \\
    "https://127.0.0.1:$port$path" 2>/dev/null)
  echo "answer $path ${code:-000}"
done
found=$(docker container inspect --format '{{json .}}' "$name" 2>/dev/null) && echo "container $found"
:
"""


@dataclass(frozen=True, slots=True)
class Instance:
    """A container: the image that it was asked for, what it has, whether it runs."""

    image: str
    running: bool
    restart: str
    labels: Mapping[str, str]
    binds: frozenset[str]
    ports: Mapping[str, str]
    environment: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """Whether Docker answers; the id of the declared image, empty where it is not there; the container.

    ``answers``: path to HTTP status. ``leftover``: whether a first start was cut off.
    """

    docker: bool
    image: str = ""
    leftover: bool = False
    answers: Mapping[str, str] = field(default_factory=dict)
    instance: Instance | None = None


def _instance(text: str) -> Instance:
    """The container as ``docker container inspect`` tells it."""
    try:
        found = json.loads(text)
        config, host = found["Config"], found["HostConfig"]
        return Instance(
            image=str(config["Image"]),
            running=bool(found["State"]["Running"]),
            restart=str(host["RestartPolicy"]["Name"]),
            labels=dict(config["Labels"] or {}),
            binds=frozenset(host["Binds"] or ()),
            ports={inner: _published(places) for inner, places in (host["PortBindings"] or {}).items()},
            environment=dict(word.partition("=")[::2] for word in config["Env"] or ()),
        )
    except (ValueError, KeyError, TypeError) as wrong:
        raise NodeError("What Docker tells of Portainer's container cannot be read.") from wrong


def _published(places: Sequence[Mapping[str, Any]]) -> str:
    """Where a port of the container is to be had: ``port``, or ``address:port`` where not at every address."""
    pairs = ((str(place.get("HostIp") or ""), str(place.get("HostPort") or "")) for place in places or ())
    return " ".join(port if address in ("", "0.0.0.0", "::") else f"{address}:{port}" for address, port in pairs)  # noqa: S104


def _parsed(result: Result) -> Seen:
    text = answered(result, "what Docker has of Portainer")
    rows = dict(line.partition(" ")[::2] for line in text.splitlines() if not line.startswith("answer "))
    return Seen(
        docker="docker" in rows,
        image=rows.get("image", ""),
        leftover="leftover" in rows,
        answers=dict(re.findall(r"^answer (\S+) (\d{3})$", text, re.MULTILINE)),
        instance=_instance(rows["container"]) if "container" in rows else None,
    )


def look(name: str, image: str, port: int, paths: Sequence[str], first: str = "") -> Fact[Seen]:
    """What is there of a container, of its image, and what these paths answer; ``first`` is that of a first start."""
    words = ("sh", "-s", "--", name, image, str(port), first, *paths)
    return Fact(f"container {name} of Docker's", Command(*words, stdin=_LOOK, timeout=90.0), _parsed)
