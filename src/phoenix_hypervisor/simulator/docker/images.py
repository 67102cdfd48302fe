"""Images: imported from an archive, pulled from the hub, looked at, removed."""

from __future__ import annotations

from phoenix_hypervisor.simulator.coreutils.common import absolute
from phoenix_hypervisor.simulator.debian import network
from phoenix_hypervisor.simulator.docker import hub, store
from phoenix_hypervisor.simulator.docker.flags import Flags
from phoenix_hypervisor.simulator.docker.tar import MAGIC
from phoenix_hypervisor.simulator.docker.templates import shown
from phoenix_hypervisor.simulator.process import Machine, Process


def fetch(machine: Machine, name: str) -> str:
    """Put an image of the hub among the machine's; why that fails, empty when it does not."""
    if not network.resolves(machine):
        return 'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host'
    wrong = hub.fault(name)
    if not wrong:
        repository, tag = hub.split(name)
        store.put_image(machine, name, f"{repository}:{tag}\n")
    return wrong


def load(process: Process, given: Flags) -> int:
    """docker import."""
    if len(given.words) != 2:
        process.complain("docker: 'docker import' requires at least 1 argument\n")
        return 1
    source, name = given.words
    text = process.stdin if source == "-" else process.files.read(absolute(process, source))
    if not text.startswith(MAGIC):
        process.complain("Error response from daemon: archive/tar: invalid tar header\n")
        return 1
    store.put_image(process.machine, name, text)
    process.say(f"{store.image_id(text)}\n")
    return 0


def pull(process: Process, given: Flags) -> int:
    if len(given.words) != 1:
        process.complain("docker: 'docker pull' requires 1 argument\n")
        return 1
    name = given.words[0]
    if wrong := fetch(process.machine, name):
        process.complain(f"Error response from daemon: {wrong}\n")
        return 1
    reference = f"docker.io/{':'.join(hub.split(name))}\n"
    process.say(reference if "quiet" in given else f"Status: Downloaded newer image for {reference}{reference}")
    return 0


def inspect(process: Process, given: Flags) -> int:
    found, status = [], 0
    for name in given.words:
        content = store.image(process.machine, name)
        if content is None:
            process.complain(f"Error response from daemon: No such image: {':'.join(hub.split(name))}\n")
            status = 1
        else:
            found.append({"Id": store.image_id(content), "RepoTags": [":".join(hub.split(name))]})
    return shown(process, given, found) or status


def remove(process: Process, given: Flags) -> int:
    for name in given.words:
        content = store.image(process.machine, name)
        if content is None:
            process.complain(f"Error response from daemon: No such image: {name}\n")
            return 1
        users = [each for each in store.containers(process.machine) if each.image_id == store.image_id(content)]
        if users and "force" not in given:
            why = f'conflict: unable to remove repository reference "{name}" (must force)'
            process.complain(f"Error response from daemon: {why} - container {users[0].id[:12]} is using it\n")
            return 1
        store.drop_image(process.machine, name)
        process.say(f"Untagged: {name}\n")
    return 0
