"""Portainer's server, with an administrator from its first start on.

A server without an administrator takes anybody's password for it and closes itself after five minutes. So a declared
password is there before the server is to be had: a first start, for this container alone, reads it from a file in
memory. Newer servers take one over HTTP only with a token from their log, so the file is the one way for all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import SecretStr

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.documents.types import HostPath
from phoenix_hypervisor.features.container.portainer.instance import OWNER, SOCKET, RunningContainer
from phoenix_hypervisor.features.container.portainer.state import Seen
from phoenix_hypervisor.machine import Facts
from phoenix_hypervisor.resource import Verdict

ADMINISTRATOR = "phoenix_hypervisor.administrator"
"""The label of a container that was made after its administrator."""
PASSWORD = "/run/phoenix_hypervisor/portainer-password"  # noqa: S105 - a path
"""Where the password lies during the first start: in memory, for root alone."""
_CHECK = "/api/users/admin/check"
_THERE, _MISSING = "204", ("303", "404")
"""What the check answers: there is an administrator; there is none, and the server is open or closed."""
_TIDY = """\
docker rm --force "$1" >/dev/null
rm -f "$2"
"""
_FIRST_START = """\
set -eu
umask 077
name=$1 port=$2 file=$3
shift 3
trap 'docker rm --force "$name" >/dev/null 2>&1 || :; rm -f "$file"' EXIT
mkdir -p "${file%/*}"
cat >"$file"
docker run --detach --name "$name" --publish "127.0.0.1:$port:9443" --volume "$file:$file:ro" "$@" \\
  --admin-password-file "$file" >/dev/null
tries=0
while :; do
  code=$(curl --silent --insecure --max-time 10 --output /dev/null --write-out '%{http_code}' \\
    "https://127.0.0.1:$port/api/users/admin/check") || :
  [ "$code" != 204 ] || break
  tries=$((tries + 1))
  if [ "$tries" -ge 60 ]; then
    echo "the server did not take the administrator's password at its first start; its log ends with:" >&2
    docker logs --tail 10 "$name" >&2
    exit 1
  fi
  sleep 1
done
docker stop "$name" >/dev/null
"""


class Server(RunningContainer):
    """The server, and its user ``admin``, where a password is declared: it is set once, and then Portainer's affair."""

    kind: ClassVar[str] = "portainer.server"
    role: ClassVar[str] = "server"
    inner: ClassVar[int] = 9443
    paths: ClassVar[tuple[str, ...]] = ("/api/system/status", "/api/status")
    asked: ClassVar[tuple[str, ...]] = (_CHECK,)
    first: ClassVar[str] = "portainer_first_start"
    password: SecretStr | None = None
    data: HostPath | None = None

    @property
    def binds(self) -> tuple[str, ...]:
        return f"{SOCKET}:{SOCKET}", f"{self.data or 'portainer_data'}:/data"

    @property
    def labels(self) -> dict[str, str]:
        return {OWNER: self.role, **({ADMINISTRATOR: "admin"} if self.password else {})}

    def _lacks_administrator(self, seen: Seen) -> bool:
        """As it tells; a server that tells nothing lacks none if it was made after one."""
        told, there = seen.answers.get(_CHECK, ""), seen.instance
        if self.password is None or told == _THERE:
            return False
        return told in _MISSING or there is None or ADMINISTRATOR not in there.labels

    def prepare(self, seen: Seen) -> Iterator[Command]:
        if seen.leftover:
            yield Command("sh", "-c", _TIDY, "tidy", self.first, PASSWORD)
        if self.password is not None and self._lacks_administrator(seen):
            mounts = [word for bind in self.binds for word in ("--volume", bind)]
            words = (self.first, str(self.port), PASSWORD, *mounts, self.image)
            argv = ("sh", "-c", _FIRST_START, "first-start", *words)
            yield Command(*argv, stdin=self.password.get_secret_value(), timeout=900.0, confidential=True)

    def verdict(self, facts: Facts) -> Verdict:
        seen = facts[self._look]
        if seen.instance and not self._is_foreign(seen.instance) and self._lacks_administrator(seen):
            return Verdict(reason="it has no administrator")
        return super().verdict(facts)

    def __str__(self) -> str:
        if self.password is None:
            who = "no administrator, as docker.portainer_admin_password is not declared: set one within 5 minutes"
        else:
            who = "administrator admin (password set at the first start only)"
        return f"server {self.image} on port {self.port}, {who}"
