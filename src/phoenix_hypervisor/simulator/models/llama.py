"""llama-server: its version, its options, and what keeps it from serving. Source: tools/server/README of llama.cpp."""

from __future__ import annotations

from collections.abc import Generator

from phoenix_hypervisor.simulator.process import Process, Run

_VALUES = frozenset(
    ("--model", "-m", "--hf-repo", "-hf", "--host", "--port", "--ctx-size", "-c", "--n-gpu-layers", "-ngl", "--alias",
     "--threads", "-t", "--parallel", "-np", "--api-key", "--api-key-file", "--hf-token", "--batch-size", "-b")
)  # fmt: skip
_FLAGS = frozenset(("--jinja", "--embedding", "--embeddings", "--metrics", "--no-webui", "--mlock", "--no-mmap"))


def llama_server(process: Process, /) -> Run:
    """``llama-server [--version | OPTION…]``; the first two words are its version and its path."""
    yield 0.05
    version, words = process.argv[1], process.argv[3:]
    if words == ["--version"]:
        process.complain(f"version: {version} (3ecb2f67a)\nbuilt with GNU 11.4.0 for Linux x86_64\n")
        return 0
    return (yield from _serve(process, words))


def _serve(process: Process, words: list[str]) -> Generator[float, None, int]:
    given: dict[str, str] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in _FLAGS:
            continue
        if word not in _VALUES:
            process.complain(f"error: invalid argument: {word}\n")
            return 1
        if not rest:
            process.complain(f'error while handling argument "{word}": expected value for argument\n')
            return 1
        given[word] = rest.pop(0)
    model = given.get("--model") or given.get("-m")
    if model and not process.files.exists(model):
        process.complain(f"gguf_init_from_file: failed to open GGUF file '{model}'\n")
        return 1
    while True:
        yield 1.0
