"""QEMU's machine protocol (QMP) on a Unix socket: one command, one answer."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any


class Refused(Exception):
    """What QEMU said instead of doing it."""


class Monitor:
    """A connection to one QEMU; events that arrive in between are kept."""

    def __init__(self, path: Path, timeout: float = 60.0) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("r", encoding="utf-8")
        self.events: list[dict[str, Any]] = []
        self._next()
        self.ask("qmp_capabilities")

    def ask(self, command: str, **arguments: object) -> Any:
        """The command's return value; raises Refused with QEMU's words."""
        message = {"execute": command, "arguments": arguments}
        self._socket.sendall(json.dumps(message).encode() + b"\n")
        while True:
            answer = self._next()
            if "error" in answer:
                raise Refused(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
            self.events.append(answer)

    def wait_for_deletion(self, device: str) -> None:
        """Returns when the guest has let go of the device."""
        while not any(_deleted(event, device) for event in self.events):
            self.events.append(self._next())
        self.events.clear()

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def _next(self) -> dict[str, Any]:
        line = self._lines.readline()
        if not line:
            raise Refused("QEMU closed its monitor")
        return dict(json.loads(line))


def _deleted(event: dict[str, Any], device: str) -> bool:
    return event.get("event") == "DEVICE_DELETED" and event["data"].get("device") == device
