"""ssh-keygen: keys that are unique, and the same in each run from one seed."""

from __future__ import annotations

import base64
import hashlib

from phoenix_hypervisor.simulator.coreutils.common import (
    Options,
    Tool,
    absolute,
)
from phoenix_hypervisor.simulator.process import Process

_BITS = {"ed25519": 256, "rsa": 3072, "ecdsa": 256}
_NAMES = {"ed25519": "ssh-ed25519", "rsa": "ssh-rsa", "ecdsa": "ecdsa-sha2-nistp256"}


def _ssh_keygen(process: Process, words: list[str]) -> int:
    options = Options("ssh-keygen", words, "qAlyv", "tNCfbE", usage=1)
    if "A" in options:
        for kind in ("rsa", "ecdsa", "ed25519"):
            path = f"{options.last('f')}/etc/ssh/ssh_host_{kind}_key"
            if not process.files.exists(absolute(process, path)):
                _make_key(process, path, kind, f"root@{process.machine.hostname}")
        return 0
    path = options.last("f") or "/root/.ssh/id_ed25519"
    if "l" in options:
        return _fingerprint(process, path)
    kind = options.last("t") or "ed25519"
    if kind not in _BITS:
        process.complain(f"unknown key type {kind}\n")
        return 255
    if process.files.exists(absolute(process, path)):
        process.say(f"{path} already exists.\nOverwrite (y/n)? ")
        if not process.stdin.startswith("y"):
            return 1
    try:
        _make_key(process, path, kind, options.last("C") or f"root@{process.machine.hostname}")
    except OSError as wrong:
        process.complain(f'Saving key "{path}" failed: {wrong.strerror}\n')
        return 1
    if "q" not in options:
        process.say(f"Generating public/private {kind} key pair.\nYour identification has been saved in {path}\n")
    return 0


def _make_key(process: Process, path: str, kind: str, comment: str) -> None:
    place, name = absolute(process, path), _NAMES[kind].encode()
    secret = process.machine.entropy().encode()
    public = b"\0\0\0" + bytes([len(name)]) + name + b"\0\0\0\x20" + hashlib.sha256(secret).digest()
    coded = base64.b64encode(b"openssh-key-v1\0" + secret).decode()
    private = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{coded[:70]}\n{coded[70:]}\n-----END OPENSSH PRIVATE KEY-----\n"
    process.files.write(place, private, mode=0o600)
    public_line = f"{_NAMES[kind]} {base64.b64encode(public).decode()} {comment}\n"
    process.files.write(f"{place}.pub", public_line, mode=0o644)


def _fingerprint(process: Process, path: str) -> int:
    place = absolute(process, path)
    place = place if place.endswith(".pub") else f"{place}.pub"
    entry = process.files.stat(place)
    fields = entry.data.split() if entry else []
    kind = next((kind for kind, name in _NAMES.items() if fields[:1] == [name]), "")
    if not kind or len(fields) < 2:
        process.complain(f"{path} is not a public key file.\n")
        return 255
    digest = base64.b64encode(hashlib.sha256(base64.b64decode(fields[1])).digest()).decode().rstrip("=")
    process.say(f"{_BITS[kind]} SHA256:{digest} {' '.join(fields[2:]) or 'no comment'} ({kind.upper()})\n")
    return 0


TOOLS: dict[str, Tool] = {
    "ssh-keygen": _ssh_keygen,
}
