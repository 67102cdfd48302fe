"""nvidia-ctk: the settings of NVIDIA's container toolkit."""

from __future__ import annotations

import re

from phoenix_hypervisor.simulator.coreutils.common import Fault
from phoenix_hypervisor.simulator.process import Process

FILE = "/etc/nvidia-container-runtime/config.toml"


def nvidia_ctk(process: Process, words: list[str]) -> int:
    """``nvidia-ctk config --in-place --set SECTION.KEY=VALUE``."""
    found = re.fullmatch(r"config --in-place --set (nvidia-container-cli)\.([a-z-]+)=(\S+)", " ".join(words))
    if found is None:
        raise Fault(f"flag provided but not defined: {' '.join(words)}")
    entry = process.files.stat(FILE)
    before = entry.data if entry else ""
    section, line = f"[{found[1]}]\n", f"{found[2]} = {found[3]}\n"
    text = re.sub(rf"^#?\s*{re.escape(found[2])}\s*=.*\n", "", before, flags=re.MULTILINE)
    text = text.replace(section, section + line) if section in text else f"{text}\n{section}{line}"
    process.files.mkdir(FILE.rpartition("/")[0], parents=True)
    process.files.write(FILE, text)
    process.say(f'time="2026-01-01T00:00:00Z" level=info msg="Using config file {FILE}"\n')
    return 0
