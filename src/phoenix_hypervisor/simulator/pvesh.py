"""``pvesh``: Proxmox's API from the command line. Source: PVE::CLI::pvesh, PVE::CLIFormatter."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from phoenix_hypervisor.simulator import api, durations
from phoenix_hypervisor.simulator.call import Call
from phoenix_hypervisor.simulator.contract import UsageError, Verb, verbs
from phoenix_hypervisor.simulator.failures import ParameterError, PveError
from phoenix_hypervisor.simulator.pct import snapshots
from phoenix_hypervisor.simulator.process import Process, Program, Run

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node

_VERBS = ("create", "delete", "get", "ls", "set", "usage")
_FLAGS = ("human-readable", "noborder", "noheader", "noproxy", "quiet")
_FORMATS = ("text", "json", "json-pretty", "yaml")
_GUEST = r"/nodes/(?P<node>[^/]+)/lxc/(?P<ctid>\d+)"
Parameters = Mapping[str, str]
Answer = Callable[["Node", re.Match[str], Parameters], Any]

_ANSWERS: tuple[tuple[str, Answer], ...] = (
    ("/version", lambda node, _found, _given: api.version(node)),
    ("/cluster/resources", lambda node, _found, given: api.resources(node, given)),
    ("/cluster/nextid", lambda node, _found, given: api.next_id(node, given)),
    (r"/nodes/(?P<node>[^/]+)/lxc", lambda node, _found, given: api.guests(node, given)),
    (f"{_GUEST}/status/current", lambda node, found, _given: api.current(node, int(found["ctid"]))),
    (f"{_GUEST}/config", lambda node, found, given: api.configuration(node, int(found["ctid"]), given)),
    (f"{_GUEST}/pending", lambda node, found, _given: api.pending(node, int(found["ctid"]))),
    (f"{_GUEST}/snapshot", lambda node, found, _given: api.snapshots(node, int(found["ctid"]))),
    (r"/nodes/(?P<node>[^/]+)/storage", lambda node, _found, given: api.storages(node, given)),
    (
        r"/nodes/(?P<node>[^/]+)/storage/(?P<name>[^/]+)/content",
        lambda node, found, given: api.storage_content(node, found["name"], given),
    ),
)
"""What ``get`` knows, by path."""
_LISTS = {r"/nodes/([^/]+)/lxc": ("vmid", "Dr--d"), r"/nodes/([^/]+)/storage": ("storage", "Dr---")}
"""What ``ls`` knows: the key that names a child, and what can be done to it."""


@dataclass(frozen=True, slots=True)
class _Request:
    """A command line: the path without a slash at its end, how to print, the method's own parameters."""

    verb: str
    path: str
    form: str
    quiet: bool
    parameters: Parameters


def program(node: Node) -> Program:
    """``pvesh`` over one node."""

    def run(process: Process) -> Run:
        yield durations.PVESH
        try:
            request = _parse(process.argv[1:])
            if request.verb == "create":
                yield from _create(node, process, request)
            elif request.verb == "ls":
                process.say(_listing(node, request))
            elif request.verb == "get":
                text = _printed(_get(node, request), request.form)
                process.say("" if request.quiet else text)
            else:
                raise PveError(f"No '{request.verb}' handler defined for '{request.path}'", 1)
        except (UsageError, ParameterError) as failure:
            usage = f"pvesh {process.argv[1]} <api_path> [OPTIONS] [FORMAT_OPTIONS]"
            process.complain(f"{failure.text}\n{usage}\n")
            return failure.rc
        except PveError as failure:
            process.complain(f"{failure.text}\n")
            return failure.rc
        return 0

    return run


