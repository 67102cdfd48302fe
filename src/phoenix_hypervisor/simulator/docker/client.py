"""docker: what it answers of the daemon, images that are made and run here, logins."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping

from phoenix_hypervisor.simulator.coreutils.common import Fault, absolute
from phoenix_hypervisor.simulator.docker import daemon, packages
from phoenix_hypervisor.simulator.docker.flags import Flags, flags
from phoenix_hypervisor.simulator.docker.tar import MAGIC
from phoenix_hypervisor.simulator.process import Process, Run

_IMAGES = "/var/lib/docker/image"
_LOGINS = "/root/.docker/config.json"
_HUB = "https://index.docker.io/v1/"
_DOWN = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
_RUNS, _NOT_STARTED, _NOT_FOUND = 0.6, 125, 127
_STORED = f"""\
WARNING! Your credentials are stored unencrypted in '{_LOGINS}'.
Configure a credential helper to remove this warning. See
https://docs.docker.com/go/credential-store/
"""


def docker(process: Process, /) -> Run:
    """``docker VERB …``, strict about options."""
    yield 0.05
    verb, words = "".join(process.argv[1:2]), process.argv[2:]
    if verb not in _VERBS:
        process.complain(f"docker: unknown command: docker {verb}\n\nRun 'docker --help' for more information\n")
        return 1
    takes_none, takes_value, needs_daemon, answer = _VERBS[verb]
    try:
        given = flags(words, takes_none, takes_value)
    except Fault as fault:
        process.complain(
            f"{fault}\n\nUsage:  docker {verb} [OPTIONS]\n\nRun 'docker {verb} --help' for more information\n"
        )
        return _NOT_STARTED
    if needs_daemon and not daemon.is_running(process.machine):
        process.complain(f"{_DOWN}\n")
        return 1
    yield _RUNS if verb == "run" else 0.05
    return answer(process, given)


def _formatted(process: Process, given: Flags, values: Mapping[str, str]) -> int:
    """The Go template of --format filled, or all values."""
    template = given.options.get("format")
    if template is None:
        process.say("".join(f"{key.removeprefix('.')}: {value}\n" for key, value in values.items()))
        return 0
    for field in re.findall(r"{{\s*([^}]*?)\s*}}", template):
        if field not in values:
            process.complain(f'template: :1:2: executing "" at <{field}>: can\'t evaluate field\n')
            return 1
        template = re.sub(rf"{{{{\s*{re.escape(field)}\s*}}}}", values[field], template)
    process.say(f"{template}\n")
    return 0


def _version(process: Process, given: Flags) -> int:
    version = packages.engine(process.machine)
    return _formatted(process, given, {".Client.Version": version, ".Server.Version": version})


def _info(process: Process, given: Flags) -> int:
    machine = process.machine
    runtimes = {"runc", "io.containerd.runc.v2", *daemon.settings(machine).get("runtimes", {})}
    values = {
        ".ServerVersion": packages.engine(machine),
        ".Driver": daemon.driver(machine),
        ".Runtimes": " ".join(sorted(runtimes)),
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
    process.say(f"{version}\n" if "short" in given.options else f"Docker Compose version v{version}\n")
    return 0


def _import(process: Process, given: Flags) -> int:
    if len(given.words) != 2:
        process.complain("docker: 'docker import' requires at least 1 argument\n")
        return 1
    source, name = given.words
    text = process.stdin if source == "-" else process.files.read(absolute(process, source))
    if not text.startswith(MAGIC):
        process.complain("Error response from daemon: archive/tar: invalid tar header\n")
        return 1
    process.files.mkdir(_IMAGES, parents=True)
    process.files.write(_path(name), text)
    process.say(f"sha256:{hashlib.sha256(text.encode()).hexdigest()}\n")
    return 0


def _path(image: str) -> str:
    return f"{_IMAGES}/{image.replace('/', '%')}{'' if ':' in image else ':latest'}"


def _run(process: Process, given: Flags) -> int:
    image = "".join(given.words[:1])
    entry = process.files.stat(_path(image)) if image else None
    if entry is None:
        named = image if ":" in image else f"{image}:latest"
        process.complain(f"docker: Error response from daemon: No such image: {named}\n")
        return _NOT_STARTED
    program = "".join(given.words[1:2])
    if program.lstrip("/") not in re.findall(rf"{MAGIC}(\S+)", entry.data):
        process.complain(
            "docker: Error response from daemon: failed to create task for container: failed to create shim task: OCI "
            f'runtime create failed: runc create failed: unable to start container process: exec: "{program}": stat '
            f"{program}: no such file or directory: unknown\n"
        )
        return _NOT_FOUND
    process.say("tini version 0.19.0\n" if given.words[2:] == ["--version"] else "")
    return 0


def _rmi(process: Process, given: Flags) -> int:
    for image in given.words:
        if not process.files.exists(_path(image)):
            process.complain(f"Error response from daemon: No such image: {image}\n")
            return 1
        process.files.remove(_path(image))
        process.say(f"Untagged: {image}\n")
    return 0


def _login(process: Process, given: Flags) -> int:
    user, password = given.options.get("username", ""), process.stdin.rstrip("\n")
    if "password-stdin" not in given.options or not user:
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


_Answer = Callable[[Process, Flags], int]
_VERBS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], bool, _Answer]] = {
    "version": ((), ("format",), True, _version),
    "info": ((), ("format",), True, _info),
    "compose": (("short",), (), False, _compose),
    "import": ((), ("message", "platform", "change"), True, _import),
    "run": (("rm", "init", "privileged"), ("pull", "network", "name", "runtime", "gpus"), True, _run),
    "rmi": (("force", "no-prune"), (), True, _rmi),
    "login": (("password-stdin",), ("username",), True, _login),
}
"""Verb: flags without a value, flags with one, whether the daemon answers it, the answer."""
