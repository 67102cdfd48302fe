"""Makes `.venv` beside the launcher, or brings it up to date with pyproject.toml. Started by `scripts/environment`.

`.venv/.ready` is written last: the folder that the environment is of, then the pyproject.toml that it was made from.
Without it an environment counts as half made and is made again. The kernel frees the lock of whoever dies.
"""

from __future__ import annotations

import fcntl
import importlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
VENV = HOME / ".venv"
PYTHON = VENV / "bin" / "python"
PROJECT = HOME / "pyproject.toml"
BASE = os.path.realpath(sys.executable)
"""The machine's own Python, even when the one that runs is that of the environment to be made anew."""
APT = "apt install python3-venv"


class Failed(Exception):
    """What could not be done, with what the tool said."""


def say(text: str) -> None:
    print(f"phoenix: {text}", file=sys.stderr, flush=True)


def stamp() -> bytes:
    return os.fsencode(HOME) + b"\n" + PROJECT.read_bytes()


def stamped(name: str) -> bool:
    path = VENV / name
    return os.access(PYTHON, os.X_OK) and path.is_file() and path.read_bytes() == stamp()


def set_stamp(name: str) -> None:
    half = VENV / f"{name}.new"
    half.write_bytes(stamp())
    half.replace(VENV / name)


@contextmanager
def lock() -> Iterator[int]:
    """One at a time; children inherit the lock, so that an orphaned pip keeps it until it is done."""
    with (HOME / ".venv.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another first use to finish")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def run(held: int, *argv: str | Path) -> None:
    done = subprocess.run(argv, cwd=HOME, pass_fds=[held], capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise Failed(f"{argv[0]} failed:\n{done.stdout}{done.stderr}".strip())


def wanted(dev: bool) -> list[str]:
    group = tomllib.loads(PROJECT.read_text("utf-8"))["dependency-groups"]["dev"]
    return ["--editable", f"{HOME}[migrate]", *(group if dev else [])]


def with_uv(held: int, dev: bool) -> None:
    run(held, "uv", "venv", "--quiet", "--python", BASE, VENV)
    run(held, "uv", "pip", "install", "--quiet", "--python", PYTHON, *wanted(dev))


def with_venv(held: int, dev: bool) -> None:
    try:
        importlib.import_module("ensurepip")
        importlib.import_module("venv")
    except ImportError as error:
        raise Failed(f"{BASE} has no venv. Install it: {APT}") from error
    run(held, BASE, "-m", "venv", VENV)
    update(held, dev)


def update(held: int, dev: bool) -> None:
    run(held, PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted(dev))


def make(held: int, dev: bool) -> None:
    """Tries each way that the machine offers, from nothing; the last one's failure is the one told."""
    ways = [with_uv, with_venv] if shutil.which("uv") else [with_venv]
    for way in ways:
        shutil.rmtree(VENV, ignore_errors=True)
        try:
            way(held, dev)
        except Failed:
            if way is ways[-1]:
                raise
        else:
            return


def establish(held: int, dev: bool) -> None:
    ready = VENV / ".ready"
    ours = ready.is_file() and ready.read_bytes().startswith(os.fsencode(HOME) + b"\n")
    say(f"{'bringing up to date' if ours else 'making'} the environment in {VENV} (takes some seconds)")
    ready.unlink(missing_ok=True)
    try:
        if not ours:
            raise Failed("half made, or of another folder")
        update(held, dev)
    except Failed:
        make(held, dev)
    set_stamp(".ready")
    if dev:
        set_stamp(".ready-dev")


def main(dev: bool) -> int:
    try:
        with lock() as held:
            if not stamped(".ready-dev" if dev else ".ready"):
                establish(held, dev)
    except KeyboardInterrupt:
        say("interrupted; the next start makes the environment again")
        return 130
    except (Failed, OSError) as error:
        say(f"the environment could not be made: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(dev=sys.argv[1:] == ["dev"]))
