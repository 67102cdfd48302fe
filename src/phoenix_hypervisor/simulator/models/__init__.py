"""Model servers that come as archives: Ollama and llama.cpp."""

from __future__ import annotations

from collections.abc import Mapping

from phoenix_hypervisor.simulator.coreutils.common import running
from phoenix_hypervisor.simulator.models import llama, ollama
from phoenix_hypervisor.simulator.models.archives import LLAMA, OLLAMA
from phoenix_hypervisor.simulator.process import Program

PROGRAMS: Mapping[str, Program] = {
    OLLAMA: running("ollama", ollama.ollama),
    LLAMA: running("llama-server", llama.llama_server),
}
