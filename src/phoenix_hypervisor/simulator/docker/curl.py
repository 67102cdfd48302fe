"""curl, where it talks to what runs in a container of Docker's: requests with headers, bodies and forms.

Everything else is fetched as elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from phoenix_hypervisor.simulator.coreutils.common import Fault, Options, absolute
from phoenix_hypervisor.simulator.debian import listening, network
from phoenix_hypervisor.simulator.docker import processes
from phoenix_hypervisor.simulator.process import Process, Run
from phoenix_hypervisor.simulator.serving import Answer, Request

_ADDRESS = re.compile(r"https?://(\d+\.\d+\.\d+\.\d+|\[[0-9a-fA-F:]+\])(:\d+)?(/.*)?")
_LONG = {
    "silent": "s",
    "show-error": "S",
    "insecure": "k",
    "fail": "f",
    "output": "o",
    "write-out": "w",
    "header": "H",
    "data": "d",
    "request": "X",
    "config": "K",
    "max-time": "m",
    "form-string": "\x01",
    "connect-timeout": "\x02",
}
_FAILED, _REFUSED, _UNVERIFIED = 22, 7, 60


@dataclass(frozen=True)
class _Asked:
    """A command line: where to, what, and how the answer is to be shown."""

    url: str
    request: Request
    options: Options


def curl(process: Process, /) -> Run:
    """``curl [OPTION…] URL``."""
    try:
        asked = _asked(process)
    except Fault:
        asked = None
    if asked is None or not _is_ours(process, asked.url):
        return (yield from network.PROGRAMS["curl"](process))
    yield 0.01
    if asked.url.startswith("https://") and "k" not in asked.options:
        return _complain(process, asked, _UNVERIFIED, "SSL certificate problem: self-signed certificate")
    answer = processes.at(process.machine, asked.url, asked.request)
    if answer is None:
        place = f"{asked.url.split('/')[2].partition(':')[0]} port {processes.port_of(asked.url)}"
        why = f"Failed to connect to {place} after 0 ms: Could not connect to server"
        return _complain(process, asked, _REFUSED, why)
    yield 0.05
    return _show(process, asked, answer)


def _asked(process: Process) -> _Asked | None:
    """What is asked for; None where it is more than can be read here. Raises Fault."""
    options = Options("curl", process.argv[1:], "sSkf", "owHdXKm\x01\x02", _LONG)
    headers = dict(_header(line) for line in options.all("H"))
    if "K" in options:
        if options.last("K") != "-":
            return None
        headers |= dict(_header(line) for line in re.findall(r'(?m)^header = "(.*)"$', process.stdin))
    if len(options.operands) != 1:
        return None
    url = options.operands[0]
    form = dict(field.partition("=")[::2] for field in options.all("\x01")) or None
    body = "".join(process.stdin if text == "@-" else text for text in options.all("d"))
    method = options.last("X") or ("POST" if body or form else "GET")
    path = "/" + url.partition("://")[2].partition("/")[2]
    return _Asked(url, Request(method, path, headers, body, form), options)


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.lower(), value.strip()


def _is_ours(process: Process, url: str) -> bool:
    """Whether a machine is meant, and nothing of its own but Docker's containers listens there."""
    there = processes.machine_at(process.machine, url)
    if there is None:
        return _ADDRESS.fullmatch(url) is not None
    port = processes.port_of(url)
    return there is not process.machine or not (listening.answers(there, port) or listening.is_loading(there, port))


def _complain(process: Process, asked: _Asked, status: int, text: str) -> int:
    if "s" not in asked.options or "S" in asked.options:
        process.complain(f"curl: ({status}) {text}\n")
    process.say(_written(asked, 0))
    return status


def _written(asked: _Asked, status: int) -> str:
    """What --write-out asks for."""
    text = asked.options.last("w").replace("\\n", "\n")
    return text.replace("%{http_code}", f"{status:03}")


def _show(process: Process, asked: _Asked, answer: Answer) -> int:
    if "f" in asked.options and answer.status >= 400:
        return _complain(process, asked, _FAILED, f"The requested URL returned error: {answer.status}")
    target = asked.options.last("o", "-")
    if target == "-":
        process.say(answer.body)
    elif target != "/dev/null":
        process.files.write(absolute(process, target), answer.body)
    process.say(_written(asked, answer.status))
    return 0
