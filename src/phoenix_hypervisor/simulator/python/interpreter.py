"""python3: its version, ``-m venv``, ``-m pip``, and the programs that packages bring.

The interpreter of an environment is a link in a real one. Here it is a file that hands over to the system's, so that it
is known from which environment it was called.
"""

from __future__ import annotations

from phoenix_hypervisor.simulator.coreutils.common import absolute
from phoenix_hypervisor.simulator.debian import dpkg
from phoenix_hypervisor.simulator.process import Machine, Process, Run
from phoenix_hypervisor.simulator.python import pip, venv, vllm

_USAGE, _NO_FILE = 2, 2
_STARTS = 0.02


def version(machine: Machine) -> str:
    """As ``--version`` tells it."""
    return dpkg.installed(machine.files).get("python3", "3.13.5-1").partition("-")[0]


def python3(process: Process, /) -> Run:
    """``python3 [--version | -m MODULE … | FILE …]``."""
    yield _STARTS
    words = process.argv[1:]
    folder = ""
    if words and words[0].endswith("/bin/python3"):
        folder, words = words[0].removesuffix("/bin/python3"), words[1:]
    place = venv.Place(process.machine, folder, version(process.machine))
    if words in (["--version"], ["-V"]):
        process.say(f"Python {place.version}\n")
        return 0
    if words[:2] == ["-m", "venv"]:
        return (yield from venv.make(process, words[2:], place.version))
    if words[:2] == ["-m", "pip"]:
        if not place.installed().get("pip"):
            process.complain(f"{folder}/bin/python3: No module named pip\n" if folder else "No module named pip\n")
            return 1
        return (yield from pip.run(process, place, words[2:]))
    if not words or words[0].startswith("-"):
        process.complain(f"Unknown option: {' '.join(words)}\nusage: python3 [option] ... [-c cmd | -m mod | file]\n")
        return _USAGE
    entry = process.files.stat(absolute(process, words[0]))
    if entry is None:
        process.complain(f"python3: can't open file '{words[0]}': [Errno 2] No such file or directory\n")
        return _NO_FILE
    if "from vllm." in entry.data and "vllm" in place.installed():
        return (yield from vllm.serve(process, words[1:]))
    process.complain("Traceback (most recent call last):\nModuleNotFoundError: No module named 'vllm'\n")
    return 1
