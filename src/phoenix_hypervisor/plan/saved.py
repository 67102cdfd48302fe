"""A plan that was saved: applied exactly as it was shown, or not at all (docs/decisions/0005).

The file holds no command that would be run. It holds what was asked for, what the plan was, and fingerprints of what
the plan is about; ``apply --plan`` plans again and goes on only when nothing differs. So it needs no secret, and nobody
can put a command into it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any, Literal

from pydantic import BaseModel

from phoenix_hypervisor.errors import UsageError
from phoenix_hypervisor.features.lifecycle.node import Node
from phoenix_hypervisor.plan.step import Plan, Step
from phoenix_hypervisor.resource import fingerprint

FORMAT = 1
_HEAD = "phoenix plan"


@dataclass(frozen=True, slots=True)
class Request:
    """What a plan was asked for on the command line."""

    etc: str | None = None
    on: str | None = None
    targets: tuple[str, ...] = ()
    rebuild: tuple[int, ...] = ()
    restart: bool = True
    mode: Literal["safe", "interactive", "force"] = "safe"
    allow: tuple[str, ...] = ()
    """What may be lost, as ``disk:SERIAL`` (spec S3)."""
    reboot: bool = False
    upgrade: bool = False
    deep: bool = False
    """Whether running containers are looked into."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What a file holds: the request, the plan as it was shown, and what it went by."""

    request: Request
    node: str
    shown: Mapping[str, Any]
    """The plan's JSON, for people and scripts."""
    steps: Mapping[str, str]
    """Id of each step to the fingerprint of everything that it does."""
    facts: Mapping[str, Mapping[str, str]]
    """Target to what was seen of it: the name of a fact to its fingerprint."""
    configuration: Mapping[str, str]
    """Each configuration file to the fingerprint of its text."""

    def text(self) -> str:
        """The file, as JSON."""
        return json.dumps({"file": _HEAD, "format": FORMAT, **asdict(self)}, indent=2, ensure_ascii=False) + "\n"


def save(
    plan: Plan, node: Node, request: Request, configuration: Mapping[str, str], also: Iterable[str] = ()
) -> SavedPlan:
    """The plan with all that it goes by.

    ``configuration``: each file's text; ``also``: targets whose facts are wanted although the plan is not about them.
    """
    return SavedPlan(
        request=request,
        node=node.name,
        shown=plan.as_json(),
        steps={step.id: step_fingerprint(step) for step in plan.steps},
        facts={target: dict(_facts(node, target)) for target in {*_touched(plan, node), *also}},
        configuration={name: fingerprint(text) for name, text in configuration.items()},
    )


def parse(text: str, name: str) -> SavedPlan:
    """The plan that a file of that name holds; UsageError for anything else."""
    try:
        found = json.loads(text)
        if found.pop("file") != _HEAD or found.pop("format") != FORMAT:
            raise ValueError
        asked: dict[str, Any] = found.pop("request")
        asked |= {key: tuple(asked[key]) for key in ("targets", "rebuild", "allow")}
        return SavedPlan(request=Request(**asked), **found)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(
            f"{name} is no plan that this version of phoenix has saved.", "Save one: plan --out."
        ) from error


def changes(saved: SavedPlan, now: SavedPlan) -> Iterator[str]:
    """What differs from the saved plan, each in words; nothing: it can be applied as it was shown."""
    if saved.node != now.node:
        yield f"it was made for the node {saved.node}, and this is {now.node}"
        return
    for name in sorted({*saved.configuration, *now.configuration}):
        if saved.configuration.get(name) != now.configuration.get(name):
            yield f"{name} changed"
    for target in sorted({*saved.facts, *now.facts}):
        before, after = saved.facts.get(target, {}), now.facts.get(target, {})
        names = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
        if names:
            yield f"CT {target} changed: {', '.join(names)}"
    different = [key for key in (*saved.steps, *now.steps) if saved.steps.get(key) != now.steps.get(key)]
    if different:
        yield f"the plan is another one now: {', '.join(dict.fromkeys(different))}"


def _touched(plan: Plan, node: Node) -> list[str]:
    """The containers that the plan changes or copies."""
    targets = {step.target for step in plan.steps if step.target.isdigit()}
    sources = {lock.removeprefix("ct:") for step in plan.steps for lock in step.locks if lock.startswith("ct:")}
    sources |= {need.partition(":")[0] for step in plan.steps for need in step.needs if need[:1].isdigit()}
    sources |= {str(source) for target in targets for source in _origins(plan, node, int(target))}
    return sorted({*targets, *sources}, key=int)


def _origins(plan: Plan, node: Node, ctid: int) -> Iterable[int]:
    """The containers on whose volumes this one's root is, or will be, built."""
    for step in plan.steps:
        if step.target == str(ctid):
            for command in step.commands():
                if command.argv[:2] == ("zfs", "clone"):
                    dataset = command.argv[-2].partition("@")[0]
                    yield from (guest.ctid for guest in node.guests.values() if guest.dataset == dataset)


def _facts(node: Node, target: str) -> Iterator[tuple[str, str]]:
    """Everything that was seen of a target, by name; secrets and long texts only as fingerprints."""
    guest = node.guests.get(int(target))
    yield "firewall", fingerprint(node.firewalls.get(target, ""))
    yield "volumes", fingerprint(plain(node.volumes(int(target))))
    yield "creation", fingerprint(plain(node.creating.get(int(target))))
    if guest is None:
        yield "existence", fingerprint(plain(node.elsewhere.get(int(target))))
        return
    yield "running", fingerprint(str(guest.running))
    yield "layers", fingerprint(plain(guest.layers))
    yield "description", fingerprint(guest.current.description)
    yield "raw lines", fingerprint(plain(guest.current.raw))
    yield "pending", fingerprint(plain((guest.config.pending, guest.config.pending_delete)))
    yield "snapshots", fingerprint(plain(guest.config.snapshots))
    yield from ((key, fingerprint(value)) for key, value in guest.current.options.items())


def step_fingerprint(step: Step) -> str:
    """The identity of everything that a step does, standard input included."""
    return fingerprint(plain(step))


def plain(value: Any) -> str:
    """A value as text that is the same in every process."""
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return [type(value).__name__, value.model_dump(mode="json")]
    if is_dataclass(value) and not isinstance(value, type):
        return [type(value).__name__, {each.name: _plain(getattr(value, each.name)) for each in fields(value)}]
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(json.dumps(_plain(each), sort_keys=True) for each in value)
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
