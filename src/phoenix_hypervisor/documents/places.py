"""Where on the node the folders lie that shares and exports name by their datasets."""

from __future__ import annotations

from dataclasses import dataclass

from phoenix_hypervisor.documents.zfs import Zfs, mountpoint_of


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of the node, the declared dataset that it lies on (None: none that is declared), whether at its root."""

    path: str
    dataset: str | None = None
    is_root: bool = False


def place_of(path: str, zfs: Zfs | None, base: str | None) -> Place:
    """``tank/media`` or an absolute path as a folder of the node; ``base`` is the ``mount_point_base``."""
    clean = "/".join(part for part in path.split("/") if part)
    clean = f"/{clean}" if path.startswith("/") else clean
    found: list[tuple[int, Place]] = []
    datasets = zfs.datasets if zfs else ()
    for dataset in datasets:
        mountpoint = mountpoint_of(dataset, base, datasets)
        known = mountpoint if path.startswith("/") else dataset.full_name
        if mountpoint is None or known is None or not f"{clean}/".startswith(f"{known.rstrip('/')}/"):
            continue
        rest = clean.removeprefix(known.rstrip("/"))
        found.append((len(known), Place(f"{mountpoint.rstrip('/')}{rest}", dataset.full_name, not rest)))
    if found:
        return max(found, key=lambda pair: pair[0])[1]
    if path.startswith("/"):
        return Place(clean)
    pools = {pool.name for pool in zfs.pools} if zfs else set()
    return Place(f"/{clean}" if base is None or clean in pools else f"{base.rstrip('/')}/{clean}")
