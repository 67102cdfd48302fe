"""Order over ids: what comes first, what is needed, what goes round in circles. Knows nothing but ids."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeVar

from phoenix_hypervisor.errors import PhoenixError

K = TypeVar("K")


class Cycle(PhoenixError):
    """The ids need each other in a circle; ``members`` in its order, the first one again at the end."""

    exit_code = 2

    def __init__(self, members: list[Any]) -> None:
        self.members = members
        super().__init__(f"These need each other in a circle: {' -> '.join(map(str, members))}.")


def order(needs: Mapping[K, Iterable[K]], key: Callable[[K], Any]) -> list[K]:
    """All ids, each after what it needs; of those that are ready the smallest by ``key`` first (spec R3)."""
    sorter: TopologicalSorter[K] = TopologicalSorter(
        {node: [need for need in wanted if need in needs] for node, wanted in needs.items()}
    )
    try:
        sorter.prepare()
    except CycleError as error:
        raise Cycle(error.args[1]) from error
    ready: list[tuple[Any, int, K]] = []
    found: list[K] = []
    count = 0
    while sorter.is_active():
        for node in sorter.get_ready():
            heapq.heappush(ready, (key(node), count, node))
            count += 1
        _, _, node = heapq.heappop(ready)
        found.append(node)
        sorter.done(node)
    return found


def closure(start: Iterable[K], needs: Mapping[K, Iterable[K]]) -> set[K]:
    """The ids and everything that they need, directly or not."""
    found: set[K] = set()
    waiting = list(start)
    while waiting:
        node = waiting.pop()
        if node not in found and node in needs:
            found.add(node)
            waiting.extend(needs[node])
    return found