def _parse(words: list[str]) -> _Request:
    if not words or words[0] not in _VERBS:
        raise PveError(f"ERROR: unknown command 'pvesh {words[0]}'" if words else "ERROR: no command specified")
    given: dict[str, str] = {}
    rest: list[str] = []
    left = list(words[1:])
    while left:
        word = left.pop(0)
        if not word.startswith("-"):
            rest.append(word)
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if not equals and (name not in _FLAGS or (left and left[0] in ("0", "1"))):
            if not left:
                raise UsageError(f"Option {name} requires an argument\n400 unable to parse option", 2)
            value = left.pop(0)
        given[name] = value or "1"
    if not rest:
        raise UsageError("400 not enough arguments", 2)
    form = given.pop("output-format", "text")
    if form not in _FORMATS:
        reason = f"value '{form}' does not have a value in the enumeration '{', '.join(_FORMATS)}'"
        raise ParameterError({"output-format": reason})
    quiet = given.pop("quiet", "0") == "1"
    own = {key: value for key, value in given.items() if key not in _FLAGS}
    return _Request(words[0], "/" + "/".join(filter(None, rest[0].split("/"))), form, quiet, own)


def _check_node(node: Node, name: str) -> None:
    if name not in (node.name, "localhost"):
        reason = f"failed to get address info for: {name}: Name or service not known"
        raise PveError(f"hostname lookup '{name}' failed - {reason}", 2)


def _get(node: Node, request: _Request) -> Any:
    for pattern, answer in _ANSWERS:
        found = re.fullmatch(pattern, request.path)
        if found is not None:
            if "node" in found.groupdict():
                _check_node(node, found["node"])
            return answer(node, found, request.parameters)
    raise PveError(f"No 'get' handler defined for '{request.path}'", 1)


def _listing(node: Node, request: _Request) -> str:
    key, can = next((one for pattern, one in _LISTS.items() if re.fullmatch(pattern, request.path)), ("", ""))
    if not key:
        raise PveError(f"resource '{request.path}' does not define child links", 1)
    names = sorted(str(one[key]) for one in _get(node, request))
    return "".join(f"{can}        {name}\n" for name in names)


def _create(node: Node, process: Process, request: _Request) -> Run:
    """``create …/snapshot``: the worker's failure is told, and the task's id; the exit status is 0."""
    found = re.fullmatch(f"{_GUEST}/snapshot", request.path)
    if found is None:
        raise PveError(f"No 'create' handler defined for '{request.path}'", 1)
    _check_node(node, found["node"])
    verb: Verb = verbs("pct")["snapshot"]
    words = [found["ctid"], *([request.parameters["snapname"]] if "snapname" in request.parameters else [])]
    words += [f"--{key}={value}" for key, value in request.parameters.items() if key != "snapname"]
    parameters, extra = verb.parse(words)
    call, began = Call(node, process, parameters, extra), int(node.clock)
    try:
        yield from snapshots.snapshot(call)
    except PveError as failure:
        process.complain(f"{failure.text}\n")
    number = int(node.entropy()[:4], 16)
    up = int(began - node.started) * 100
    process.say(f"UPID:{node.name}:{number:08X}:{up:08X}:{began:08X}:vzsnapshot:{call.ctid}:root@pam:\n")
    return 0


# -- printing


def _printed(value: Any, form: str) -> str:
    if form == "json":
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    if form == "json-pretty":
        return json.dumps(value, sort_keys=True, indent=3, separators=(",", " : "), ensure_ascii=False) + "\n"
    if form == "yaml":
        raise PveError("yaml is not simulated")
    if isinstance(value, dict):
        return _table(["key", "value"], [[key, _cell(one)] for key, one in sorted(value.items())])
    if isinstance(value, list):
        keys = sorted({key for one in value for key in one})
        return _table(keys, [[_cell(one.get(key, "")) for key in keys] for one in value]) if value else ""
    return f"{value}\n"


def _cell(value: Any) -> str:
    return json.dumps(value, separators=(",", ":")) if isinstance(value, dict | list) else str(value)


def _table(head: list[str], rows: list[list[str]]) -> str:
    """A table with a frame, as Proxmox draws it."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]

    def rule(left: str, line: str, cross: str, right: str) -> str:
        return left + cross.join(line * (width + 2) for width in widths) + right + "\n"

    def drawn(row: list[str]) -> str:
        return "│" + "│".join(f" {cell:<{width}} " for cell, width in zip(row, widths, strict=True)) + "│\n"

    body = rule("├", "─", "┼", "┤").join(drawn(row) for row in rows)
    return rule("┌", "─", "┬", "┐") + drawn(head) + rule("╞", "═", "╪", "╡") + body + rule("└", "─", "┴", "┘")
