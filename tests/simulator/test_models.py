"""Archives of model servers, and their programs in a container, without Phoenix."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.simulator.models.archives import published
from phoenix_hypervisor.simulator.node import Node
from rig import HOST, container, fitted, site_of
from scenarios import base

NEWEST = "https://ollama.com/download/ollama-linux-amd64.tar.zst"
RELEASES = "https://github.com/ollama/ollama/releases/download"
LLAMA = "https://github.com/ggml-org/llama.cpp/releases/download/b8133/llama-b8133-bin-ubuntu-x64.tar.gz"
PULL = "HOME=/ OLLAMA_HOST=localhost:1234 /opt/o/bin/ollama pull qwen3"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    documents = {"lxc_configs": {"900": base(is_template=True), "950": container(950, clone_from_ctid="900")}}
    rig = fitted(site_of(tmp_path_factory.mktemp("site"), documents, HOST))
    rig.converge()
    variables = "Environment=OLLAMA_HOST=0.0.0.0:1234\\nEnvironment=HOME=/root"
    unit = f"[Service]\\n{variables}\\nExecStart=/opt/o/bin/ollama serve"
    lines = (
        "apt-get update -q; apt-get install -y curl zstd",
        f"mkdir /opt/o && curl -fsSL -o /opt/a {NEWEST} && tar -x -f /opt/a -C /opt/o",
        f"mkdir /opt/l && curl -fsSL -o /opt/b {LLAMA} && tar -x -f /opt/b -C /opt/l --strip-components 1",
        f"printf '{unit}\\n' >/etc/systemd/system/ollama.service; systemctl daemon-reload; systemctl start ollama",
    )
    for line in lines:
        assert ask(rig.node, line)[0] == 0
    path = tmp_path_factory.mktemp("node") / "node.json"
    rig.node.save(path)
    return path


@pytest.fixture
def node(saved: Path) -> Node:
    return Node.load(saved)


def ask(node: Node, line: str) -> tuple[int, str]:
    result = node.run(["lxc-attach", "-n", "950", "--", "sh", "-c", line])
    return result.rc, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("line", "rc", "said"),
    [
        ("env -u HOME /opt/o/bin/ollama --version", 2, "$HOME is not defined"),
        ("HOME=/ /opt/o/bin/ollama --version", 0, "client version is 0.14.3"),
        ("HOME=/ OLLAMA_HOST=localhost:1234 /opt/o/bin/ollama --version", 0, "ollama version is 0.14.3"),
        ("HOME=/ /opt/o/bin/ollama frobnicate", 1, "unknown command"),
        ("HOME=/ /opt/o/bin/ollama pull a", 1, "server not responding"),
        ("HOME=/ OLLAMA_HOST=localhost:1234 /opt/o/bin/ollama pull 'a b'", 1, "invalid model name"),
        (PULL, 0, "success"),
        ("HOME=/ OLLAMA_HOST='a b:c' /opt/o/bin/ollama serve", 1, "invalid host"),
        ("curl -s localhost:1234/api/tags", 0, '{"models": []}'),
        (f"{PULL} >/dev/null; curl -s localhost:1234/api/tags", 0, '"name": "qwen3:latest"'),
        ("curl -s localhost:1234/", 0, "Ollama is running"),
        ("curl -s localhost:11434/", 7, ""),
        ("apt-get remove -y zstd >/dev/null; tar -x -f /opt/a -C /opt/o", 2, "zstd: Cannot exec"),
        ("tar -x -f /etc/passwd -C /opt/o", 2, "does not look like a tar archive"),
        ("/opt/l/llama-server --version", 0, "version: 8133 (3ecb2f67a)"),
        ("/opt/l/llama-server --no-such", 1, "invalid argument: --no-such"),
        ("/opt/l/llama-server --port", 1, "expected value for argument"),
        ("/opt/l/llama-server --model /none", 1, "failed to open GGUF file '/none'"),
    ],
)
def test_it_answers_as_the_real_one(node: Node, line: str, rc: int, said: str) -> None:
    status, text = ask(node, line)
    assert status == rc and said in text, text


@pytest.mark.parametrize(
    ("url", "there"),
    [
        (NEWEST, True),
        (f"{RELEASES}/v0.13.5/ollama-linux-amd64.tgz", True),
        (f"{RELEASES}/v0.13.5/ollama-linux-amd64.tar.zst", False),
        (f"{RELEASES}/v0.14.1/ollama-linux-amd64.tgz", False),
        (f"{RELEASES}/v0.99.0/ollama-linux-amd64.tar.zst", False),
        (f"{RELEASES}/v0.14.1/ollama-darwin.tgz", False),
        (LLAMA, True),
        (LLAMA.replace("-x64", "-vulkan-x64"), True),
        (LLAMA.replace("8133", "1"), False),
        (LLAMA.replace("llama-b8133", "llama-b8134"), False),
    ],
)
def test_an_archive_is_where_its_makers_put_it(url: str, there: bool) -> None:
    assert (published(url) is not None) is there
