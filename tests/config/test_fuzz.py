"""Spec P3: whatever stands in the files, ``load`` does not raise, and what it tells has a true place and one line."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phoenix_hypervisor.config.load import HOST_FILE, LXC_FILE, OLDER_FILE, load
from sites import place
from strategies import Configuration, configurations, older_configurations

FUZZ = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
WORDS = st.sampled_from(["x; reboot", "", "900", "-1", "../..", "\u0000", "\U0001f525", "a" * 5000, "none", "/"])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), WORDS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | WORDS, inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        "zfs",
        "lxc_configs",
        "shared_volumes",
        "network",
        "nfs",
        "samba",
        "users",
        "proxmox_defaults",
        "vms",
        "nvidia",
        "900",
        "099",
        "firewall",
    ]
)


def judge(folder: Path) -> None:
    found = load(folder)
    for problem in found.problems:
        text = str(problem)
        assert text.isprintable(), text
        path = folder / Path(problem.place.file).name
        if problem.place.line > 1 or problem.place.column > 1:
            lines = path.read_bytes().decode("utf-8", "replace").removeprefix("\ufeff").split("\n")
            assert problem.place.line <= len(lines), text
            assert problem.place.column <= len(lines[problem.place.line - 1]) + 1, text
        json.dumps(problem.as_json(), ensure_ascii=False).encode()
    repr(found)


def paths(value: Any, prefix: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to everything in a document."""
    keys: list[Any] = (
        list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    )
    for key in keys:
        yield (*prefix, key)
        yield from paths(value[key], (*prefix, key))


@st.composite
def mutated(draw: Any, configuration: Configuration) -> Configuration:
    """The configuration with up to three values replaced, taken out or renamed."""
    documents = copy.deepcopy([configuration.host, configuration.lxc])
    for _ in range(draw(st.integers(1, 3))):
        document = draw(st.sampled_from([each for each in documents if each]))
        ways = list(paths(document))
        if not ways:
            break
        *above, last = draw(st.sampled_from(ways))
        target: Any = document
        for step in above:
            target = target[step]
        match draw(st.integers(0, 2)):
            case 0:
                target[last] = draw(VALUES)
            case 1:
                del target[last]
            case _ if isinstance(target, dict):
                target[draw(st.text(max_size=6) | WORDS)] = target.pop(last)
    return Configuration(documents[0], documents[1], older=configuration.older)


@FUZZ
@given(st.one_of(configurations(max_containers=4), older_configurations()).flatmap(mutated))
def test_mutated_configurations(configuration: Configuration) -> None:
    with tempfile.TemporaryDirectory() as folder:
        judge(configuration.write(Path(folder)))


@FUZZ
@given(st.dictionaries(KEYS, VALUES), st.dictionaries(KEYS, VALUES), st.booleans())
def test_random_documents(host: dict[str, Any], lxc: dict[str, Any], older: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, OLDER_FILE if older else HOST_FILE).write_text(json.dumps(host))
        Path(folder, LXC_FILE).write_text(json.dumps(lxc))
        judge(Path(folder))


@FUZZ
@given(
    configurations(max_containers=2), st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(max_size=3)), max_size=4)
)
def test_broken_text(configuration: Configuration, cuts: list[tuple[int, bytes]]) -> None:
    content = json.dumps(configuration.lxc, indent=1).encode()
    for offset, put in cuts:
        at = offset % (len(content) + 1)
        content = content[:at] + put + content[at + 1 :]
    with tempfile.TemporaryDirectory() as folder:
        judge(place(Path(folder), None, content))


@FUZZ
@given(st.binary(), st.binary())
def test_random_bytes(host: bytes, lxc: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        judge(place(Path(folder), host, lxc))
