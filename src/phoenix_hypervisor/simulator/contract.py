"""The command lines of pct, pvesm, pveam and pveum, judged by the schemas of the real commands (``contract.json``).

The schemas are the newest release's; what an older one lacks is taken out of them, what it had besides is not known.

Source of the rules and words: PVE::JSONSchema (get_options, validate), PVE::RESTHandler, PVE::CLIHandler.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from phoenix_hypervisor.proxmox.properties import render_properties
from phoenix_hypervisor.simulator.failures import ParameterError, PveError
from phoenix_hypervisor.simulator.formats import check_format
from phoenix_hypervisor.simulator.releases import NEWEST

Schema = Mapping[str, Any]
Arguments = dict[str, str]

_NUMBERED = re.compile(r"^([a-z]+)(\d+)$")
_TRUE, _FALSE = ("1", "on", "yes", "true"), ("0", "off", "no", "false")
EXTRA = "extra-args"


@cache
def contract() -> Schema:
    """The reduced schemas."""
    text = files("phoenix_hypervisor.simulator").joinpath("contract.json").read_text(encoding="utf-8")
    loaded: Schema = json.loads(text)
    return loaded


class UsageError(PveError):
    """The command line is not one of this command: the text, then the usage line; exit status 2."""


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb of one tool: its positional parameters and its options."""

    tool: str
    name: str
    positional: Mapping[str, Schema]
    options: Mapping[str, Schema]

    @property
    def usage(self) -> str:
        words = [f"[<{name}>]" if one.get("optional") else f"<{name}>" for name, one in self.positional.items()]
        return " ".join([self.tool, self.name, *words, *(["[OPTIONS]"] if self.options else [])])

    def schema(self, option: str) -> Schema | None:
        """The schema of an option, ``mp3`` being one of ``mp[n]``."""
        known = self.positional.get(option) or self.options.get(option)
        match = _NUMBERED.match(option)
        if known is None and match:
            folded = self.options.get(f"{match[1]}[n]")
            if folded and folded["index"][0] <= int(match[2]) <= folded["index"][1] and match[2] == str(int(match[2])):
                return folded
        return known

    def parse(self, arguments: Sequence[str]) -> tuple[Arguments, list[str]]:
        """The parameters by name and what follows them (``pct exec``).

        Raises UsageError, or ParameterError without the usage line.
        """
        given, rest = self._split(arguments)
        extra: list[str] = []
        names = list(self.positional)
        if names and names[-1] == EXTRA:
            names.pop()
            extra, rest = rest[len(names) :], rest[: len(names)]
        if len(rest) < len([name for name in names if not self.positional[name].get("optional")]):
            raise UsageError("400 not enough arguments", 2)
        if len(rest) > len(names):
            raise UsageError("400 too many arguments", 2)
        parameters = {**given, **dict(zip(names, rest, strict=False))}
        self._check(parameters)
        return parameters, extra

    def _split(self, arguments: Sequence[str]) -> tuple[Arguments, list[str]]:
        """Options and the rest, as Getopt::Long finds them."""
        given: Arguments = {}
        lists: dict[str, list[str]] = {}
        rest: list[str] = []
        wrong: list[str] = []
        words = list(arguments)
        while words:
            word = words.pop(0)
            if word == "--":
                rest += words
                break
            if not word.startswith("-") or word == "-":
                rest.append(word)
                continue
            name, equals, value = word.lstrip("-").partition("=")
            found = self._option(name)
            schema = self.schema(found) if found else None
            if found is None or schema is None:
                wrong.append(f"Unknown option: {name}\n" if found is None else "")
                continue
            if schema["type"] == "boolean":
                if not equals and words and not re.match("-.", words[0]):
                    value = words.pop(0)
                given[found] = self._boolean(value)
            elif not equals and not words:
                wrong.append(f"Option {name} requires an argument\n")
            else:
                text = value if equals else words.pop(0)
                lists.setdefault(found, []).append(text)
                is_list = schema.get("format", "").endswith("-list")
                given[found] = ",".join(lists[found]) if is_list else text
        if wrong:
            raise UsageError("".join(wrong) + "400 unable to parse option", 2)
        return given, rest

    def _option(self, name: str) -> str | None:
        """The option of a name or of the beginning of one."""
        if name in self.options or name in self.positional or (_NUMBERED.match(name) and self.schema(name)):
            return name
        starting = [known for known in self.options if known.startswith(name) and not known.endswith("[n]")]
        return starting[0] if name and len(starting) == 1 else None

    @staticmethod
    def _boolean(value: str) -> str:
        if value.lower() in ("", *_TRUE):
            return "1"
        if value.lower() in _FALSE:
            return "0"
        raise UsageError("400 unable to parse boolean option", 2)

    def _check(self, parameters: Mapping[str, str]) -> None:
        reasons: dict[str, str] = {}
        for name, value in parameters.items():
            schema = self.schema(name)
            if schema is not None and (reason := check_value(name, value, schema)):
                reasons[name] = reason
        if reasons:
            raise ParameterError(reasons)


