"""Containers as people name them on the command line: CTIDs, declared names, host names on the node."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from phoenix_hypervisor.config.site import Site
from phoenix_hypervisor.errors import UsageError
from phoenix_hypervisor.features.lifecycle.node import Node


def containers_named(site: Site, node: Node, words: Iterable[str]) -> tuple[int, ...]:
    """The CTIDs that the words mean; UsageError for a word that means none, or several."""
    names: dict[str, set[int]] = {}
    for ctid, container in site.containers.items():
        names.setdefault(container.name, set()).add(ctid)
    for ctid, guest in node.guests.items():
        names.setdefault(guest.current.get("hostname") or "", set()).add(ctid)
    known = {*site.containers, *node.guests, *node.elsewhere, *node.creating}
    return tuple(dict.fromkeys(_one(word, names, known) for word in words))


def _one(word: str, names: dict[str, set[int]], known: set[int]) -> int:
    if word.isascii() and word.isdecimal() and int(word) in known:
        return int(word)
    found = names.get(word, set())
    if len(found) > 1:
        raise UsageError(f'The name "{word}" is ambiguous: {", ".join(map(str, sorted(found)))}.', "Name the CTID.")
    if found:
        return min(found)
    near = get_close_matches(word, [*map(str, sorted(known)), *filter(None, names)], n=1)
    hint = f'Did you mean "{near[0]}"?' if near else "Name a CTID or a name."
    raise UsageError(f'There is no container "{word}", neither declared nor on the node.', hint)
