"""A Proxmox command line tool: finds the verb, judges the command line, tells failures as Perl does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.call import Call, Handler
from phoenix_hypervisor.simulator.contract import UsageError, find_command, verbs
from phoenix_hypervisor.simulator.failures import ParameterError, PveError
from phoenix_hypervisor.simulator.process import Process, Program, Run
from phoenix_hypervisor.simulator.storage import ZfsFailure

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.node import Node


def program(node: Node, name: str, seconds: float, handlers: Mapping[str, Handler]) -> Program:
    """The tool of a name over one node; ``seconds`` go by before it does anything."""

    def run(process: Process) -> Run:
        yield seconds
        if len(process.argv) < 2:
            process.complain(f"ERROR: no command specified\n{_overview(name)}")
            return 255
        try:
            verb, words = find_command(name, process.argv[1:], node.release.version)
        except PveError as failure:
            process.complain(f"{failure.text}\n{_overview(name)}")
            return failure.rc
        try:
            parameters, extra = verb.parse(words)
            call = Call(node, process, parameters, extra)
            rc = yield from handlers[verb.name](call)
        except (UsageError, ParameterError) as failure:
            process.complain(f"{failure.text}\n{verb.usage}\n")
            return failure.rc
        except PveError as failure:
            if isinstance(failure, ZfsFailure):
                process.say(failure.before)
            process.complain(f"{failure.text}\n")
            return failure.rc
        if call.warnings:
            process.complain(f"Task finished with {call.warnings} warning(s)!\n")
        return rc or 0

    return run


def _overview(name: str) -> str:
    lines = [f"USAGE: {name} <COMMAND> [ARGS] [OPTIONS]"]
    lines += [f"       {verb.usage}" for _name, verb in sorted(verbs(name).items())]
    return "".join(f"{line}\n" for line in lines)
