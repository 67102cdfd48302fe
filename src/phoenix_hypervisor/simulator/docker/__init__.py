"""Docker in a container: the daemon, its command line, what tests whether it could work."""

from __future__ import annotations

from collections.abc import Mapping

from phoenix_hypervisor.simulator.coreutils.common import program, running
from phoenix_hypervisor.simulator.docker.client import docker
from phoenix_hypervisor.simulator.docker.curl import curl
from phoenix_hypervisor.simulator.docker.daemon import dockerd
from phoenix_hypervisor.simulator.docker.gpg import gpg
from phoenix_hypervisor.simulator.docker.overlay import mount, umount
from phoenix_hypervisor.simulator.docker.perl import perl
from phoenix_hypervisor.simulator.docker.tar import tar
from phoenix_hypervisor.simulator.docker.toolkit import nvidia_ctk
from phoenix_hypervisor.simulator.process import Program

_TOOLS = {
    "dockerd": dockerd,
    "gpg": gpg,
    "mount": mount,
    "umount": umount,
    "nvidia-ctk": nvidia_ctk,
    "perl": perl,
    "tar": tar,
}
PROGRAMS: Mapping[str, Program] = {
    "docker": running("docker", docker),
    "curl": running("curl", curl),
    **{name: program(name, tool) for name, tool in _TOOLS.items()},
}
