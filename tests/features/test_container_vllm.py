"""vLLM in containers: what is installed and kept, the unit that follows the configuration, the token, the answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.simulator.faults import Fault, Kind
from rig import HOST, Rig, container, fitted, site_of
from scenarios import base
from within import of

TOKEN = "/etc/phoenix-hf-token"
UNIT = "/etc/systemd/system/vllm.service"
MODEL = "Qwen/Qwen2.5-7B-Instruct-AWQ"
SECRET = "hf_abcdefSECRET"
attach, inside = of(950)


def site_with(folder: Path, host: dict[str, Any] | None = None, **fields: Any) -> Any:
    declared = {"vllm_model": MODEL, "gpu_assignment": "0", **fields}
    containers = {"900": base(is_template=True), "950": container(950, clone_from_ctid="900", **declared)}
    documents = {"nvidia_driver_version": "580.76.05", "lxc_configs": containers}
    return site_of(folder, documents, {**HOST, **(host or {})})


def rig_of(folder: Path, host: dict[str, Any] | None = None, **fields: Any) -> Rig:
    return fitted(site_with(folder, host, **fields))


def serves(rig: Rig) -> bool:
    """Whether it answers, once it had the time to load its model."""
    rig.node.clock += 60
    return attach(rig, "curl", "-sf", "http://localhost:8000/health").ok


def test_a_model_is_served_by_a_user_of_its_own(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", vllm_max_model_len=32768)
    rig.converge()
    unit = inside(rig, "cat", UNIT)
    assert f"ExecStart=/opt/vllm/bin/vllm serve {MODEL} \\\n    --max-model-len 32768 \\\n    --port 8000\n" in unit
    assert "\nUser=vllm\n" in unit
    assert inside(rig, "systemctl", "is-active", "vllm") == "active\n"
    assert serves(rig)
    assert inside(rig, "stat", "-c", "%U", "/var/lib/vllm") == "vllm\n"
    assert rig.plan().empty
    assert "vllm" not in rig.plan().unmanaged


def changed(rig: Rig, folder: Path, host: dict[str, Any] | None = None, **fields: Any) -> None:
    """Declare it otherwise, and apply."""
    rig.site = site_with(folder, host, **fields)
    rig.events.clear()
    rig.converge()


def again(rig: Rig) -> None:
    """Establish the layer once more on what is there."""
    inside(rig, "rm", "-rf", "/var/lib/phoenix/layers/vllm")
    rig.converge()


def started(rig: Rig) -> str:
    return inside(rig, "systemctl", "show", "-p", "ActiveEnterTimestamp", "--value", "vllm.service")


def restarts(rig: Rig) -> int:
    return sum("restart vllm.service" in line for line in rig.ran)


def test_a_changed_argument_is_a_line_of_the_unit_and_one_restart(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", vllm_max_model_len=32768)
    rig.converge()
    before = inside(rig, "cat", UNIT)
    changed(rig, tmp_path / "other", vllm_max_model_len=16384)
    assert inside(rig, "cat", UNIT) == before.replace("--max-model-len 32768", "--max-model-len 16384")
    assert restarts(rig) == 1
    assert not [line for line in rig.ran if "install" in line and "pip" in line], "the packages stay"
    assert rig.plan().empty


def test_the_same_arguments_said_otherwise_restart_nothing(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", vllm_max_model_len=32768)
    rig.converge()
    since = started(rig)
    changed(rig, tmp_path / "other", vllm_args=["--max-model-len", "32768"])
    assert started(rig) == since


def test_a_change_takes_two_round_trips(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", HOST_TOKEN)
    given(rig, SECRET)
    rig.converge()
    changed(rig, tmp_path / "other", HOST_TOKEN, vllm_max_model_len=1024)
    into = [command for command in rig.transport.sent if "lxc-attach" in " ".join((*command.argv, command.stdin))]
    assert len(into) == 3, "whether it is ready; the token with a look; the change with a look after it"


def installed(rig: Rig) -> dict[str, str]:
    listed = inside(rig, "/opt/vllm/bin/python3", "-m", "pip", "list")
    return dict(line.split("==") for line in listed.splitlines())


def test_without_a_version_what_was_installed_stays(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    inside_of_template = rig.converge()
    assert inside_of_template.done
    assert installed(rig)["vllm"] == "0.11.2"
    inside(rig, "/opt/vllm/bin/python3", "-m", "pip", "install", "vllm==0.11.0")
    again(rig)
    assert installed(rig)["vllm"] == "0.11.2", "what a person changed is put back"
    inside(rig, "/opt/vllm/bin/python3", "-m", "pip", "install", "fastapi==0.116.0")
    again(rig)
    assert installed(rig)["fastapi"] == "0.121.0", "that is true of every package"


def test_a_declared_version_is_installed_and_kept_when_it_is_no_longer_declared(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", vllm_version="0.11.0")
    rig.converge()
    assert installed(rig) | {"vllm": "0.11.0", "torch": "2.8.0"} == installed(rig)
    changed(rig, tmp_path / "none")
    assert installed(rig)["vllm"] == "0.11.0"
    changed(rig, tmp_path / "newer", vllm_version="0.11.2")
    assert installed(rig) | {"vllm": "0.11.2", "torch": "2.9.0"} == installed(rig)
    assert restarts(rig) == 1


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("0.99", "No matching distribution found for vllm==0.99"),
        ("0.10.0", "0.10.0 Requires-Python <3.13,>=3.9"),
    ],
)
def test_a_version_that_cannot_be_had_leaves_what_is_there_at_work(tmp_path: Path, version: str, said: str) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    rig.site = site_with(tmp_path / "other", vllm_version=version)
    for _ in range(2):
        failed = rig.apply().failed["950:vllm"]
        assert said in failed and "This is Python 3.13.5" in failed
        assert serves(rig)
    changed(rig, tmp_path / "back")
    assert installed(rig)["vllm"] == "0.11.2"


def test_an_installation_that_was_cut_off_is_made_anew(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", vllm_version="0.11.0")
    rig.node.faults.add(Fault(Kind.DIE, ("python3", "-m", "pip"), times=1, pauses=4))
    assert list(rig.apply().failed) == ["950:vllm"]
    rig.converge()
    assert installed(rig)["vllm"] == "0.11.0"
    assert rig.plan().empty


def test_what_differs_inside_is_seen_and_put_right(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    for words in (
        ("sed", "-i", "s/8000/8001/", UNIT),
        ("systemctl", "stop", "vllm"),
        ("systemctl", "disable", "vllm"),
        ("rm", "-rf", "/opt/vllm"),
        ("rm", "-f", "/opt/vllm.lock"),
    ):
        inside(rig, *words)
        again(rig)
        assert serves(rig), words
        assert inside(rig, "systemctl", "is-enabled", "vllm") == "enabled\n"
        assert "8001" not in inside(rig, "cat", UNIT)


# -- what it says when it does not serve


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"vllm_args": ["--no-such-option"]}, "unrecognized arguments: --no-such-option"),
        ({"vllm_model": "/models/none"}, "Can't load the configuration of '/models/none'"),
        ({"vllm_model": "meta-llama/Llama-3.1-8B"}, "gated repo"),
    ],
)
def test_a_server_that_ends_is_not_waited_for_and_says_why(tmp_path: Path, fields: Any, said: str) -> None:
    rig = rig_of(tmp_path / "etc", **fields)
    failed = rig.apply().failed["950:vllm"]
    assert "vllm.service: it is failed (exit-code, exit status " in failed
    assert said in failed
    assert not attach(rig, "test", "-e", "/var/lib/phoenix/layers/vllm").ok


def test_a_server_that_does_not_answer_in_time_says_so(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", vllm_start_timeout=20)
    failed = rig.apply().failed["950:vllm"]
    assert "no answer within 20 s: nothing listens there; the unit is active" in failed
    changed(rig, tmp_path / "longer", vllm_start_timeout=60)
    assert restarts(rig) == 0


def test_a_template_has_the_unit_and_serves_nothing(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", is_template=True)
    rig.converge()
    inside_template = ("systemctl", "show", "-p", "UnitFileState,ActiveState", "vllm.service")
    assert set(inside(rig, *inside_template).splitlines()) == {"ActiveState=inactive", "UnitFileState=disabled"}
    assert rig.plan().empty


def test_the_folder_that_models_are_fetched_into_is_the_users(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", vllm_parameters={"download_dir": "/vllm_models"})
    rig.converge()
    assert inside(rig, "stat", "-c", "%U", "/vllm_models") == "vllm\n"
    rig.site = site_with(tmp_path / "relative", vllm_parameters={"download_dir": "models"})
    rig.converge()


def test_without_a_model_nothing_is_served_any_more(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    changed(rig, tmp_path / "other", vllm_model=None, features=["vllm"])
    assert not attach(rig, "test", "-e", UNIT).ok
    assert inside(rig, "systemctl", "list-units", "--plain", "--no-legend", "vllm.service") == ""
    assert installed(rig)["vllm"] == "0.11.2"
    assert rig.plan().empty


# -- secrets


def given(rig: Rig, text: str) -> None:
    rig.node.files.write(TOKEN, text, mode=0o600)


HOST_TOKEN = {"core_paths": {"hf_token_file": TOKEN}}


TEXTS = [SECRET, f"{SECRET}\n", f"# mine\nHF_TOKEN={SECRET}\n", f'export HF_TOKEN="{SECRET}"\n']


@pytest.mark.parametrize("text", TEXTS)
def test_the_nodes_token_reaches_the_service_and_nothing_else(tmp_path: Path, text: str) -> None:
    rig = rig_of(tmp_path / "etc", HOST_TOKEN, vllm_model="meta-llama/Llama-3.1-8B")
    given(rig, text)
    rig.converge()
    assert inside(rig, "cat", "/etc/vllm/token.env") == f"HF_TOKEN={SECRET}\n"
    assert inside(rig, "stat", "-c", "%U:%a", "/etc/vllm/token.env") == "vllm:600\n"
    assert not attach(rig, "test", "-e", "/run/phoenix_hypervisor/hf-token").ok
    assert SECRET not in inside(rig, "cat", UNIT)
    assert not any(SECRET in " ".join((*command.argv, command.stdin)) for command in rig.transport.sent)
    assert SECRET not in str(rig.events)


def test_another_token_comes_with_the_next_establishing(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", HOST_TOKEN)
    given(rig, SECRET)
    rig.converge()
    since = started(rig)
    again(rig)
    assert started(rig) == since, "the same one restarts nothing"
    assert not attach(rig, "test", "-e", "/run/phoenix_hypervisor/hf-token").ok
    given(rig, "hf_other")
    again(rig)
    assert inside(rig, "cat", "/etc/vllm/token.env") == "HF_TOKEN=hf_other\n"
    assert started(rig) != since
    changed(rig, tmp_path / "none")
    assert not attach(rig, "test", "-e", "/etc/vllm/token.env").ok


def test_a_token_that_others_could_read_is_put_away_again(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", HOST_TOKEN)
    given(rig, SECRET)
    rig.converge()
    inside(rig, "chmod", "644", "/etc/vllm/token.env")
    inside(rig, "rm", "/var/lib/phoenix/layers/vllm")
    rig.converge()
    assert inside(rig, "stat", "-c", "%U:%a", "/etc/vllm/token.env") == "vllm:600\n"


def test_a_file_without_a_token_is_refused(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", HOST_TOKEN)
    given(rig, "two words\n")
    assert "hf_token_file holds no token" in rig.apply().failed["950:vllm"]


def test_a_node_without_the_file_gives_none(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", HOST_TOKEN)
    rig.converge()
    assert not attach(rig, "test", "-e", "/etc/vllm/token.env").ok


def test_a_key_among_the_arguments_does_not_show(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", vllm_args=["--api-key", SECRET], vllm_engine_config={"hf_token": 'hf_$x"y'})
    rig.converge()
    assert inside(rig, "cat", "/etc/vllm/keys.env") == f'HF_TOKEN="hf_\\$x\\"y"\nVLLM_API_KEY="{SECRET}"\n'
    assert inside(rig, "stat", "-c", "%U:%a", "/etc/vllm/keys.env") == "vllm:600\n"
    assert SECRET not in inside(rig, "cat", UNIT)
    shown = [" ".join(command.argv) for command in rig.transport.sent]
    shown += [command.stdin for command in rig.transport.sent if not command.confidential]
    assert not [line for line in (*shown, str(rig.events)) if SECRET in line and "keys.env" not in line]
    changed(rig, tmp_path / "other", vllm_args=["--api-key", "another"])
    assert restarts(rig) == 1
    changed(rig, tmp_path / "none")
    assert not attach(rig, "test", "-e", "/etc/vllm/keys.env").ok
