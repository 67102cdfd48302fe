"""An agent as an environment of the server, over the server's HTTP interface."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field, SecretStr

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.documents.types import Name
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Resource, Symbol, Verdict

_ON_DOCKER = 2
"""The type of an environment that is an agent on Docker."""
_AUTHENTICATE = """\
said=$(printf '%s' "$login" | curl --silent --insecure --max-time 20 --header 'Content-Type: application/json' \\
  --data @- --write-out '\\n%{http_code}' "$server/api/auth")
code=$(printf '%s\\n' "$said" | tail -n 1)
token=$(printf '%s\\n' "$said" | sed -n 's/.*"jwt":"\\([^"]*\\)".*/\\1/p')
ask() {
  printf 'header = "Authorization: Bearer %s"\\n' "$token" |
    curl --config - --silent --insecure --max-time 120 "$@"
}
"""
_LOOK = f"""\
server=$1
login=$(cat)
{_AUTHENTICATE}\
echo "login $code"
[ -z "$token" ] || ask "$server/api/endpoints?excludeSnapshots=true"
"""
_JOIN = f"""\
server=$1 name=$2 url=$3 path=$4
shift 4
login=$(cat)
answers() {{
  for at in /api/system/status /api/status; do
    code=$(curl --silent --insecure --max-time 10 --output /dev/null --write-out '%{{http_code}}' "$server$at")
    [ "$code" != 200 ] || return 0
  done
  return 1
}}
tries=0
until answers; do
  tries=$((tries + 1))
  if [ "$tries" -ge 60 ]; then
    echo "Portainer's server does not answer at $server: look at it, and run again." >&2
    exit 1
  fi
  sleep 1
done
{_AUTHENTICATE}\
if [ -z "$token" ]; then
  case $code in
    303) echo "Portainer's server at $server has no administrator and closed itself: apply its container." >&2 ;;
    422) echo "Portainer's server at $server has another administrator's password than the declared one, which is" \\
      "set at the first start only: change it there (My account), or declare the one that it has." >&2 ;;
    *) echo "Portainer's server at $server refuses the login: $said" >&2 ;;
  esac
  exit 1
fi
if [ "$path" = /api/endpoints ]; then
  known=$(ask "$server$path?excludeSnapshots=true")
  case $known in
    '['*"\\"URL\\":\\"$url\\""*) exit 0 ;;
    '['*) ;;
    *)
      echo "Portainer's server at $server does not tell its environments: $known" >&2
      exit 1 ;;
  esac
fi
said=$(ask --write-out '\\n%{{http_code}}' "$@" "$server$path")
case $(printf '%s\\n' "$said" | tail -n 1) in
  200 | 201 | 204) ;;
  *)
    echo "Portainer's server at $server does not take $name ($url): $said" >&2
    case $said in
      *'already paired'*)
        echo "The agent belongs to another server: docker restart portainer_agent, and run again." >&2 ;;
    esac
    exit 1 ;;
esac
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """The HTTP status of the login, and the environments that the server has."""

    login: str
    environments: tuple[dict[str, Any], ...] = ()


def _parsed(result: Result) -> Seen:
    first, _, rest = answered(result, "what Portainer's server knows").partition("\n")
    if not rest.strip():
        return Seen(first.removeprefix("login "))
    try:
        told = json.loads(rest)
        listed = told if isinstance(told, list) else ()  # else it is why there is no list
        found = tuple({field: each[field] for field in ("Id", "Name", "URL", "Type")} for each in listed)
    except (ValueError, KeyError, TypeError) as wrong:
        raise NodeError("What Portainer's server tells of its environments cannot be read.") from wrong
    return Seen(first.removeprefix("login "), found)


class Environment(Resource):
    """The agent at ``url`` as an environment of the server; one that is there under another name keeps it."""

    kind: ClassVar[str] = "portainer.environment"
    name: Name
    url: str
    server: str
    password: SecretStr | None = Field(repr=False)

    @property
    def _login(self) -> str:
        password = self.password.get_secret_value() if self.password else ""
        return json.dumps({"Username": "admin", "Password": password})

    @property
    def _look(self) -> Fact[Seen]:
        words = ("sh", "-c", _LOOK, "look-for-environments", self.server)
        command = Command(*words, stdin=self._login, timeout=180.0, confidential=True)
        return Fact(f"environments of {self.server}", command, _parsed)

    def facts(self) -> Iterator[Fact[Any]]:
        yield self._look

    def change(self, facts: Facts) -> Iterator[Command]:
        found = facts[self._look].environments
        if any(each["URL"] == self.url for each in found):
            return
        moved = next((each["Id"] for each in found if (each["Name"], each["Type"]) == (self.name, _ON_DOCKER)), None)
        path = "/api/endpoints" if moved is None else f"/api/endpoints/{int(moved)}"
        words = (self.server, self.name, self.url, path, *(self._form() if moved is None else self._update()))
        argv = ("sh", "-c", _JOIN, "join-server", *words)
        yield Command(*argv, stdin=self._login, timeout=900.0, confidential=True)

    def _form(self) -> Iterator[str]:
        fields = {
            "Name": self.name,
            "URL": self.url,
            "EndpointCreationType": "2",
            "TLS": "true",
            "TLSSkipVerify": "true",
            "TLSSkipClientVerify": "true",
        }
        for field, value in fields.items():
            yield from ("--form-string", f"{field}={value}")

    def _update(self) -> Iterator[str]:
        body = {"Name": self.name, "URL": self.url, "TLS": True, "TLSSkipVerify": True, "TLSSkipClientVerify": True}
        yield from ("--request", "PUT", "--header", "Content-Type: application/json", "--data", json.dumps(body))

    def verdict(self, facts: Facts) -> Verdict:
        login = facts[self._look].login
        if login == "422":
            return Verdict(reason=f"{self.server} has another administrator's password than the declared one")
        return Verdict(Symbol.ADD, "not joined" if login == "200" else f"{self.server} does not answer")

    def __str__(self) -> str:
        return f"joined to {self.server} as {self.name}"
