"""Where the declared datasets are mounted."""

from __future__ import annotations

from typing import Any

import pytest

from phoenix_hypervisor.documents.zfs import Dataset, mountpoint_of

VOLUMES = {"proxmox_storage_type": "zfspool"}


def at(place: str) -> dict[str, Any]:
    return {"properties": {"mountpoint": place}}


@pytest.mark.parametrize(
    ("declared", "base", "place"),
    [
        ({"guests/lxc": {}}, None, "/tank/guests/lxc"),
        ({"guests/lxc": {}}, "/mnt/pve/", "/mnt/pve/tank/guests/lxc"),
        ({"guests/lxc": VOLUMES}, "/mnt/pve", "/tank/guests/lxc"),
        ({"guests/lxc": at("/srv/lxc")}, "/mnt/pve", "/srv/lxc"),
        ({"guests/lxc": at("legacy")}, "/mnt/pve", None),
        ({"guests": {}, "guests/lxc": VOLUMES}, "/mnt/pve", "/mnt/pve/tank/guests/lxc"),
        ({"guests": at("/srv/"), "guests/lxc": VOLUMES}, "/mnt/pve", "/srv/lxc"),
        ({"guests": at("/"), "guests/lxc": VOLUMES}, None, "/lxc"),
        ({"guests": at("/srv"), "guests/lxc": {}}, None, "/srv/lxc"),
        ({"guests": at("none"), "guests/lxc": VOLUMES}, "/mnt/pve", None),
        ({"guests": at("/srv"), "guests/lxc": {"pool": "deep", **VOLUMES}}, None, "/deep/guests/lxc"),
        ({"guest": at("/srv"), "guests/lxc": VOLUMES}, None, "/tank/guests/lxc"),
        ({"a": at("/far"), "a/b": at("/near"), "a/b/c": VOLUMES, "a/b/c/d": VOLUMES}, None, "/near/c/d"),
    ],
)
def test_a_dataset_without_a_place_of_its_own_follows_the_one_that_it_lies_below(
    declared: dict[str, dict[str, Any]], base: str | None, place: str | None
) -> None:
    datasets = [Dataset.model_validate({"name": name, "pool": "tank", **more}) for name, more in declared.items()]
    assert mountpoint_of(datasets[-1], base, datasets) == place
