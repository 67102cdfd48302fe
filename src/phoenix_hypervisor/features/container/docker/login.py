"""The login at a registry: from a file of the node's, through standard input."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.documents.types import Word
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Resource

TOKEN = "/run/phoenix_hypervisor/docker-token"  # noqa: S105
"""Where the node's file is put: in memory, for root alone, until it is used."""
_LOGIN = """\
set -u
token=$1 registry=$2 user=$3
trap 'rm -f "$token"' EXIT
IFS= read -r line <"$token" || [ -n "$line" ] || { echo "the file of docker_token_file is empty" >&2; exit 1; }
case $line in
  *:*) user=${line%%:*} ;;
esac
if [ -z "$user" ]; then
  echo "docker_token_file: it has to be USER:TOKEN, as network.external_registry_url names no user" >&2
  exit 1
fi
printf '%s' "${line#"$user":}" | docker login --username "$user" --password-stdin "$registry"
"""


def _is_there(result: Result) -> bool:
    return answered(result, "whether there is a login to be used").strip() == "there"


_GIVEN = Fact("a login for Docker", Command("sh", "-s", stdin=f"[ ! -s {TOKEN[1:]} ] || echo there\n"), _is_there)


class Login(Resource):
    """The login at a registry, where the node has given one. ``name`` is ``registry`` or ``registry/user``."""

    kind: ClassVar[str] = "docker.login"
    name: Word

    def facts(self) -> Iterator[Fact[Any]]:
        yield _GIVEN

    def change(self, facts: Facts) -> Iterator[Command]:
        if facts[_GIVEN]:
            registry, _, path = self.name.removeprefix("https://").partition("/")
            user = path.partition("/")[0]
            yield Command("sh", "-c", _LOGIN, "log-in", TOKEN, registry, user, timeout=120.0)

    def __str__(self) -> str:
        return f"login at {self.name}, if the node has one"
