"""A container of Docker's that runs on, as it is declared, and answers over HTTP."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import SecretStr

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.documents.types import Port, Word
from phoenix_hypervisor.features.container.portainer.state import Instance, Seen, look
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Resource, Symbol, Verdict

SOCKET = "/var/run/docker.sock"
OWNER = "phoenix_hypervisor"
"""The label of what is ours; its value is the role."""
IMAGE = "phoenix_hypervisor.image"
"""The label with the id of the image that it was made of."""
_SECRET, _RESTART = "AGENT_SECRET", "always"
_PULL = """\
tries=0
until said=$(docker pull --quiet "$1" 2>&1); do
  tries=$((tries + 1))
  case $said in
    *'no such host'* | *'name resolution'* | *'i/o timeout'* | *'TLS handshake timeout'* | *'connection reset'*) ;;
    *) tries=3 ;;
  esac
  if [ "$tries" -ge 3 ]; then
    echo "$said" >&2
    exit 1
  fi
  sleep 5
done
"""
_RUN = """\
image=$1
shift
IFS= read -r AGENT_SECRET
export AGENT_SECRET
found=$(docker image inspect --format '{{.Id}}' "$image") || exit
exec docker run --detach --label "phoenix_hypervisor.image=$found" "$@"
"""
_WAIT = """\
name=$1 port=$2
shift 2
tries=0
while [ "$tries" -lt 60 ]; do
  for path in "$@"; do
    code=$(curl --silent --insecure --max-time 10 --output /dev/null --write-out '%{http_code}' \\
      "https://127.0.0.1:$port$path")
    case $code in
      200 | 204) exit 0 ;;
    esac
  done
  tries=$((tries + 1))
  sleep 1
done
echo "$name does not answer at https://127.0.0.1:$port; its log ends with:" >&2
docker logs --tail 10 "$name" >&2
exit 1
"""
_REFUSE = 'echo "$1" >&2\nexit 1\n'


class RunningContainer(Resource):
    """A container that Docker keeps running; ``name`` is its name.

    It is made anew only where something declared differs. ``secret`` is what server and agents share.
    """

    image: Word
    port: Port
    secret: SecretStr | None = None
    role: ClassVar[str]
    inner: ClassVar[int]
    """The port inside, with TLS."""
    paths: ClassVar[tuple[str, ...]]
    """What answers 200 or 204 when it works: one of them does."""
    asked: ClassVar[tuple[str, ...]] = ()
    """What else is looked at."""
    first: ClassVar[str] = ""
    """The name of a container for a first start."""

    @property
    def _look(self) -> Fact[Seen]:
        return look(self.name, self.image, self.port, (*self.paths, *self.asked), self.first)

    def facts(self) -> Iterator[Fact[Any]]:
        yield self._look

    @property
    @abstractmethod
    def binds(self) -> tuple[str, ...]:
        """What it has of the machine, as ``docker run --volume`` takes it."""

    def prepare(self, seen: Seen) -> Iterator[Command]:  # noqa: ARG002
        """What must have been done before it starts, while it does not run."""
        yield from ()

    @property
    def labels(self) -> dict[str, str]:
        return {OWNER: self.role}

    def differences(self, seen: Seen) -> list[str]:
        """What is not as declared of the container that is there."""
        there = seen.instance
        if there is None:
            return []
        wrong = []
        if there.image != self.image:
            wrong.append(f"image {there.image} -> {self.image}")
        elif seen.image and there.labels.get(IMAGE) != seen.image:
            wrong.append(f"{self.image} is another image by now")
        if there.ports != {f"{self.inner}/tcp": str(self.port)}:
            wrong.append(f"port {', '.join(there.ports.values()) or 'none'} -> {self.port}")
        if there.binds != frozenset(self.binds):
            wrong.append("mounts")
        if there.restart != _RESTART:
            wrong.append(f"restart policy {there.restart} -> {_RESTART}")
        if there.environment.get(_SECRET, "") != self._secret:
            wrong.append("the agents' secret")
        return wrong

    @property
    def _secret(self) -> str:
        return self.secret.get_secret_value() if self.secret else ""

    def _is_foreign(self, there: Instance | None) -> bool:
        return there is not None and there.labels.get(OWNER) != self.role

    def _works(self, seen: Seen) -> bool:
        return any(seen.answers.get(path) in ("200", "204") for path in self.paths)

    def change(self, facts: Facts) -> Iterator[Command]:
        seen = facts[self._look]
        there = seen.instance
        if not seen.docker:
            yield Command("docker", "version", "--format", "{{.Server.Version}}")
            return
        if self._is_foreign(there):
            yield Command("sh", "-c", _REFUSE, "refuse", f"{self._foreign}.")
            return
        before = tuple(self.prepare(seen))
        is_new = there is None or bool(before or self.differences(seen))
        if not (is_new or self._is_stopped(there) or not self._works(seen)):
            return
        if not seen.image and is_new:
            yield Command("sh", "-c", _PULL, "pull-image", self.image, timeout=1800.0)
        if there is not None and is_new:
            yield Command("docker", "stop", self.name)
            yield Command("docker", "rm", self.name)
        yield from before
        yield self._run() if is_new else Command("docker", self._verb(there), self.name)
        yield from self.awaits()

    def awaits(self) -> Iterator[Command]:
        yield Command("sh", "-c", _WAIT, "wait-for-it", self.name, str(self.port), *self.paths, timeout=900.0)

    def _is_stopped(self, there: Instance | None) -> bool:
        return there is not None and not there.running

    def _verb(self, there: Instance | None) -> str:
        return "start" if self._is_stopped(there) else "restart"

    def _run(self) -> Command:
        """The secret comes over standard input, and into the variable of that name."""
        words = ["--name", self.name, "--restart", _RESTART, "--publish", f"{self.port}:{self.inner}"]
        words += [word for name, value in self.labels.items() for word in ("--label", f"{name}={value}")]
        words += [word for bind in self.binds for word in ("--volume", bind)]
        words += ["--env", _SECRET] if self._secret else []
        argv = ("sh", "-c", _RUN, "run-container", self.image, *words, self.image)
        return Command(*argv, stdin=f"{self._secret}\n", timeout=180.0, confidential=True)

    @property
    def _foreign(self) -> str:
        return (
            f"a container {self.name} is there that Phoenix did not make: remove it (docker rm {self.name}; its volumes"
            f" stay), or give it another name (docker rename {self.name} other)"
        )

    def verdict(self, facts: Facts) -> Verdict:
        seen = facts[self._look]
        if not seen.docker:
            return Verdict(reason="Docker does not answer")
        if seen.instance is None:
            return Verdict(Symbol.ADD, "not there yet")
        if self._is_foreign(seen.instance):
            return Verdict(reason=self._foreign)
        if wrong := self.differences(seen):
            return Verdict(Symbol.REPLACE, "; ".join(wrong))
        return Verdict(reason="it does not answer" if seen.instance.running else "it does not run")
