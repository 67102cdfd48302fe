"""Clone sources and dependencies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from phoenix_hypervisor.config.checks.view import Finding, Question, View, finds
from phoenix_hypervisor.config.site import Container
from phoenix_hypervisor.config.texts import listing

SOURCE = "clone_from_ctid clone_from_template_ctid"


def near_ctid(ctid: int, known: frozenset[int]) -> str:
    """``Did you mean 901?`` for the nearest CTID that is written alike."""
    alike = [other for other in known if len(str(other)) == len(str(ctid)) and _distance(other, ctid) <= 1]
    near = min(alike, key=lambda other: (abs(other - ctid), other), default=None)
    return f"Did you mean {near}?" if near is not None else ""


def _distance(one: int, other: int) -> int:
    return sum(a != b for a, b in zip(str(one), str(other), strict=True))


@finds("clone-source-missing", fields=SOURCE)
def clone_source_missing(view: View) -> Iterator[Finding]:
    for container in view.containers.values():
        if container.source is not None and container.source not in view.known:
            message = f"{container.ctid} is to be cloned from {container.source}, which is not declared."
            hint = near_ctid(container.source, view.known - {container.ctid})
            yield container.places.problem("clone-source-missing", message, "clone_from_ctid", hint=hint)


@finds("clone-cycle", fields=SOURCE)
def clone_cycle(view: View) -> Iterator[Finding]:
    edges = {ctid: _clone_edge(each) for ctid, each in view.containers.items()}
    for cycle in cycles(edges):
        message = (
            f"{listing(cycle)} are cloned from one another." if len(cycle) > 1 else f"{cycle[0]} is cloned from itself."
        )
        yield view.containers[cycle[0]].places.problem("clone-cycle", message, "clone_from_ctid")


def _clone_edge(container: Container) -> tuple[int, ...]:
    return () if container.source is None else (container.source,)


@finds("dependency-cycle", fields=f"{SOURCE} dependencies")
def dependency_cycle(view: View) -> Iterator[Finding]:
    """Containers that wait for one another, by dependencies and clone sources together."""
    edges = {ctid: (*_clone_edge(each), *each.dependencies) for ctid, each in view.containers.items()}
    for cycle in cycles(edges):
        steps = list(zip(cycle, (*cycle[1:], cycle[0]), strict=True))
        by_dependency = [(one, other) for one, other in steps if other in view.containers[one].dependencies]
        if by_dependency:
            one, other = by_dependency[0]
            message = f"{listing(cycle)} wait for one another." if len(cycle) > 1 else f"{one} depends on itself."
            index = list(view.document(view.containers[one]).dependencies).index(other)
            yield view.containers[one].places.problem("dependency-cycle", message, f"dependencies.{index}")


def cycles(edges: Mapping[int, tuple[int, ...]]) -> Iterator[list[int]]:
    """Cycles of a graph, none of which shares a node with another; each starts at its smallest id."""
    left = {node: [other for other in others if other in edges] for node, others in edges.items()}
    while left:
        free = [node for node, others in left.items() if not any(other in left for other in others)]
        if free:
            for node in free:
                del left[node]
            continue
        road = [min(left)]
        while (step := min(other for other in left[road[-1]] if other in left)) not in road:
            road.append(step)
        cycle = road[road.index(step) :]
        start = cycle.index(min(cycle))
        yield cycle[start:] + cycle[:start]
        for node in cycle:
            del left[node]


@finds("clone-source-not-a-template", fields=f"{SOURCE} is_template template_snapshot_name")
def clone_source_not_a_template(view: View) -> Iterator[Finding]:
    for container in view.containers.values():
        source = view.source(container)
        if source is not None and not source.is_template:
            message = f"{container.ctid} is to be cloned from {source.ctid}, which is no template."
            hint = f'Give {source.ctid} "is_template": true, or a template_snapshot_name.'
            yield container.places.problem("clone-source-not-a-template", message, "clone_from_ctid", hint=hint)


@finds("privilege-differs-from-source", fields=f"{SOURCE} unprivileged")
def privilege_differs_from_source(view: View) -> Iterator[Finding]:
    for container in view.containers.values():
        source = view.source(container)
        if source is not None and source.unprivileged != container.unprivileged:
            message = (
                f"{container.ctid} is to be {_privilege(container)}, but its source {source.ctid} is "
                f"{_privilege(source)}; a clone cannot change that."
            )
            hint = "Give both the same, or clone from another template."
            yield container.places.problem("privilege-differs-from-source", message, "unprivileged", hint=hint)


def _privilege(container: Container) -> str:
    return "unprivileged" if container.unprivileged else "privileged"


@finds("rootfs-smaller-than-source", fields=f"{SOURCE} storage_size_gb")
def rootfs_smaller_than_source(view: View) -> Iterator[Finding]:
    for container in view.containers.values():
        if container.size_gb is None:
            continue
        above = ((each.ctid, each.size_gb) for each in view.ancestry(container)[1:] if each.size_gb is not None)
        ctid, size = next(above, (0, 0))
        if container.size_gb < size:
            message = (
                f"{container.ctid} is to have {container.size_gb} GB, but its source {ctid} has {size} GB; "
                "volumes only grow."
            )
            yield container.places.problem(
                "rootfs-smaller-than-source", message, "storage_size_gb", hint=f"Give it at least {size}."
            )


@finds("unprivileged-not-given", fields="unprivileged")
def unprivileged_not_given(view: View) -> Iterator[Finding]:
    for container in view.containers.values():
        if view.document(container).unprivileged is None:
            message = f"{container.ctid} does not say whether it is unprivileged; it will be unprivileged."
            hint = 'Say "unprivileged": true or false; it can never be changed.'
            yield container.places.problem("unprivileged-not-given", message, hint=hint, severity="warning")


@finds("dependency-missing", fields="dependencies")
def dependency_missing(view: View) -> Iterator[Finding]:
    for container in view.containers.values():
        for index, ctid in enumerate(view.document(container).dependencies):
            if ctid in view.known:
                continue
            field, places = f"dependencies.{index}", container.places
            hint = near_ctid(ctid, view.known - {container.ctid})
            message = f"{container.ctid} depends on {ctid}, which is not declared."
            error = places.problem("dependency-missing", message, field, hint=hint)
            foreign = (
                f"{container.ctid} depends on {ctid}, which is on the node but not declared; nothing here sets it up."
            )
            warning = places.problem("dependency-missing", foreign, field, severity="warning")
            yield Question("guest", str(ctid), unasked=error, yes=warning, no=error)
