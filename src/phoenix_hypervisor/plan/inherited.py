"""What a container has from its templates, where they were given something else since (spec L14)."""

from __future__ import annotations

from collections.abc import Iterator

from phoenix_hypervisor.features.lifecycle.guest import Guest
from phoenix_hypervisor.features.lifecycle.options import Effect
from phoenix_hypervisor.plan.layers import Layer
from phoenix_hypervisor.plan.step import Change
from phoenix_hypervisor.plan.survey import Survey


def outdated(survey: Survey, guest: Guest) -> Iterator[Change]:
    """The layers that only a template of the container declares, and that it has otherwise or not at all."""
    for template, layer in _inherited(survey, guest):
        if (there := guest.layers.get(layer.name)) != layer.digest:
            what = f"is older than in {template}" if there else f"is missing, {template} declares it"
            anew = (template, *survey.node.descendants(template))
            yield Change(f"{layer.name} {what}", Effect.REBUILD, "a clone keeps what it was made with", anew)


def left_over(survey: Survey, guest: Guest) -> Iterator[str]:
    """The layers that it has and that neither it nor a template of it declares any more, in one line."""
    known = {layer.name for layer in survey.layers(guest.ctid)} | {layer.name for _, layer in _inherited(survey, guest)}
    if names := sorted(guest.layers.keys() - known):
        stay = "is no longer declared and stays" if len(names) == 1 else "are no longer declared and stay"
        yield f"{', '.join(names)} {stay}, until it is made anew (--rebuild {guest.ctid})."


def _inherited(survey: Survey, guest: Guest) -> Iterator[tuple[int, Layer]]:
    """What templates give it, the nearest first, each with the template; what it declares itself is its own."""
    known = {layer.name for layer in survey.layers(guest.ctid)}
    seen, current = {guest.ctid}, guest
    while (source := _source(survey, current)) is not None and source.ctid not in seen:
        seen.add(source.ctid)
        for layer in survey.layers(source.ctid):
            if layer.name not in known:
                known.add(layer.name)
                yield source.ctid, layer
        current = source


def _source(survey: Survey, guest: Guest) -> Guest | None:
    """What it is declared to come from, unless the node tells that it comes from elsewhere."""
    ctid = survey.sources[guest.ctid][0]
    source = survey.node.guests.get(ctid) if ctid is not None else None
    origin = survey.node.origin_of(guest)
    if source is None or source.ctid not in survey.site.containers:
        return None
    return None if origin and origin.partition("@")[0] != source.dataset else source
