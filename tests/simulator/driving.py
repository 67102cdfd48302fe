"""Several processes on one simulated node at the same simulated time; processes that are cut off."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.simulator.node import Node

Argv = Sequence[str]


def together(node: Node, commands: Sequence[Argv]) -> list[Result]:
    """Run commands that start at the same moment; their results in the order of the commands."""
    processes = [node.start(argv) for argv in commands]
    runs = [node.execute(process) for process in processes]
    results: list[Result | None] = [None] * len(runs)
    began = node.clock
    due = [(began, index) for index in range(len(runs))]
    heapq.heapify(due)
    while due:
        node.clock, index = heapq.heappop(due)
        try:
            heapq.heappush(due, (node.clock + next(runs[index]), index))
        except StopIteration as end:
            process = processes[index]
            results[index] = Result(end.value, "".join(process.out), "".join(process.err), node.clock - began)
    return [result for result in results if result is not None]


def cut_off(node: Node, argv: Argv, pauses: int) -> bool:
    """Start a command and end its process amid the pause after so many; whether it was cut off before it was done."""
    run = node.execute(node.start(argv))
    for number in range(pauses + 1):
        try:
            seconds = next(run)
        except StopIteration:
            return False
        node.clock += seconds if number < pauses else seconds / 2
    run.close()
    return True
