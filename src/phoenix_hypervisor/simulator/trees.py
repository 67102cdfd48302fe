"""Many file trees as one JSON value, each as its difference from another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from phoenix_hypervisor.simulator.tree import Tree


class TreeWriter:
    """Collects trees. The trees of one kind (``system``) that have no other base are kept against the first of them."""

    def __init__(self) -> None:
        self.trees: list[dict[str, Any]] = []
        self.texts: dict[str, str] = {}
        self._numbers: dict[int, int] = {}
        self._first: dict[str, Tree] = {}

    def add(self, tree: Tree, base: Tree | None = None, kind: str = "") -> int:
        """The tree's number. ``base`` is a tree that was added before."""
        if base is None and kind:
            base = self._first.setdefault(kind, tree)
        if base is tree:
            base = None
        changed = Tree() if base is not None else tree
        value: dict[str, Any] = {}
        if base is not None:
            dict.clear(changed)
            for path, entry in tree.items():
                before = base.get(path)
                if before is not entry and before != entry:
                    dict.__setitem__(changed, path, entry)
            value = {"base": self._numbers[id(base)], "without": [path for path in base if path not in tree]}
        value["files"] = changed.to_json(self.texts)
        self.trees.append(value)
        self._numbers[id(tree)] = len(self.trees) - 1
        return len(self.trees) - 1


class TreeReader:
    """Gives the trees back; those made from one base share its entries again."""

    def __init__(self, trees: Sequence[Mapping[str, Any]], texts: Mapping[str, str]) -> None:
        self._trees: list[Tree] = []
        for value in trees:
            own = Tree.from_json(value["files"], texts)
            if "base" in value:
                merged = self._trees[value["base"]].copy()
                for path in value["without"]:
                    del merged[path]
                if "/" not in value["files"]:
                    own.pop("/", None)
                merged.update(own)
                own = merged
            self._trees.append(own)

    def tree(self, number: int) -> Tree:
        if number < 0:
            raise ValueError("no such tree")
        return self._trees[number]
