"""llama.cpp in containers: its build, the unit that follows the configuration, keys, the answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.features.container.llama_cpp import FIRST, LlamaCpp, feature, resources
from phoenix_hypervisor.features.container.llama_cpp.arguments import command, grouped, port_of, secrets_of
from phoenix_hypervisor.resources.release import Release
from rig import HOST, Rig, container, fitted, site_of
from scenarios import base
from within import of

UNIT = "/etc/systemd/system/llama.service"
MODEL = "ggml-org/gemma-3-4b-it-GGUF"
attach, inside = of(957)


def site_with(folder: Path, **fields: Any) -> Any:
    declared = {"features": ["llama_cpp"], "llama_cpp_model": MODEL, **fields}
    containers = {"900": base(is_template=True), "957": container(957, clone_from_ctid="900", **declared)}
    return site_of(folder, {"nvidia_driver_version": "580.76.05", "lxc_configs": containers}, HOST)


def rig_of(folder: Path, **fields: Any) -> Rig:
    return fitted(site_with(folder, **fields))


def changed(rig: Rig, folder: Path, **fields: Any) -> None:
    rig.site = site_with(folder, **fields)
    rig.events.clear()
    rig.converge()


def build(rig: Rig) -> str:
    return attach(rig, "/opt/llama_cpp/llama-server", "--version").stderr.split()[1]


def serves(rig: Rig, port: int = 8080) -> bool:
    """Whether it answers, once it had the time to load its model."""
    rig.node.clock += 60
    return attach(rig, "curl", "-sf", f"http://localhost:{port}/health").ok


def test_a_model_is_served_by_a_user_of_its_own(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", llama_cpp_args=["--ctx-size", "8192", "--jinja"])
    rig.converge()
    unit = inside(rig, "cat", UNIT)
    command = [line.strip(" \\") for line in unit.partition("ExecStart=")[2].partition("\nNo")[0].splitlines()]
    assert command == [
        "/opt/llama_cpp/llama-server",
        f"--hf-repo {MODEL}",
        "--host 0.0.0.0",
        "--port 8080",
        "--ctx-size 8192",
        "--jinja",
    ]
    assert "\nUser=llama\n" in unit
    assert serves(rig)
    assert build(rig) == FIRST
    assert rig.plan().empty and rig.plan().unmanaged == {}


def test_a_changed_argument_restarts_it_once(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    changed(rig, tmp_path / "other", llama_cpp_args=["--ctx-size", "1024"], llama_cpp_port=8081)
    assert sum("restart llama.service" in line for line in rig.ran) == 1
    assert not [line for line in rig.ran if "install-release" in line]
    assert serves(rig, 8081)


def test_a_declared_build_stays_when_it_is_no_longer_declared(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", llama_cpp_version="b8133")
    rig.converge()
    assert build(rig) == "8133"
    changed(rig, tmp_path / "none")
    assert build(rig) == "8133"
    changed(rig, tmp_path / "newer", llama_cpp_version="11211")
    assert build(rig) == "11211"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"llama_cpp_args": ["--no-such"]}, "error: invalid argument: --no-such"),
        ({"llama_cpp_model": "/models/none.gguf"}, "failed to open GGUF file '/models/none.gguf'"),
        ({"llama_cpp_version": "b1"}, "404"),
    ],
)
def test_what_keeps_it_from_serving_is_told(tmp_path: Path, fields: Any, said: str) -> None:
    assert said in rig_of(tmp_path / "etc", **fields).apply().failed["957:llama_cpp"]


def test_a_key_among_the_arguments_does_not_show(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", llama_cpp_args=["--api-key", "key-of-mine"])
    rig.converge()
    assert inside(rig, "cat", "/etc/llama/keys.env") == 'LLAMA_API_KEY="key-of-mine"\n'
    assert inside(rig, "stat", "-c", "%U:%a", "/etc/llama/keys.env") == "llama:600\n"
    assert "key-of-mine" not in inside(rig, "cat", UNIT)


def test_a_template_and_one_without_a_model_serve_nothing(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    changed(rig, tmp_path / "none", llama_cpp_model=None)
    assert not attach(rig, "test", "-e", UNIT).ok and not serves(rig)
    template = rig_of(tmp_path / "template", is_template=True)
    template.converge()
    shown = inside(template, "systemctl", "show", "-p", "UnitFileState,ActiveState", "llama.service")
    assert set(shown.splitlines()) == {"ActiveState=inactive", "UnitFileState=disabled"}


def test_a_card_brings_the_build_for_it(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", gpu_assignment="0")
    rig.converge()
    assert serves(rig)
    assert inside(rig, "dpkg-query", "-W", "-f", "${db:Status-Status}", "libvulkan1") == "installed"
    found = [each.newest for each in resources(LlamaCpp(cards=(0,))) if isinstance(each, Release)]
    assert [url.rpartition("-")[0].rpartition("-")[2] for url in found] == ["vulkan"]


@pytest.mark.parametrize(
    ("args", "expected", "secrets"),
    [
        ((), "--model /m --host 0.0.0.0 --port 8080", {}),
        (("--port", "1"), "--model /m --host 0.0.0.0 --port 1", {}),
        (("--port=2", "--host=::"), "--model /m --port 2 --host ::", {}),
        (("-ngl", "-1", "--jinja"), "--model /m --host 0.0.0.0 --port 8080 -ngl -1 --jinja", {}),
        (("--api-key", "a", "-c", "1"), "--model /m --host 0.0.0.0 --port 8080 -c 1", {"LLAMA_API_KEY": "a"}),
        (("--api-key=a",), "--model /m --host 0.0.0.0 --port 8080", {"LLAMA_API_KEY": "a"}),
        (("-hft", "t", "--api-key"), "--model /m --host 0.0.0.0 --port 8080", {"HF_TOKEN": "t"}),
    ],
)
def test_arguments_stand_as_they_are_without_keys(args: tuple[str, ...], expected: str, secrets: Any) -> None:
    groups = grouped(args)
    assert " ".join(" ".join(group) for group in command("/m", None, groups)) == expected
    assert secrets_of(groups) == secrets


@pytest.mark.parametrize(
    ("args", "port"), [((), "9"), (("--port", "1"), "1"), (("--port=2",), "2"), (("--port", "1", "--port", "3"), "3")]
)
def test_it_is_asked_where_it_listens(args: tuple[str, ...], port: str) -> None:
    assert port_of(9, grouped(args)) == port


def test_the_digest_follows_what_is_declared() -> None:
    assert feature.digest(LlamaCpp(model="/m")) != feature.digest(LlamaCpp(model="/n"))
    assert feature.digest(LlamaCpp()) == feature.digest(LlamaCpp(template_snapshot="ready"))
