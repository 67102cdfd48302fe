"""Docker in a container: the daemon, its command line, what tests whether it could work."""

from __future__ import annotations

from collections.abc import Mapping

from phoenix_hypervisor.simulator.coreutils.common import program, running
from phoenix_hypervisor.simulator.docker.client import docker
from phoenix_hypervisor.simulator.docker.daemon import dockerd
from phoenix_hypervisor.simulator.docker.gpg import gpg
from phoenix_hypervisor.simulator.docker.overlay import mount, umount
from phoenix_hypervisor.simulator.docker.tar import tar
from phoenix_hypervisor.simulator.docker.toolkit import nvidia_ctk
from phoenix_hypervisor.simulator.process import Program

_TOOLS = {"dockerd": dockerd, "gpg": gpg, "mount": mount, "umount": umount, "tar": tar, "nvidia-ctk": nvidia_ctk}
PROGRAMS: Mapping[str, Program] = {
    "docker": running("docker", docker),
    **{name: program(name, tool) for name, tool in _TOOLS.items()},
}