def check_value(name: str, value: str, schema: Schema) -> str | None:
    """The reason why a value breaks a schema, as Proxmox says it; None when it does not."""
    if schema["type"] == "integer" and not re.fullmatch(r"[+-]?\d+", value):
        return f"type check ('integer') failed - got '{value}'"
    if schema["type"] == "number" and not re.fullmatch(r"[+-]?\d+(\.\d+)?", value):
        return f"type check ('number') failed - got '{value}'"
    if schema["type"] == "boolean" and value.lower() not in (*_TRUE, *_FALSE):
        return f"type check ('boolean') failed - got '{value}'"
    if isinstance(schema.get("format_keys"), Mapping):
        wrong = list(property_problems(value, schema["format_keys"]))
        if wrong and not wrong[0][0]:
            return wrong[0][1]
        if wrong:
            return "invalid format - format error\n" + "".join(f"{name}.{key}: {reason}\n" for key, reason in wrong)
    elif "format" in schema and (reason := check_format(schema["format"], value)):
        return f"invalid format - {reason}\n"
    return _check_limits(value, schema)


def _check_limits(value: str, schema: Schema) -> str | None:
    if "pattern" in schema and not re.fullmatch(schema["pattern"].replace("(?^:", "(?:"), value):
        return "value does not match the regex pattern"
    if "enum" in schema and value not in schema["enum"]:
        return f"value '{value}' does not have a value in the enumeration '{', '.join(schema['enum'])}'"
    if schema["type"] == "string":
        if len(value) < int(schema.get("minLength", 0)):
            return f"value must be at least {schema['minLength']} characters long"
        if len(value) > int(schema.get("maxLength", len(value))):
            return f"value may only be {schema['maxLength']} characters long"
        return None
    if "minimum" in schema and float(value) < float(schema["minimum"]):
        return f"value must have a minimum value of {schema['minimum']}"
    if "maximum" in schema and float(value) > float(schema["maximum"]):
        return f"value must have a maximum value of {schema['maximum']}"
    return None


def property_problems(value: str, keys: Mapping[str, Schema]) -> Iterator[tuple[str, str]]:
    """What is wrong with a property string: (key, reason) pairs, the key empty where the text itself is wrong."""
    found, broken = split_properties(value, keys)
    if broken:
        yield "", f"invalid format - {broken}\n"
        return
    for key in sorted(found.keys() | keys.keys()):
        schema = keys.get(key)
        if schema is None:
            yield key, "property is not defined in schema and the schema does not allow additional properties"
        elif key not in found:
            if not schema.get("optional"):
                yield key, "property is missing and it is not optional"
        elif reason := check_value(key, found[key], schema):
            yield key, reason


