"""vllm serve: its options, and what keeps it from serving. Source: docs.vllm.ai, "vllm serve".

A stand-in: a real one fails after a while of loading; here it fails at once, with the words of the real one.
"""

from __future__ import annotations

import re
from collections.abc import Generator

from phoenix_hypervisor.simulator.coreutils.common import absolute
from phoenix_hypervisor.simulator.process import Process

_WITH_VALUE = """
allowed-local-media-path allowed-origins api-key api-server-count block-size chat-template code-revision config
compilation-config convert cpu-offload-gb data-parallel-size disable-uvicorn-access-log distributed-executor-backend
download-dir dtype generation-config gpu-memory-utilization guided-decoding-backend hf-config-path hf-overrides
hf-token host kv-cache-dtype kv-cache-memory-bytes limit-mm-per-prompt load-format lora-modules max-cpu-loras
max-log-len max-logprobs max-lora-rank max-loras max-model-len max-num-batched-tokens max-num-seqs middleware
mm-processor-kwargs model model-impl override-generation-config override-pooler-config pipeline-parallel-size port
quantization reasoning-parser response-role revision root-path runner scheduling-policy seed served-model-name
speculative-config ssl-ca-certs ssl-certfile ssl-keyfile swap-space task tensor-parallel-size tokenizer
tokenizer-mode tokenizer-revision tool-call-parser uds uvicorn-log-level
"""
_VALUES = frozenset(_WITH_VALUE.split())
_WITHOUT_VALUE = """
async-scheduling calculate-kv-scales disable-log-requests disable-log-stats enable-auto-tool-choice
enable-chunked-prefill enable-expert-parallel enable-lora enable-log-requests enable-prefix-caching
enable-prompt-embeds enable-sleep-mode enforce-eager headless skip-tokenizer-init trust-remote-code
"""
_FLAGS = frozenset(_WITHOUT_VALUE.split())
_NUMBERS = ("port", "max-model-len", "max-num-seqs", "max-num-batched-tokens", "tensor-parallel-size")
_USAGE = 2
_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_GATED = "meta-llama/"
_NO_DEVICE = "RuntimeError: Failed to infer device type, please set the environment variable `VLLM_LOGGING_LEVEL=DEBUG`"


class Refusal(Exception):
    """Why it ends, with its status."""

    def __init__(self, text: str, status: int = 1) -> None:
        super().__init__(text)
        self.status = status


def serve(process: Process, words: list[str]) -> Generator[float, None, int]:
    """``vllm serve MODEL …``: goes on until it is stopped, or ends with the reason."""
    yield 0.1
    try:
        if words[:1] != ["serve"]:
            raise Refusal(f"vllm: error: argument subparser: invalid choice: '{''.join(words[:1])}'", _USAGE)
        options, models = _parse(words[1:])
        _check(process, options, models)
    except Refusal as refusal:
        process.complain(f"{refusal}\n")
        return refusal.status
    while True:
        yield 1.0


def _parse(words: list[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    models: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--"):
            models.append(word)
        elif name in _VALUES:
            if not equals and (not rest or rest[0].startswith("--")):
                raise Refusal(f"vllm serve: error: argument --{name}: expected one argument", _USAGE)
            options[name] = value if equals else rest.pop(0)
        elif name.removeprefix("no-") in _FLAGS:
            options[name] = ""
        else:
            raise Refusal(f"vllm: error: unrecognized arguments: {word}", _USAGE)
    for name in _NUMBERS:
        if name in options and not options[name].isdecimal():
            raise Refusal(f"vllm serve: error: argument --{name}: invalid int value: '{options[name]}'", _USAGE)
    return options, models


def _check(process: Process, options: dict[str, str], models: list[str]) -> None:
    if len(models) > 1:
        raise Refusal(f"vllm: error: unrecognized arguments: {' '.join(models[1:])}", _USAGE)
    cards = len(process.files.glob("/dev/nvidia[0-9]"))
    if not cards:
        raise Refusal(_NO_DEVICE)
    wanted = int(options.get("tensor-parallel-size", "1"))
    if wanted > cards:
        raise Refusal(
            f"ValueError: World size ({wanted}) is larger than the number of available GPUs ({cards}) in this node."
        )
    model = models[0] if models else options.get("model", "Qwen/Qwen3-0.6B")
    if model.startswith("/"):
        if not process.files.exists(f"{absolute(process, model)}/config.json"):
            raise Refusal(f"OSError: Can't load the configuration of '{model}': no file named config.json was found")
    elif not _ID.fullmatch(model):
        raise Refusal(f"huggingface_hub.errors.HFValidationError: Repo id must be in the form 'repo_name': '{model}'")
    elif model.startswith(_GATED) and not process.environment.get("HF_TOKEN", "").startswith("hf_"):
        raise Refusal(f"OSError: You are trying to access a gated repo. Access to model {model} is restricted (401).")
