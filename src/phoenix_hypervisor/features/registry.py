"""Finds the features: every module of ``features.host`` and ``features.container`` that defines ``feature``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import ModuleType

from phoenix_hypervisor.features import container, host
from phoenix_hypervisor.resource import Feature


@cache
def of_host() -> Mapping[str, Feature]:
    """The features of the node by name, in the order of their names."""
    return _found(host)


@cache
def of_containers() -> Mapping[str, Feature]:
    """The features of containers by name, in the order of their names."""
    return _found(container)


def _found(room: ModuleType) -> Mapping[str, Feature]:
    modules = (importlib.import_module(each.name) for each in pkgutil.iter_modules(room.__path__, room.__name__ + "."))
    found = (getattr(module, "feature", None) for module in modules)
    return {feature.name: feature for feature in found if isinstance(feature, Feature)}


def container_feature_names() -> frozenset[str]:
    """What a container's ``features`` may name."""
    return frozenset(of_containers())
