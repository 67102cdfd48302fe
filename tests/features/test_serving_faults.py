"""Model servers: whatever one command does, the next run ends as an undisturbed one would have."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from faulty import OTHERS, disturbed, running_step
from phoenix_hypervisor.simulator.faults import Fault, Kind
from phoenix_hypervisor.simulator.node import Node
from rig import HOST, Rig, container, fitted, site_of
from scenarios import base

TOKEN = "/etc/phoenix-hf-token"
SECRET = "hf_abcdefSECRET"
SERVERS: dict[str, dict[str, Any]] = {
    "vllm": {"vllm_model": "Qwen/Qwen3-8B", "vllm_args": ["--api-key", "key-of-mine"]},
    "ollama": {"features": ["ollama"], "ollama_models": ["qwen3:8b"], "ollama_models_path": "/models"},
    "llama_cpp": {
        "features": ["llama_cpp"],
        "llama_cpp_model": "ggml-org/gemma-3-4b-it-GGUF",
        "llama_cpp_args": ["--api-key", "key-of-mine"],
    },
}
PATTERNS = (
    "etc/systemd/system/*.service",
    "etc/vllm/*",
    "etc/llama/*",
    "opt/*.lock",
    "opt/*.version",
    "opt/*/bin/ollama",
    "var/lib/phoenix/layers/*",
)
"""Files whose content counts."""
NAMES = ("opt/*/lib/python*/site-packages/*", "opt/*", "models/*/*/*/*/*", "run/phoenix_hypervisor/*")


def site(folder: Path, fields: dict[str, Any]) -> Any:
    server = container(950, clone_from_ctid="900", gpu_assignment="0", **fields)
    containers = {"900": base(is_template=True), "950": server}
    documents = {"nvidia_driver_version": "580.76.05", "lxc_configs": containers}
    return site_of(folder, documents, {**HOST, "core_paths": {"hf_token_file": TOKEN}})


def left(node: Node) -> dict[str, str]:
    """What a model server leaves in its container."""
    files = node.files
    root = "/tank/lxc/subvol-950-disk-0"
    found = {path: files.read(path) for pattern in PATTERNS for path in files.glob(f"{root}/{pattern}")}
    names = [path for pattern in NAMES for path in files.glob(f"{root}/{pattern}")]
    states = node.run(("lxc-attach", "-n", "950", "--", "systemctl", "list-units", "--plain", "--no-legend")).stdout
    return {**found, **dict.fromkeys(names, ""), "units": states}


@cache
def prepared(folder: Path, name: str) -> tuple[Rig, list[str]]:
    """A rig on which the container is there, without the server; the lines of the commands of an undisturbed run."""
    rig = fitted(site(folder / "before", {}))
    rig.node.files.write(TOKEN, SECRET, mode=0o600)
    rig.converge()
    rig.node.save(folder / "before.json")
    lines: list[str] = []
    rig.site = site(folder / "after", SERVERS[name])
    rig.events.clear()
    rig.watch = lambda command: lines.append(f"{running_step(rig)} {command}")
    rig.apply(jobs=1)
    rig.watch = lambda _: None
    return rig, lines[1:]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("servers")


LIES = (Kind.SILENT, Kind.GARBAGE)
GIVES = " give-file "
"""What a container does not get, it does not miss: whether the node has a token, only the node knows."""


@pytest.mark.parametrize("kind", [*OTHERS, Kind.SILENT])
@pytest.mark.parametrize("name", SERVERS)
def test_the_next_run_ends_as_if_nothing_had_happened(folder: Path, name: str, kind: Kind) -> None:
    whole, lines = prepared(folder, name)
    numbers = [number for number, line in enumerate(lines) if line.startswith(f"950:{name} ")]
    assert len(numbers) >= 3
    for number in numbers:
        if kind in LIES and GIVES in lines[number]:
            continue
        rig = Rig(whole.site, Node.load(folder / "before.json"))
        run = disturbed(rig, Fault(kind, times=1, skip=number + 1, top=True), 60.0)
        assert run.hit
        rig.converge()
        assert rig.plan().empty
        assert left(rig.node) == left(whole.node), (kind, lines[number])


PROGRAMS = {
    "vllm": ("python3", "curl", "systemctl", "useradd", "chown", "mv"),
    "ollama": ("curl", "systemctl", "tar", "mv", "simulated-ollama"),
    "llama_cpp": ("tar", "chown", "simulated-llama-server"),
}


@pytest.mark.parametrize(("name", "program"), [(name, program) for name in PROGRAMS for program in PROGRAMS[name]])
def test_a_program_that_fails_inside_is_noticed_or_made_good(folder: Path, name: str, program: str) -> None:
    whole, _ = prepared(folder, name)
    for skip in range(0, 12, 3):
        rig = Rig(whole.site, Node.load(folder / "before.json"))
        rig.node.faults.add(Fault(Kind.FAIL, (program,), times=1, skip=skip))
        rig.apply(jobs=1)
        rig.node.faults.clear()
        rig.converge()
        assert rig.plan().empty
        assert left(rig.node) == left(whole.node), (program, skip)


@pytest.mark.parametrize("name", SERVERS)
def test_no_secret_shows(folder: Path, name: str) -> None:
    whole, lines = prepared(folder, name)
    rig = Rig(whole.site, Node.load(folder / "before.json"))
    plan = rig.plan()
    rig.converge()
    shown = [str(command) for command in rig.transport.sent]
    shown += [command.stdin for command in rig.transport.sent if not command.confidential]
    for secret in (SECRET, "key-of-mine"):
        assert not [text for text in (*shown, *lines, str(plan.as_json()), str(rig.events)) if secret in text]
