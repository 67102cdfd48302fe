"""A host document in the making, each value with the place in the shell file that it comes from."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phoenix_hypervisor.config.load import HOST_FILE, load
from phoenix_hypervisor.errors import Place, Problem

Steps = tuple[str | int, ...]
ROUNDS = 20
_ENTRY = re.compile(r"((?:nfs\.exports|samba\.shares)\.\d+)(?:\..*)?|(zfs\.(?:pools|datasets)\.\d+)\.(?:name|pool)")
"""Of an export or a share nothing is kept when one part is wrong; a pool or a dataset needs its name."""
_WHOLE = re.compile(r"(zfs\.pools\.\d+\.disks)\.\d+|(users)\.username")


@dataclass(frozen=True, slots=True)
class Told:
    """A value of the document and where the shell file says it."""

    value: Any
    place: Place


Tree = dict[str, Any]
"""Objects and lists as they stand in the document; their leaves are Told."""


def put(tree: Tree, path: str, told: Told) -> None:
    """Sets the value at a dotted path, with the objects above it."""
    *above, last = path.split(".")
    for step in above:
        tree = tree.setdefault(step, {})
    tree[last] = told


def plain(tree: Any) -> Any:
    """The document as JSON has it."""
    if isinstance(tree, Told):
        return tree.value
    if isinstance(tree, dict):
        return {key: plain(value) for key, value in tree.items()}
    return [plain(value) for value in tree] if isinstance(tree, list) else tree


def settle(tree: Tree, file: str) -> tuple[Tree, list[Problem]]:
    """What of the document the program's own loader takes, and a problem for each value that it does not."""
    problems: list[Problem] = []
    for _ in range(ROUNDS):
        found = _judged(tree)
        errors = [problem for problem in found if problem.severity == "error"]
        if not errors:
            return tree, problems + [_at_home(tree, each, file) for each in found]
        ways = {_way(tree, _unit(problem.path)) for problem in errors}
        problems += [_left_out(_at_home(tree, each, file)) for each in errors]
        if () in ways:
            break
        for steps in sorted(ways, key=_from_behind, reverse=True):
            _take_out(tree, steps)
        _prune(tree)
    return {}, problems


def _judged(tree: Tree) -> tuple[Problem, ...]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, HOST_FILE).write_text(json.dumps(plain(tree)), "utf-8")
        return load(Path(folder)).problems


def _at_home(tree: Tree, problem: Problem, file: str) -> Problem:
    """The problem at its place in the shell file."""
    found: Any = tree
    for step in _way(tree, problem.path):
        found = found[step]
    place = next(_places(found), Place(file)) if found is not tree else Place(file)
    return Problem(problem.code, problem.message, problem.hint, problem.severity, place, problem.path)


def _left_out(problem: Problem) -> Problem:
    message = f"{problem.message.removesuffix('.')}; {_unit(problem.path) or 'all of it'} is left out."
    return Problem(problem.code, message, problem.hint, "warning", problem.place, problem.path)


def _places(tree: Any) -> Any:
    if isinstance(tree, Told):
        yield tree.place
    elif isinstance(tree, dict | list):
        for each in tree.values() if isinstance(tree, dict) else tree:
            yield from _places(each)


def _unit(path: str) -> str:
    """What is left out when the value at ``path`` is wrong."""
    for pattern in (_ENTRY, _WHOLE):
        if found := pattern.fullmatch(path):
            return found[1] or found[2]
    return path


def _way(tree: Tree, path: str) -> Steps:
    """The dotted path as steps, as far as it leads; keys may hold dots themselves."""
    found: Any = tree
    steps: list[str | int] = []
    while path:
        if isinstance(found, dict):
            keys = [key for key in found if path == key or path.startswith(f"{key}.")]
            if not keys:
                break
            step: str | int = max(keys, key=len)
        elif isinstance(found, list) and (index := path.partition(".")[0]).isdigit() and int(index) < len(found):
            step = int(index)
        else:
            break
        steps.append(step)
        found = found[step]
        path = path[len(str(step)) + 1 :]
    return tuple(steps)


def _from_behind(steps: Steps) -> tuple[tuple[int, str, int], ...]:
    return tuple((1, "", step) if isinstance(step, int) else (0, step, 0) for step in steps)


def _take_out(tree: Any, steps: Steps) -> None:
    for step in steps[:-1]:
        try:
            tree = tree[step]
        except (KeyError, IndexError):
            return  # what holds it went before
    if isinstance(tree, dict):
        tree.pop(steps[-1], None)
    elif isinstance(tree, list) and isinstance(steps[-1], int) and steps[-1] < len(tree):
        del tree[steps[-1]]


def _prune(tree: Any) -> bool:
    """Takes out objects and lists that hold nothing any more; True when the tree itself holds nothing."""
    if isinstance(tree, dict):
        for key in [key for key, value in tree.items() if _prune(value)]:
            del tree[key]
        return not tree
    if isinstance(tree, list):
        tree[:] = [each for each in tree if not _prune(each)]
        return not tree
    return False
