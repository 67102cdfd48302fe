"""The entry point: ``--version`` is answered before anything else is imported (spec C8)."""

from __future__ import annotations

import os
import signal
import sys


def main() -> int:
    """Run the command line of this process; returns the exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from phoenix_hypervisor import __version__

        print(f"phoenix {__version__}")
        return 0
    _open_closed_streams()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        from phoenix_hypervisor.cli.main import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130


def _open_closed_streams() -> None:
    """A stream that the caller closed is /dev/null; nothing else has to think of it."""
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: PTH123, SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115


def orchestrator() -> int:
    """The seeds' ``phoenix_orchestrator`` (spec C4)."""
    sys.argv[1:1] = ["--as", "phoenix_orchestrator"]
    return main()


def establish() -> int:
    """The seeds' ``phoenix_establish_hypervisor``."""
    sys.argv[1:1] = ["--as", "phoenix_establish_hypervisor"]
    return main()


if __name__ == "__main__":
    sys.exit(main())
