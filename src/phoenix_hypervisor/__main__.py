"""The entry point: ``--version`` is answered before anything else is imported (spec C8)."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line of this process; returns the exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from phoenix_hypervisor import __version__

        print(f"phoenix {__version__}")
        return 0
    from phoenix_hypervisor.cli.main import run

    return run(sys.argv[1:])


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
