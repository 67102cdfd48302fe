"""The server: it takes its administrator's password at its first start, and closes itself when it gets none in time."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from phoenix_hypervisor.simulator.portainer import database
from phoenix_hypervisor.simulator.portainer.agent import SOCKET, signed
from phoenix_hypervisor.simulator.portainer.database import Database
from phoenix_hypervisor.simulator.serving import Answer, Inside, Request, refused, told

WINDOW = 300.0
"""Seconds after which a server without an administrator closes itself."""
_PASSWORD_FILE = "--admin-password-file"  # noqa: S105 - an option's name
_KNOWN = (_PASSWORD_FILE,)
_OPEN = ("/api/status", "/api/settings/public")
"""What a closed server still answers."""
_STATUS = ("/api/status", "/api/system/status")
_AGENT, _ON_DOCKER = "2", 2


def _options(command: tuple[str, ...]) -> dict[str, str]:
    """The arguments: ``--name value`` or ``--name=value``. KeyError for one that it does not have."""
    found, rest = {}, list(command)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name not in _KNOWN or not (equals or rest):
            raise KeyError(name)
        found[name] = value if equals else rest.pop(0)
    return found


def _read(text: str) -> dict[str, Any]:
    """A body in JSON; empty where it is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class Server:
    """Its program."""

    port = 9443

    def fault(self, inside: Inside) -> str:
        try:
            options = _options(tuple(inside.command))
        except KeyError as unknown:
            return f"portainer: error: unknown long flag {unknown}, try --help"
        if not inside.place(SOCKET) or not inside.place("/data"):
            return "FTL unable to locate Unix socket or named pipe"
        if file := options.get(_PASSWORD_FILE):
            entry = inside.machine.files.stat(inside.place(file) or "/\0")
            if entry is None or entry.kind != "file":
                return f'FTL failed getting admin password file error="open {file}: no such file or directory"'
        return ""

    def begin(self, inside: Inside) -> None:
        found = database.opened(inside)
        file = _options(tuple(inside.command)).get(_PASSWORD_FILE)
        if file and not found.administrator:
            found.set_administrator("admin", inside.machine.files.read(inside.place(file)).removesuffix("\n"))
        database.close(inside, found)

    def answer(self, inside: Inside, request: Request) -> Answer:
        found = database.opened(inside)
        path = request.path.partition("?")[0]
        is_closed = not found.administrator and inside.machine.clock > inside.since + WINDOW
        if is_closed and path.startswith("/api") and path not in _OPEN:
            return refused(303, "Administrator initialization timeout")
        answer = _Session(inside, found, request).answer(path)
        database.close(inside, found)
        return answer


class _Session:
    """One request, and what it is answered from."""

    def __init__(self, inside: Inside, found: Database, request: Request) -> None:
        self._inside, self._database, self._request = inside, found, request

    def answer(self, path: str) -> Answer:
        if path in _STATUS:
            return told(200, {"Version": self._inside.tag, "InstanceID": self._database.instance})
        known = {
            ("GET", "/api/users/admin/check"): self._check,
            ("POST", "/api/users/admin/init"): self._begin,
            ("POST", "/api/auth"): self._authenticate,
        }
        if ours := known.get((self._request.method, path)):
            return ours()
        if self._request.headers.get("authorization") != f"Bearer {self._database.token}":
            return refused(401, "A valid authorisation token is missing", "Unauthorized")
        if path == "/api/endpoints":
            return told(200, self._database.environments) if self._request.method == "GET" else self._add()
        if self._request.method == "PUT" and (found := re.fullmatch(r"/api/endpoints/(\d+)", path)):
            return self._change(int(found[1]))
        if self._request.method == "PUT" and path == "/api/users/1/passwd":
            return self._set_password()
        return refused(404, "404 page not found")

    def _check(self) -> Answer:
        if self._database.administrator:
            return Answer(204)
        return refused(404, "No administrator account found inside the database", "object not found")

    def _begin(self) -> Answer:
        given = _read(self._request.body)
        if self._database.administrator:
            return refused(409, "Unable to create administrator user", "An administrator user already exists")
        if not given.get("Username") or not given.get("Password"):
            return refused(400, "Invalid request payload")
        self._database.set_administrator(given["Username"], given["Password"])
        return told(200, {"Id": 1, "Username": given["Username"], "Role": 1})

    def _authenticate(self) -> Answer:
        given = _read(self._request.body)
        if not given.get("Username") or not given.get("Password"):
            return refused(400, "Invalid request payload")
        if not self._database.is_administrator(given["Username"], given["Password"]):
            return refused(422, "Invalid credentials", "Unauthorized")
        return told(200, {"jwt": self._database.token})

    def _set_password(self) -> Answer:
        given = _read(self._request.body)
        if not self._database.is_administrator(self._database.administrator, given.get("Password", "")):
            return refused(403, "Specified password do not match actual password", "Unauthorized")
        self._database.set_administrator(self._database.administrator, given["NewPassword"])
        return Answer(204)

    def _add(self) -> Answer:
        """One more environment: an agent, over TLS that nobody verifies."""
        form = self._request.form or {}
        if wrong := _fault(form):
            return refused(400, "Invalid request payload", wrong)
        if any(each["Name"] == form["Name"] for each in self._database.environments):
            return refused(409, "Name is not unique")
        if unreachable := self._unreachable(form["URL"]):
            return refused(500, *unreachable)
        fields = {"Name": form["Name"], "URL": form["URL"], "Type": _ON_DOCKER, "GroupId": 1}
        return told(200, self._database.add(fields))

    def _unreachable(self, url: str) -> tuple[str, str] | None:
        """Why the agent there cannot be talked to: the message, the details."""
        secure = url.replace("tcp://", "https://", 1)
        pinged = self._inside.ask(f"{secure}/ping", Request("GET", "/ping"))
        if pinged is None or pinged.status != 204:
            return "Unable to get environment type", f'Get "{secure}/ping": dial tcp: connect: connection refused'
        headers = signed(self._database.instance, self._inside.environment.get("AGENT_SECRET", ""))
        answer = self._inside.ask(f"{secure}/info", Request("GET", "/info", headers))
        if answer is None or answer.status != 200:
            why = "agent already paired with another Portainer instance"
            return "Unable to initiate communications with environment", why
        return None

    def _change(self, number: int) -> Answer:
        there = next((each for each in self._database.environments if each["Id"] == number), None)
        given = _read(self._request.body)
        if there is None:
            return refused(404, "Unable to find an environment with the specified identifier inside the database")
        there.update({name: given[name] for name in ("Name", "URL") if name in given})
        return told(200, there)


def _fault(form: Mapping[str, str]) -> str:
    """What is wrong with the form of a new environment."""
    if not form.get("Name"):
        return "invalid environment name"
    if form.get("EndpointCreationType") != _AGENT:
        return "invalid environment type value"
    if form.get("TLS") != "true" or form.get("TLSSkipVerify") != "true":
        return "invalid CA certificate file. Ensure that the file is uploaded correctly"
    if form.get("TLSSkipClientVerify") != "true":
        return "invalid certificate file. Ensure that the file is uploaded correctly"
    return "" if form.get("URL", "").startswith("tcp://") else "unable to parse docker host"
