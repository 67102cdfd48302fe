"""Python in a container: environments, pip over the index, the server of vLLM, the words of units that ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.simulator.node import Node
from rig import HOST, container, fitted, site_of
from scenarios import base

MAKE = "apt-get install -y python3-venv && python3 -m venv /opt/v"
PIP = "/opt/v/bin/python3 -m pip"
UNIT = "/etc/systemd/system/model.service"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    documents = {"lxc_configs": {"900": base(is_template=True), "950": container(950, clone_from_ctid="900")}}
    rig = fitted(site_of(tmp_path_factory.mktemp("site"), documents, HOST))
    rig.converge()
    assert sh(rig.node, "apt-get update -q && apt-get install -y python3").ok
    path = tmp_path_factory.mktemp("node") / "node.json"
    rig.node.save(path)
    return path


@pytest.fixture
def bare(saved: Path) -> Node:
    """A node with a container that has the interpreter alone."""
    return Node.load(saved)


@pytest.fixture
def made(bare: Node) -> Node:
    """The same with an environment."""
    failed = sh(bare, "python3 -m venv /opt/v")
    assert failed.rc == 1 and "apt install python3.13-venv" in failed.stderr
    assert sh(bare, MAKE).ok
    return bare


def sh(node: Node, line: str) -> Result:
    result: Result = node.run(["lxc-attach", "-n", "950", "--", "sh", "-c", line])
    return result


@pytest.mark.parametrize(
    ("line", "rc", "said"),
    [
        ("/opt/v/bin/python3 --version", 0, "Python 3.13.5"),
        ("python3 -m venv --no-such /opt/w", 2, "unrecognized arguments: --no-such"),
        ("python3 --no-such", 2, "Unknown option"),
        ("python3 /no/such.py", 2, "can't open file '/no/such.py'"),
        ("python3 -m pip list", 1, "No module named pip"),
        (f"{PIP} list", 0, "pip==25.1.1"),
        (f"{PIP} install --no-such six", 2, "no such option: --no-such"),
        (f"{PIP} install", 1, "You must give at least one requirement"),
        (f"{PIP} install 'a b'", 1, "Invalid requirement: 'a b'"),
        (f"{PIP} install no-such-project", 1, "(from versions: none)"),
        (f"{PIP} install vllm==0.10.0", 1, "0.10.0 Requires-Python <3.13,>=3.9"),
        (f"{PIP} install --requirement /no/such", 1, "No such file or directory: '/no/such'"),
        (f"{PIP} install vllm==0.11.0 torch==2.9.0", 1, "conflicting"),
        (f"{PIP} frobnicate", 1, 'unknown command "frobnicate"'),
    ],
)
def test_it_answers_as_the_real_one(made: Node, line: str, rc: int, said: str) -> None:
    result = sh(made, line)
    assert result.rc == rc and said in result.stdout + result.stderr, result


def test_a_release_comes_with_what_it_needs_and_replaces_another(made: Node) -> None:
    assert "Successfully installed" in sh(made, f"{PIP} install vllm==0.11.0").stdout
    assert sh(made, f"{PIP} install --quiet vllm").stdout == "", "what is there suits"
    assert sh(made, f"{PIP} install --quiet vllm==0.11.2").ok
    listed = sh(made, f"{PIP} freeze").stdout.splitlines()
    assert {"vllm==0.11.2", "torch==2.9.0"} <= set(listed) and "pip==25.1.1" not in listed
    assert sh(made, "ls /opt/v/lib/python3.13/site-packages | grep vllm").stdout == "vllm-0.11.2.dist-info\n"
    assert sh(made, "python3 -m venv --clear /opt/w").ok
    assert sh(made, "/opt/w/bin/python3 -m pip freeze").stdout == ""


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ("User=nobody-here", "Failed to determine user credentials"),
        ("EnvironmentFile=/no/such", "Failed to load environment files"),
        ("Environment=X=1", "Failed to infer device type"),
    ],
)
def test_a_unit_that_ends_has_said_why(made: Node, unit: str, said: str) -> None:
    assert sh(made, f"{PIP} install --quiet vllm").ok
    text = f"[Service]\\n{unit}\\nExecStart=/opt/v/bin/vllm serve a/b\\n"
    sh(made, f"printf '{text}' >{UNIT}; systemctl daemon-reload; systemctl start model")
    assert sh(made, "systemctl is-failed model").ok
    assert said in sh(made, "journalctl -u model -n 3 -o cat --no-pager").stdout


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("vllm serve a/b --no-such", "unrecognized arguments: --no-such"),
        ("vllm serve a/b --port", "argument --port: expected one argument"),
        ("vllm serve a/b --port x", "invalid int value: 'x'"),
        ("vllm frobnicate", "invalid choice: 'frobnicate'"),
        ("vllm serve a/b", "Failed to infer device type"),
    ],
)
def test_vllm_is_strict_about_its_options(made: Node, line: str, said: str) -> None:
    assert sh(made, f"{PIP} install --quiet vllm").ok
    assert said in sh(made, f"/opt/v/bin/{line}").stderr


@pytest.mark.parametrize(
    ("line", "rc"),
    [("journalctl -u none", 0), ("journalctl --no-such", 1), ("journalctl -o json -u x", 1), ("journalctl -n x", 1)],
)
def test_journalctl_is_strict(made: Node, line: str, rc: int) -> None:
    assert sh(made, line).rc == rc
