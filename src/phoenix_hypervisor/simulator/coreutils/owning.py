"""chmod, chown and chgrp."""

from __future__ import annotations

import re

from phoenix_hypervisor.simulator.coreutils import accounts
from phoenix_hypervisor.simulator.coreutils.changing import complaint
from phoenix_hypervisor.simulator.coreutils.common import (
    Fault,
    Options,
    Tool,
    absolute,
    each,
    operands,
    quoted,
)
from phoenix_hypervisor.simulator.filesystem import Entry
from phoenix_hypervisor.simulator.process import Process


def _walk(process: Process, path: str) -> list[str]:
    entry = process.files.stat(path, follow=False)
    if entry is None or entry.kind != "directory":
        return [path]
    below = [_walk(process, f"{path.rstrip('/')}/{name}") for name in process.files.list(path)]
    return [path, *(found for paths in below for found in paths)]


def _chmod(process: Process, words: list[str]) -> int:
    signed = [word for word in words if re.fullmatch(r"-[rwxXst]+(,.*)?", word) and word not in ("-R",)]
    options = Options("chmod", [word for word in words if word not in signed], "Rvcf", "", {"recursive": "R"})
    mode, *names = [*signed, *operands(options, "chmod", 1 if signed else 2)]

    def change(name: str) -> None:
        path = absolute(process, name)
        for found in _walk(process, path) if "R" in options else [path]:
            entry = process.files.stat(found, follow=found == path)
            if entry is None:
                process.files.chmod(found, 0)
            elif entry.kind != "link":
                process.files.chmod(found, _new_mode(process, mode, entry))

    missing = complaint("chmod", process, "cannot access")
    return each(names, change, missing)


def _new_mode(process: Process, text: str, entry: Entry) -> int:
    found = accounts.new_mode(text, entry.mode, entry.kind == "directory", process.umask)
    if found is None:
        raise Fault(f"invalid mode: {quoted(text)}\nTry 'chmod --help' for more information.")
    return found


def _chown(process: Process, words: list[str]) -> int:
    options = Options("chown", words, "Rhvcf", "", {"recursive": "R", "no-dereference": "h"})
    owner, *names = operands(options, "chown", 2)
    uid, gid = owners(process, owner)
    return _change_owner("chown", process, options, names, (uid, gid))


def _chgrp(process: Process, words: list[str]) -> int:
    options = Options("chgrp", words, "Rhvcf", "", {"recursive": "R", "no-dereference": "h"})
    group, *names = operands(options, "chgrp", 2)
    return _change_owner("chgrp", process, options, names, (None, group_of(process, group)))


def _change_owner(
    name: str, process: Process, options: Options, names: list[str], ids: tuple[int | None, int | None]
) -> int:
    def change(file: str) -> None:
        path = absolute(process, file)
        for found in _walk(process, path) if "R" in options else [path]:
            process.files.chown(found, *ids, follow="h" not in options and found == path)

    return each(names, change, complaint(name, process, "cannot access"))


def owners(process: Process, text: str) -> tuple[int | None, int | None]:
    """User and group of ``user[:group]``."""
    user, separator, group = text.partition(":") if ":" in text else text.partition(".")
    uid = accounts.user_id(process.files, user) if user else None
    if user and uid is None:
        raise Fault(f"invalid user: {quoted(text)}")
    if separator and not group and uid is not None:
        return uid, accounts.primary_group(process.files, user)
    gid = group_of(process, group, text) if group else None
    return uid, gid


def group_of(process: Process, name: str, shown: str = "") -> int:
    """The number of a group; a fault when there is none."""
    gid = accounts.group_id(process.files, name)
    if gid is None:
        raise Fault(f"invalid group: {quoted(shown or name)}")
    return gid


TOOLS: dict[str, Tool] = {
    "chmod": _chmod,
    "chown": _chown,
    "chgrp": _chgrp,
}
