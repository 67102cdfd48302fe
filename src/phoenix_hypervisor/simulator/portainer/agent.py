"""The agent: it answers the first server that asks it, or all that know its secret."""

from __future__ import annotations

from phoenix_hypervisor.simulator.serving import Answer, Inside, Request, refused, told

SOCKET = "/var/run/docker.sock"
KEY, SIGNATURE = "x-portaineragent-publickey", "x-portaineragent-signature"
MESSAGE = "Portainer-App"
"""What a server signs where there is no secret."""


def signed(server: str, secret: str) -> dict[str, str]:
    """The headers with which a server shows who it is."""
    return {KEY: server, SIGNATURE: secret or MESSAGE}


class Agent:
    """Its program; it forgets its server when it starts again."""

    port = 9001

    def fault(self, inside: Inside) -> str:
        if inside.command:
            return f"unexpected argument {inside.command[0]}"
        return "" if inside.place(SOCKET) else "unable to retrieve information from Docker"

    def begin(self, _inside: Inside) -> None:
        """Nothing is kept on a disk."""

    def answer(self, inside: Inside, request: Request) -> Answer:
        if request.path == "/ping" and request.method == "GET":
            return Answer(204)
        secret, server = inside.environment.get("AGENT_SECRET", ""), request.headers.get(KEY, "")
        if not server or request.headers.get(SIGNATURE) != (secret or MESSAGE):
            return refused(403, "Invalid request signature")
        if not secret and inside.kept.setdefault("server", server) != server:
            return refused(403, "Invalid request signature")
        return told(200, {"ServerVersion": inside.tag})
