"""The dependency graph that a site declares."""

from __future__ import annotations

from collections.abc import Iterator

from phoenix_hypervisor.config.site import Container, Site
from phoenix_hypervisor.plan.lineage import source_of
from phoenix_hypervisor.report.graph import Edge, Graph, GraphNode


def site_graph(site: Site) -> Graph:
    """Every container with where it is cloned from, declared or chosen, and what it waits for."""
    containers = site.containers.values()
    return Graph(tuple(map(_node, containers)), tuple(edge for each in containers for edge in _edges(each, site)))


def _node(container: Container) -> GraphNode:
    notes = [*container.features]
    if container.gpus:
        notes.append(f"GPU {','.join(map(str, container.gpus))}")
    if container.is_template and container.snapshot:
        notes.append(f"@{container.snapshot}")
    return GraphNode(
        container.ctid, container.name, "template" if container.is_template else "container", ", ".join(notes)
    )


def _edges(container: Container, site: Site) -> Iterator[Edge]:
    source, _ = source_of(container, site)
    if source is not None:
        yield Edge(source, container.ctid, "clone", "" if source == container.source else "chosen by need")
    for needed in dict.fromkeys(container.dependencies):
        yield Edge(needed, container.ctid, "dependency")
