"""The spellings of all generations (spec F4), read into one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from phoenix_hypervisor.documents.container import ContainerDocument
from phoenix_hypervisor.documents.host import LxcDefaults

PCT_FEATURES = ("force_rw_sys", "fuse", "keyctl", "mknod", "mount", "nesting")
SYNONYMS = {
    "clone_from_ctid": "clone_from_template_ctid",
    "volumes": "zfs_volumes",
    "network_config.hwaddr": "mac_address",
}
"""A field's other spelling."""

L5_ORDER = ("base_setup", "nvidia", "docker", "portainer", "vllm")
CONFIGURED_STATE = "configured-state"


def pct_string(document: ContainerDocument) -> str | None:
    """The container's own string form of features; None where it has none."""
    return document.features if isinstance(document.features, str) else None


def pct_pairs(text: str) -> dict[str, str]:
    """``nesting=1,keyctl=1`` as pairs; a bare name is switched on."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return {key.strip(): value.strip() if equals else "1" for key, equals, value in (p.partition("=") for p in parts)}


def listed_features(document: ContainerDocument) -> tuple[str, ...]:
    """The feature names that the container lists."""
    return document.features if isinstance(document.features, tuple) else ()


def gpu_indices(text: str | None) -> tuple[int, ...]:
    """``"0, 1"`` as (0, 1); none as ()."""
    if text is None or text.strip() in ("", "none"):
        return ()
    return tuple(sorted(int(part) for part in text.split(",")))


def features_in_order(document: ContainerDocument) -> tuple[str, ...]:
    """Listed and implied features in the order of spec L5."""
    found = set(listed_features(document))
    if gpu_indices(document.gpu_assignment):
        found.add("nvidia")
    if pct_pairs(pct_string(document) or "").get("nesting") == "1":
        found.add("docker")
    if document.portainer_role in ("server", "agent"):
        found |= {"docker", "portainer"}
    if document.vllm_model or document.vllm_engine_config:
        found.add("vllm")
    others = [name for name in dict.fromkeys(listed_features(document)) if name not in L5_ORDER]
    return (*(name for name in L5_ORDER if name in found), *others)


def split_options(options: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """``pct_options`` as features of pct and as other options."""
    features: dict[str, str] = {}
    others: dict[str, str] = {}
    for option in options:
        key, _, value = option.partition("=")
        if key == "features":
            features |= pct_pairs(value)
        elif key in PCT_FEATURES:
            features[key] = value
        else:
            others[key] = value
    return features, others


def default_pct_features(defaults: LxcDefaults) -> dict[str, str]:
    """What containers get that have no string form of their own."""
    found = pct_pairs(defaults.features or "")
    if defaults.nesting is not None:
        found.setdefault("nesting", str(defaults.nesting))
    return found


def declared_pct_features(document: ContainerDocument, defaults: LxcDefaults) -> dict[str, str]:
    """Features of pct as the files declare them, before what Phoenix adds for Docker."""
    own = pct_string(document)
    found = default_pct_features(defaults) if own is None else pct_pairs(own)
    found |= split_options(document.pct_options)[0]
    return {key: value for key, value in sorted(found.items()) if value != "0"}


def with_docker_needs(pct: Mapping[str, str], unprivileged: bool) -> dict[str, str]:
    """What Docker needs on top: nesting, and keyctl in an unprivileged container."""
    needed = {"nesting": "1", "keyctl": "1"} if unprivileged else {"nesting": "1"}
    return dict(sorted({**pct, **needed}.items()))
