"""docker: what it answers of the daemon, images that are made and run here, logins."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from phoenix_hypervisor.simulator.coreutils.common import Fault
from phoenix_hypervisor.simulator.docker import containers, daemon, images, packages, store, volumes
from phoenix_hypervisor.simulator.docker.flags import Flags, Known, flags
from phoenix_hypervisor.simulator.docker.tar import MAGIC
from phoenix_hypervisor.simulator.docker.templates import filled
from phoenix_hypervisor.simulator.process import Process, Run

_LOGINS = "/root/.docker/config.json"
_HUB = "https://index.docker.io/v1/"
_DOWN = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
_NOT_STARTED, _NOT_FOUND = 125, 127
_STORED = f"""\
WARNING! Your credentials are stored unencrypted in '{_LOGINS}'.
Configure a credential helper to remove this warning. See
https://docs.docker.com/go/credential-store/
"""
_Answer = Callable[[Process, Flags], int]


@dataclass(frozen=True)
class _Verb:
    """What answers a verb, the flags that it takes, whether the daemon is asked, how many seconds it takes."""

    answer: _Answer
    known: Known = field(default_factory=Known)
    asks: bool = True
    seconds: float = 0.05


def docker(process: Process, /) -> Run:
    """``docker VERB …``, strict about options."""
    yield 0.05
    name, words = "".join(process.argv[1:2]), process.argv[2:]
    if name in _GROUPS and words[:1] != [] and not words[0].startswith("-"):
        name, words = f"{name} {words[0]}", words[1:]
    verb = _VERBS.get(name)
    if verb is None:
        process.complain(f"docker: unknown command: docker {name}\n\nRun 'docker --help' for more information\n")
        return 1
    try:
        given = flags(words, verb.known)
    except Fault as fault:
        process.complain(
            f"{fault}\n\nUsage:  docker {name} [OPTIONS]\n\nRun 'docker {name} --help' for more information\n"
        )
        return _NOT_STARTED
    if verb.asks and not daemon.is_running(process.machine):
        process.complain(f"{_DOWN}\n")
        return 1
    yield verb.seconds
    try:
        return verb.answer(process, given)
    except Fault as fault:
        process.complain(f"{fault}\n")
        return 1


def _formatted(process: Process, given: Flags, values: Mapping[str, object]) -> int:
    """The Go template of --format filled, or all values."""
    lines = "\n".join(f"{key}: {value}" for key, value in values.items())
    process.say(f"{filled(given.last('format'), values) if 'format' in given else lines}\n")
    return 0


def _version(process: Process, given: Flags) -> int:
    version = packages.engine(process.machine)
    return _formatted(process, given, {"Client": {"Version": version}, "Server": {"Version": version}})


def _info(process: Process, given: Flags) -> int:
    machine = process.machine
    runtimes = {"runc", "io.containerd.runc.v2", *daemon.settings(machine).get("runtimes", {})}
    values = {
        "ServerVersion": packages.engine(machine),
        "Driver": daemon.driver(machine),
        "Runtimes": " ".join(sorted(runtimes)),
    }
    return _formatted(process, given, values)


def _compose(process: Process, given: Flags) -> int:
    version = packages.compose(process.machine)
    if not version:
        process.complain("docker: unknown command: docker compose\n\nRun 'docker --help' for more information\n")
        return 1
    if given.words != ["version"]:
        process.complain("no configuration file provided: not found\n")
        return 14
    process.say(f"{version}\n" if "short" in given else f"Docker Compose version v{version}\n")
    return 0


def _run(process: Process, given: Flags) -> int:
    """An image that was made here runs its program and ends; another one runs on, with --detach."""
    name = "".join(given.words[:1])
    content = store.image(process.machine, name) if name else None
    if content is None and name and given.last("pull", "missing") != "never":
        if wrong := images.fetch(process.machine, name):
            process.complain(f"docker: Error response from daemon: {wrong}\n")
            return _NOT_STARTED
        content = store.image(process.machine, name)
    if content is None:
        named = name if ":" in name else f"{name}:latest"
        process.complain(f"docker: Error response from daemon: No such image: {named}\n")
        return _NOT_STARTED
    if not content.startswith(MAGIC):
        if "detach" not in given:
            raise Fault("this program does not end: it is simulated with --detach only")
        return containers.make(process, given, content)
    program = "".join(given.words[1:2])
    if program.lstrip("/") not in re.findall(rf"{MAGIC}(\S+)", content):
        process.complain(
            "docker: Error response from daemon: failed to create task for container: failed to create shim task: OCI "
            f'runtime create failed: runc create failed: unable to start container process: exec: "{program}": stat '
            f"{program}: no such file or directory: unknown\n"
        )
        return _NOT_FOUND
    process.say("tini version 0.19.0\n" if given.words[2:] == ["--version"] else "")
    return 0


def _login(process: Process, given: Flags) -> int:
    user, password = given.last("username"), process.stdin.rstrip("\n")
    if "password-stdin" not in given or not user:
        process.complain("Error: Cannot perform an interactive login from a non TTY device\n")
        return 1
    if not password:
        process.complain("Error: password is empty\n")
        return 1
    server = "".join(given.words[:1])
    entry = process.files.stat(_LOGINS)
    found = json.loads(entry.data) if entry else {}
    secret = base64.b64encode(f"{user}:{password}".encode()).decode()
    found.setdefault("auths", {})[_HUB if server in ("", "docker.io") else server] = {"auth": secret}
    process.files.mkdir(_LOGINS.rpartition("/")[0], parents=True)
    process.files.write(_LOGINS, json.dumps(found, indent="\t"), mode=0o600)
    process.complain(f"\n{_STORED}\n")
    process.say("Login Succeeded\n")
    return 0


_FORMAT, _FORCE = Known(valued=("format",), letters={"f": "format"}), Known(("force",), (), {"f": "force"})
_TIME = Known(valued=("time", "timeout", "signal"), letters={"t": "time"})
_OF_RUN = Known(
    ("rm", "init", "privileged", "detach", "quiet"),
    ("pull", "network", "name", "runtime", "gpus", "restart", "label", "env", "volume", "publish"),
    {"d": "detach", "q": "quiet", "e": "env", "v": "volume", "p": "publish", "l": "label"},
    to_the_end=False,
)
_VERBS: Mapping[str, _Verb] = {
    "version": _Verb(_version, _FORMAT),
    "info": _Verb(_info, _FORMAT),
    "compose": _Verb(_compose, Known(("short",)), asks=False),
    "import": _Verb(images.load, Known(valued=("message", "platform", "change"))),
    "pull": _Verb(images.pull, Known(("quiet",), ("platform",), {"q": "quiet"}), seconds=20.0),
    "run": _Verb(_run, _OF_RUN, seconds=0.6),
    "ps": _Verb(containers.listed, Known(("all",), ("format",), {"a": "all"})),
    "start": _Verb(containers.start, seconds=0.6),
    "stop": _Verb(containers.stop, _TIME, seconds=1.0),
    "restart": _Verb(containers.restart, _TIME, seconds=1.6),
    "rm": _Verb(containers.remove, Known(("force", "volumes"), (), {"f": "force", "v": "volumes"})),
    "logs": _Verb(containers.logs, Known(("timestamps",), ("tail",), {"n": "tail", "t": "timestamps"})),
    "rmi": _Verb(images.remove, Known(("force", "no-prune"), (), {"f": "force"})),
    "login": _Verb(_login, Known(("password-stdin",), ("username",), {"u": "username"})),
    "container inspect": _Verb(containers.inspect, _FORMAT),
    "image inspect": _Verb(images.inspect, _FORMAT),
    "volume create": _Verb(volumes.create),
    "volume ls": _Verb(volumes.listed),
    "volume inspect": _Verb(volumes.inspect, _FORMAT),
    "volume rm": _Verb(volumes.remove, _FORCE),
}
_GROUPS = {name.partition(" ")[0] for name in _VERBS if " " in name}
