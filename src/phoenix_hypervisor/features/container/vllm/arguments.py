"""The arguments of ``vllm serve``, from all places of a container's entry that can say them.

What is nearer to the command line counts: ``vllm_args``, before fields of their own such as ``vllm_max_model_len``,
before ``vllm_parameters``, before ``vllm_engine_config``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Words = tuple[str, ...]
Options = dict[str, tuple[Words, ...]]
"""Name of an option to the values of each of its occurrences."""
PORT = 8000
SECRETS = {"api-key": "VLLM_API_KEY", "hf-token": "HF_TOKEN"}
"""Options whose values are secrets, and the variables in which vLLM takes them as well."""
_FIELDS = (
    "port",
    "served_model_name",
    "max_model_len",
    "gpu_memory_utilization",
    "tensor_parallel_size",
    "quantization",
    "trust_remote_code",
)
_SHORT = {
    "-tp": "--tensor-parallel-size",
    "-pp": "--pipeline-parallel-size",
    "-dp": "--data-parallel-size",
    "-q": "--quantization",
}
_RUNNER = (0, 10, 1)
"""The first release with ``--runner``; earlier ones have ``--task``."""
_KINDS = ("runner", "task", "convert")
_HERE = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not bound to


@dataclass(frozen=True)
class Arguments:
    """What ``vllm serve`` is given: the model, options by name with each occurrence's values, secrets by variable."""

    model: str | None
    options: Options
    secrets: Mapping[str, str] = field(default_factory=dict)
    overridden: Mapping[str, str] = field(default_factory=dict)
    """Field to the option that ``vllm_args`` says otherwise."""

    def words(self) -> Iterator[Words]:
        """The options in the order of their names, each with its values."""
        for name, occurrences in sorted(self.options.items()):
            for values in occurrences:
                yield (name if name.startswith("-") else f"--{name}", *values)

    def value(self, name: str, default: str = "") -> str:
        found = self.options.get(name, ((default,),))[-1]
        return found[0] if found else default

    @property
    def cards(self) -> int | None:
        """How many GPUs the model is shared among; None where that is no number."""
        sizes = (self.value(f"{kind}-parallel-size", "1") for kind in ("tensor", "pipeline", "data"))
        total = 1
        for size in sizes:
            if not size.isdecimal():
                return None
            total *= int(size)
        return total

    def health(self) -> Words:
        """What curl(1) is given to ask whether it serves."""
        host = self.value("host")
        host = "127.0.0.1" if host in _HERE else f"[{host}]" if ":" in host else host
        if socket := self.value("uds"):
            return "--unix-socket", socket, "http://localhost/health"
        if self.value("ssl-certfile"):
            return "--insecure", f"https://{host}:{self.value('port')}/health"
        return (f"http://{host}:{self.value('port')}/health",)


def arguments(declared: Mapping[str, Any]) -> Arguments:
    """The arguments that the ``vllm_*`` of a container make, by names without that prefix."""
    tables: list[Options] = [
        _table(declared.get("engine_config") or {}),
        _table(declared.get("parameters") or {}),
        _table({name: declared[name] for name in _FIELDS if declared.get(name) not in (None, False)}),
    ]
    last, tagged = _given(declared.get("args") or ())
    options: Options = {"port": ((str(PORT),),)}
    for table in (*tables, last):
        options = _over(options, table)
    models = [values[0] for each in ("model", "model-tag") for values in options.pop(each, ()) if values]
    model = (
        tagged or next(iter(last.get("model", ((),))[-1]), None) or declared.get("model") or next(iter(models), None)
    )
    if model and declared.get("model_type") == "embedding" and not any(kind in options for kind in _KINDS):
        options |= _embedding(declared.get("version"))
    secrets = {SECRETS[name]: values[-1][0] for name in SECRETS if (values := options.pop(name, ())) and values[-1]}
    return Arguments(model, options, secrets, dict(_overridden(tables[-1], last)))


def _over(options: Options, table: Options) -> Options:
    """The options with those of a nearer place: an option takes the place of itself, and of its opposite."""
    gone = {_opposite(name) for name in table}
    return {**{name: values for name, values in options.items() if name not in gone}, **table}


def _opposite(name: str) -> str:
    return name.removeprefix("no-") if name.startswith("no-") else f"no-{name}"


def _embedding(version: str | None) -> Options:
    number = tuple(int(part) for part in re.findall(r"\d+", version or "")[:3])
    return {"task": (("embed",),)} if number and number < _RUNNER else {"runner": (("pooling",),)}


def _table(values: Mapping[str, Any]) -> Options:
    """Options from names and values, as vLLM's own configuration file has them."""
    found: Options = {}
    for key, value in values.items():
        name = key.lstrip("-").replace("_", "-")
        if value is True:
            found[name] = ((),)
        elif value is False:
            found[f"no-{name}"] = ((),)
        elif value is not None:
            found[name] = (_values(value),)
    return found


def _values(value: Any) -> Words:
    if isinstance(value, Mapping):
        return (json.dumps(value, ensure_ascii=False, sort_keys=True),)
    if isinstance(value, list | tuple):
        return tuple(word for each in value for word in _values(each))
    return (str(value),)


def _is_option(word: str) -> bool:
    return re.match(r"--?[A-Za-z]", word) is not None


def _given(words: Iterable[str]) -> tuple[Options, str | None]:
    """Options as they stand on a command line, and the model where it stands before them."""
    found: Options = {}
    first: list[str] = []
    name = ""
    for each in words:
        if _is_option(each):
            head, equals, value = each.partition("=")
            name = _SHORT.get(head, head)
            name = name[2:].replace("_", "-") if name.startswith("--") else name
            found[name] = (*found.get(name, ()), (value,) if equals else ())
        elif name:
            *before, last = found[name]
            found[name] = (*before, (*last, each))
        else:
            first.append(each)
    return found, next((each for each in first if each not in ("vllm", "serve")), None)


def _overridden(fields: Options, last: Options) -> Iterator[tuple[str, str]]:
    """Fields of their own whose option stands in ``vllm_args``, too, with another value."""
    for name, values in fields.items():
        if name in last and _plain(last[name][-1]) != _plain(values[-1]):
            yield f"vllm_{name.replace('-', '_')}", " ".join((f"--{name}", *last[name][-1]))


def _plain(words: Words) -> tuple[str | float, ...]:
    """Words to be compared: a number is the same however it is written."""
    return tuple(float(each) if re.fullmatch(r"\d+(\.\d+)?", each) else each for each in words)
