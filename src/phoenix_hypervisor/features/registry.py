"""Finds the features: every module of ``features.host`` and ``features.container`` that defines ``feature``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from phoenix_hypervisor.features import container, host
from phoenix_hypervisor.resource import Feature

COMING = {
    **dict.fromkeys(("initial_setup", "admin_user", "zfs", "nfs", "samba"), "host"),
    **dict.fromkeys(("nvidia", "docker", "portainer", "vllm", "ollama", "llama_cpp"), "container"),
}
"""Features that are asked for and no module establishes yet, with their scope; plans list them as not managed."""


@cache
def features() -> Mapping[str, Feature]:
    """The features by name, in the order of their names."""
    found: dict[str, Feature] = {}
    for room in (host, container):
        for module in pkgutil.iter_modules(room.__path__, room.__name__ + "."):
            feature = getattr(importlib.import_module(module.name), "feature", None)
            if isinstance(feature, Feature):
                found[feature.name] = feature
    return dict(sorted(found.items()))


def container_feature_names() -> frozenset[str]:
    """What a container's ``features`` may name, established already or not."""
    there = (feature.name for feature in features().values() if feature.scope == "container")
    return frozenset((*there, *(name for name, scope in COMING.items() if scope == "container")))
