"""Go templates of --format, as far as they name fields or ask for all as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from phoenix_hypervisor.simulator.coreutils.common import Fault
from phoenix_hypervisor.simulator.docker.flags import Flags
from phoenix_hypervisor.simulator.process import Process

_FIELD = re.compile(r"{{\s*([^}]*?)\s*}}")


def filled(template: str, found: Mapping[str, Any]) -> str:
    """The template with the fields of an object. Raises Fault for one that there is not."""
    return _FIELD.sub(lambda match: _value(match[1], found), template)


def _value(field: str, found: Mapping[str, Any]) -> str:
    as_json = field.startswith("json ")
    value: Any = found
    for step in field.removeprefix("json ").strip().removeprefix(".").split("."):
        if step and (not isinstance(value, Mapping) or step not in value):
            raise Fault(f'template: :1:2: executing "" at <{field}>: can\'t evaluate field {step}')
        value = value[step] if step else value
    return json.dumps(value, separators=(",", ":")) if as_json or not isinstance(value, str) else value


def shown(process: Process, given: Flags, objects: Sequence[Mapping[str, Any]]) -> int:
    """Say each object as --format has it, or all as a list."""
    template = given.last("format")
    if not template:
        process.say(json.dumps(list(objects), indent=4) + "\n")
        return 0
    for each in objects:
        process.say(filled(template, each) + "\n")
    return 0
