"""What ZFS takes as a property, and what it does not."""

from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from phoenix_hypervisor.documents.zfs import Dataset
from phoenix_hypervisor.documents.zfs_properties import wrong

TAKEN = (
    "compression=lz4",
    "compression=zstd-19",
    "compression=zstd-fast-500",
    "recordsize=16M",
    "recordsize=128K",
    "recordsize=131072",
    "quota=1.5T",
    "quota=none",
    "refreservation=auto",
    "acltype=posixacl",
    "xattr=sa",
    "mountpoint=/srv/x",
    "mountpoint=legacy",
    "copies=3",
    "dedup=sha256,verify",
    "com.example:backup=yes",
)
REFUSED = (
    "compression=zstd-20",
    "compression=foo",
    "recordsize=17K",
    "recordsize=256",
    "recordsize=32M",
    "copies=9",
    "quota=many",
    "atime=yes",
    "mountpoint=srv",
    "foo=bar",
    "used=1G",
)


@pytest.mark.parametrize("pair", TAKEN)
def test_taken(pair: str) -> None:
    key, _, value = pair.partition("=")
    assert wrong(key, value) is None


@pytest.mark.parametrize("pair", REFUSED)
def test_refused(pair: str) -> None:
    key, _, value = pair.partition("=")
    assert wrong(key, value)


def test_a_name_that_is_nearly_one_is_told() -> None:
    assert wrong("recordsiz", "1M") == 'ZFS has no property "recordsiz" that can be set; recordsize?'


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ("phoenix:properties=quota", "properties that begin with phoenix: are Phoenix's own"),
        ({"recordsize": "1M", "phoenix:own": "1"}, "properties that begin with phoenix: are Phoenix's own"),
        ("recordsiz=1M", "recordsize?"),
        ({"compression": "zip"}, "zip"),
        ("compression", "such as compression=lz4"),
        ({"mountpoint": "/srv/../etc"}, "such as compression=lz4"),
    ],
)
def test_a_dataset_takes_no_others(properties: object, told: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(told)):
        Dataset.model_validate({"name": "a", "pool": "tank", "properties": properties})


def test_a_dataset_takes_those_of_users() -> None:
    made = Dataset.model_validate({"name": "a", "pool": "tank", "properties": "quota=1G,org.example:why=because"})
    assert made.properties == {"quota": "1G", "org.example:why": "because"}
