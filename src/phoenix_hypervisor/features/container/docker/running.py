"""Docker runs, and runs containers: proved by one that is made here and needs no network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import SerializeAsAny

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.features.container.docker.preflight import TOO_OLD
from phoenix_hypervisor.features.container.docker.state import STATE
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Resource, Verdict
from phoenix_hypervisor.resources.service import Service

_EXPLAINED = """\
"$@" && exit 0
status=$?
journalctl --unit docker.service --lines 5 --output cat --no-pager >&2 2>/dev/null
echo "In a container Docker needs the feature nesting=1, and keyctl=1 where the container is unprivileged." >&2
exit "$status"
"""
_CHECK = """\
tries=0
until said=$(docker version --format '{{.Server.Version}}' 2>&1); do
  tries=$((tries + 1))
  if [ "$tries" -ge 30 ]; then
    echo "$said" >&2
    journalctl --unit docker.service --lines 10 --output cat --no-pager >&2 2>/dev/null
    exit 1
  fi
  sleep 1
done
init=$(command -v docker-init) || init=/usr/libexec/docker/docker-init
if [ ! -e "$init" ]; then
  echo "docker-init is not there: no container was run"
  exit 0
fi
image=phoenix/probe:local
tar -c -h -f - -C "${init%/*}" docker-init | docker import - "$image" >/dev/null || exit
said=$(docker run --rm --pull never --network none "$image" /docker-init --version 2>&1)
status=$?
docker rmi --force "$image" >/dev/null 2>&1
[ "$status" -ne 0 ] || exit 0
echo "Docker runs no container: $said" >&2
case $said in
  *ip_unprivileged_port_start*)
    echo "@TOO_OLD@" >&2 ;;
  *apparmor*)
    echo "AppArmor refuses it: look for DENIED in the node's kernel log (dmesg)." >&2 ;;
  *'mount'*'proc'*'permission denied'* | *'operation not permitted'*)
    echo "It lacks nesting: the container has to be restarted with the features nesting=1 and keyctl=1." >&2 ;;
esac
exit 1
""".replace("@TOO_OLD@", TOO_OLD)


class DockerService(Service):
    """The daemon's unit. Where it does not start, its log and what Docker needs are told."""

    def change(self, facts: Facts) -> Iterator[Command]:
        for command in super().change(facts):
            argv = ("sh", "-c", _EXPLAINED, "run-docker", *command.argv)
            yield Command(*argv, stdin=command.stdin, timeout=command.timeout)


class Running(Resource):
    """A daemon that answers and runs containers; looked at again when one of ``watches`` changes."""

    kind: ClassVar[str] = "docker.running"
    watches: tuple[SerializeAsAny[Resource], ...] = ()

    def facts(self) -> Iterator[Fact[Any]]:
        yield STATE
        for watched in self.watches:
            yield from watched.facts()

    def change(self, facts: Facts) -> Iterator[Command]:
        if not facts[STATE].answers or any(any(watched.change(facts)) for watched in self.watches):
            yield Command("sh", "-c", _CHECK, "check-docker", timeout=180.0)

    def verdict(self, facts: Facts) -> Verdict:
        return Verdict(reason="what it depends on changes" if facts[STATE].answers else "it does not answer")

    def __str__(self) -> str:
        return "a container runs"
