"""Python in a container: environments, pip over a small index, and vLLM's server."""

from __future__ import annotations

from collections.abc import Mapping

from phoenix_hypervisor.simulator.coreutils.common import running
from phoenix_hypervisor.simulator.process import Program
from phoenix_hypervisor.simulator.python.interpreter import python3

PROGRAMS: Mapping[str, Program] = {"python3": running("python3", python3)}
