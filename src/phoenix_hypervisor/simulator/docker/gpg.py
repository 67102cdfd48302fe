"""gpg, as far as it tells whose a published key is."""

from __future__ import annotations

import re

from phoenix_hypervisor.simulator.coreutils.common import Fault, absolute
from phoenix_hypervisor.simulator.process import Process

FINGERPRINTS = {
    "docker": "9DC858229FC7DD38854AE2D88D81803C0EBFCD88",
    "nvidia": "C95B321B61E88C1809C4F759DDCAE044F796ECB0",
    "cuda": "EB693B3035CD5710E231E123A4B469963BF863CC",
    "newer cuda": "02182E60104FCDC26EAE1B8597A5D4CB8793F200",
}
_FAILED = 2


def gpg(process: Process, words: list[str]) -> int:
    """``gpg [--batch] --show-keys --with-colons FILE``."""
    names = [word for word in words if not word.startswith("-")]
    unknown = [word for word in words if word.startswith("-") and word not in _OPTIONS]
    if unknown or "--show-keys" not in words or "--with-colons" not in words or len(names) != 1:
        raise Fault(f'invalid option "{unknown[0] if unknown else " ".join(words)}"', _FAILED)
    entry = process.files.stat(absolute(process, names[0]))
    if entry is None:
        raise Fault(f"can't open '{names[0]}': No such file or directory", _FAILED)
    found = re.search(r"keyring of ([a-z ]+)", entry.data)
    if found is None or found[1] not in FINGERPRINTS:
        raise Fault("no valid OpenPGP data found.", _FAILED)
    mark = FINGERPRINTS[found[1]]
    process.say(f"pub:-:4096:1:{mark[-16:]}:1487788586:::-:::scESC::::::23::0:\nfpr:::::::::{mark}:\n")
    return 0


_OPTIONS = ("--batch", "--show-keys", "--with-colons")
