"""``python3 -m standin TOOL ARGUMENTS``."""

from __future__ import annotations

import sys


def main(words: list[str]) -> int:
    if words[:1] == ["zfs"]:
        from .folder_command import main as zfs

        return zfs(words)
    from .command import main as tool

    return tool(words)


sys.exit(main(sys.argv[1:]))
