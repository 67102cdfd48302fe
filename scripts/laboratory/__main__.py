"""Runs the tests that need more than this program: the host lab's on a machine under QEMU, the container lab's here.

usage: scripts/lab [PYTEST ARGUMENTS]   installs what is missing, builds the image once, runs tests/lab/host
       scripts/lab build                only that: what is missing, and the image
       scripts/lab shell                starts a machine and opens a shell on it; it is gone afterwards
       scripts/lab cached               exit code 0 when the image is there, 1 when not
       scripts/lab containers [PYTEST ARGUMENTS]
                                        the same for tests/lab/containers: real containers on this machine's kernel
       scripts/lab containers build     only what they need, and a container that starts
       scripts/lab containers shell     a shell on the node on which they run; it is gone afterwards
       scripts/lab --help               this text; docs/how-to/run-the-lab.md tells the rest

Exit codes: those of pytest; 2 when the lab cannot be had here, with what to do. What is built is kept below
${XDG_CACHE_HOME:-~/.cache}/phoenix_hypervisor/lab; PHOENIX_LAB_MIRROR names a Debian mirror where apt has none.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import acceleration
import containers
import image
import tools
from failure import Failed

from lab.containers.image import FOLDER as CONTAINERS
from lab.containers.node import Broken as NoNode
from lab.containers.node import started
from lab.host import saved
from lab.host.disk import Disk
from lab.host.image import ACCELERATOR, FOLDER, Image
from lab.host.machine import HOST, Broken, boot

REPOSITORY = Path(__file__).resolve().parents[2]


def say(text: str) -> None:
    print(f"lab: {text}", flush=True)


def prepare() -> Path:
    """The image's folder; builds what is not there."""
    begun = time.monotonic()
    cached = image.cached()
    installed = tools.establish(building=not cached)
    say(f"tools: {', '.join(installed) + ' installed' if installed else 'all there'} ({seconds(begun)})")
    begun = time.monotonic()
    if not cached:
        say(f"building the image (about seven minutes on two idle cores) in {image.folder()}")
    made = image.build(say)
    say(f"image: {'cached' if cached else 'built'} ({seconds(begun)}), {made}")
    return made


def accelerate(made: Path) -> Image:
    """Tells what guests run on; under emulation, a machine that has started is kept for later ones."""
    begun = time.monotonic()
    kind, why = acceleration.accelerator(made)
    say(f"{why} ({seconds(begun)})")
    found = Image(made, kind)
    if kind == "tcg" and not saved.of(found).there():
        say("starting a machine once, to keep it as it is then")
        with boot(image=found) as machine:
            say(f"started ({machine.boot_seconds:.0f} s)")
            machine.save()
    return found


def test(arguments: Sequence[str]) -> int:
    found = accelerate(prepare())
    return run_tests("tests/lab/host", arguments, {FOLDER: str(found.folder), ACCELERATOR: found.accelerator})


def test_containers(arguments: Sequence[str]) -> int:
    made = containers.prepare(say)
    return run_tests("tests/lab/containers", arguments, {CONTAINERS: str(made.folder)})


def run_tests(usual: str, arguments: Sequence[str], told: Mapping[str, str]) -> int:
    """Run pytest over what the arguments name, or else over the usual folder."""
    begun = time.monotonic()
    where = () if any((REPOSITORY / each.split("::")[0]).exists() for each in arguments) else (usual,)
    argv = (sys.executable, "-m", "pytest", "--durations=10", *where, *arguments)
    code = subprocess.run(argv, cwd=REPOSITORY, env={**os.environ, **told}).returncode
    say(f"tests: {'passed' if code == 0 else f'exit code {code}'} ({seconds(begun)})")
    return code


def shell() -> int:
    found = accelerate(prepare())
    with boot(Disk("one"), Disk("two"), image=found) as machine:
        say(f"started ({machine.boot_seconds:.0f} s); elsewhere: ssh -F {machine.ssh_config} {HOST}")
        return subprocess.run(("ssh", "-F", machine.ssh_config, HOST)).returncode


def shell_of_containers() -> int:
    with started(containers.prepare(say)) as node:
        return subprocess.run(node.argv("bash")).returncode


def seconds(begun: float) -> str:
    return f"{time.monotonic() - begun:.0f} s"


def end(*_: object) -> None:
    """A terminated lab tears down as an interrupted one does, and once."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def main(arguments: Sequence[str]) -> int:
    signal.signal(signal.SIGTERM, end)
    try:
        match arguments:
            case ["-h" | "--help"]:
                print((__doc__ or "").strip())
                return 0
            case ["cached"]:
                return 0 if image.cached() else 1
            case ["build"]:
                accelerate(prepare())
                return 0
            case ["shell"]:
                return shell()
            case ["containers", "build"]:
                containers.prepare(say)
                return 0
            case ["containers", "shell"]:
                return shell_of_containers()
            case ["containers", *rest]:
                return test_containers(rest)
            case _:
                return test(arguments)
    except (Failed, Broken, NoNode, OSError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("lab: interrupted; nothing of it runs any more", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