def split_properties(value: str, keys: Mapping[str, Schema]) -> tuple[dict[str, str], str | None]:
    """The pairs of a property string, or the reason why it is none."""
    default = next((key for key, schema in keys.items() if schema.get("default_key")), None)
    found: dict[str, str] = {}
    for part in value.split(","):
        if not part.strip():
            continue
        key, equals, text = part.partition("=")
        if not equals:
            if default is None:
                return found, "value without key, but schema does not define a default key"
            if default in found:
                return found, f"duplicate key in comma-separated list property: {default}"
            key, text = default, part
        elif key in found:
            return found, f"duplicate key in comma-separated list property: {key}"
        if key in keys and keys[key]["type"] == "boolean":
            text = "1" if text.lower() in _TRUE else "0" if text.lower() in _FALSE else text
        found[key] = text
    return found, None


def print_properties(values: Mapping[str, str], keys: Mapping[str, Schema]) -> str:
    """A property string in Proxmox's order: the bare value, what is required, the rest by name."""
    default = next((key for key, schema in keys.items() if schema.get("default_key")), None)
    ordered = sorted(values, key=lambda key: (key != default, bool(keys[key].get("optional")), key))
    return render_properties({key: values[key] for key in ordered}, default)


@cache
def verbs(tool: str, version: int = NEWEST) -> Mapping[str, Verb]:
    """The verbs of a tool of a release."""
    loaded = contract()
    lacking = loaded["lacking"].get(str(version), {}).get(tool, {})

    def resolved(numbers: Mapping[str, int], lacks: Mapping[str, list[str]]) -> dict[str, Schema]:
        return {
            name: _without(loaded["definitions"][number], lacks.get(name, ()))
            for name, number in numbers.items()
            if lacks.get(name) != []
        }

    return {
        name: Verb(tool, name, resolved(schema["positional"], {}), resolved(schema["options"], lacking.get(name, {})))
        for name, schema in loaded["tools"][tool].items()
    }


def _without(schema: Schema, keys: Sequence[str]) -> Schema:
    """A schema that does not know some of its sub-keys."""
    if not keys:
        return schema
    return {**schema, "format_keys": {key: one for key, one in schema["format_keys"].items() if key not in keys}}


def keys_of(option: str) -> Mapping[str, Schema]:
    """The sub-keys of a container option that is a property string, such as ``net0``."""
    schema = verbs("pct")["create"].schema(option)
    assert schema is not None  # noqa: S101
    found: Mapping[str, Schema] = schema["format_keys"]
    return found


def find_command(tool: str, words: Sequence[str], version: int = NEWEST) -> tuple[Verb, list[str]]:
    """The verb that a command line begins with, and the rest of it: ``user add`` is one verb, ``useradd`` its alias."""
    known = verbs(tool, version)
    if not any(" " in name for name in known):
        return find_verb(tool, words[0], version), list(words[1:])
    aliases = loaded_aliases(tool)
    if words[0] in aliases:
        return known[aliases[words[0]]], list(words[1:])
    groups = sorted({name.partition(" ")[0] for name in known})
    starting = [name for name in groups if name.startswith(words[0])]
    group = words[0] if words[0] in groups else starting[0] if len(starting) == 1 else ""
    if group in known:
        return known[group], list(words[1:])
    below = [name for name in known if group and name.startswith(f"{group} {' '.join(words[1:2])}")]
    exact = f"{group} {' '.join(words[1:2])}"
    if len(words) > 1 and (exact in known or len(below) == 1):
        return known[exact if exact in known else below[0]], list(words[2:])
    unknown = not group if len(words) < 2 or not group else not below
    raise PveError(f"ERROR: {'unknown' if unknown else 'incomplete'} command '{' '.join([tool, *words[:2]])}'")


def loaded_aliases(tool: str) -> Mapping[str, str]:
    """The short names of verbs."""
    found: Mapping[str, str] = contract()["aliases"].get(tool, {})
    return found


def find_verb(tool: str, word: str, version: int = NEWEST) -> Verb:
    """The verb of a word or of the beginning of one. Raises PveError as the real dispatcher does."""
    known = verbs(tool, version)
    if word in known:
        return known[word]
    starting = [name for name in known if name.startswith(word)]
    if len(starting) == 1:
        return known[starting[0]]
    raise PveError(f"ERROR: {'incomplete' if starting else 'unknown'} command '{tool} {word}'")
