"""A container's configuration file, read and written as PVE does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_hypervisor.proxmox.guest import GuestConfig, Section, parse, render
from phoenix_hypervisor.proxmox.properties import (
    PropertyError,
    parse_properties,
    parse_size,
    render_properties,
    render_size,
)
from phoenix_hypervisor.proxmox.storage import parse_storages, render_storages, split_volume

RECORDED = """\
#two
#lines
arch: amd64
cores: 2
features: nesting=1
hostname: newname
mp1: /tank/media,mp=/media
rootfs: local-zfs:subvol-900-disk-0,size=4G
tags: a;b
lxc.mount.entry: /tank/media mnt/media none bind,create=dir 0 0

[pve:pending]
delete: mp1
features: nesting=1,keyctl=1

[first]
#layer
arch: amd64
rootfs: local-zfs:subvol-900-disk-0,size=4G
snaptime: 1795211148
"""


def test_sections_are_told_apart() -> None:
    config = parse(RECORDED)
    assert config.current.description == "two\nlines\n"
    assert config.current.raw == (("lxc.mount.entry", "/tank/media mnt/media none bind,create=dir 0 0"),)
    assert config.pending_delete == ("mp1",)
    assert config.snapshots["first"].get("snaptime") == "1795211148"
    assert config.effective.get("features") == "nesting=1,keyctl=1"
    assert config.effective.get("mp1") is None


def test_what_was_recorded_is_written_as_it_was() -> None:
    assert render(parse(RECORDED)) == RECORDED


def test_a_description_may_stand_as_an_option() -> None:
    """As PVE 6 and older wrote it."""
    config = parse("description: two%0Alines\ncores: 2\n")
    assert (config.current.description, dict(config.current.options)) == ("two\nlines", {"cores": "2"})


def test_a_pending_section_with_nothing_in_it_is_not_written() -> None:
    config = parse("cores: 2\n\n[pve:pending]\n\n[first]\ncores: 1\n")
    assert config.pending == Section()
    assert render(config) == "cores: 2\n\n[first]\ncores: 1\n"


def test_a_line_appended_to_the_file_belongs_to_the_last_section() -> None:
    config = parse(RECORDED + "lxc.apparmor.profile: unconfined\n")
    assert config.snapshots["first"].raw == (("lxc.apparmor.profile", "unconfined"),)
    assert len(config.current.raw) == 1


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"))


@given(st.dictionaries(st.sampled_from(["memory", "cores", "tags", "net0"]), st.sampled_from(["1", "a;b"])), texts)
def test_any_description_survives(options: dict[str, str], line: str) -> None:
    config = GuestConfig(Section(options, (), f"{line.rstrip()}\n"))
    assert parse(render(config)) == config


@pytest.mark.parametrize(("text", "size"), [("4G", 4 << 30), ("1.5G", 3 << 29), ("512", 512), ("8M", 8 << 20)])
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size
    assert parse_size(render_size(size)) == size


@pytest.mark.parametrize("text", ["", "G", "4GB", "-1G", "four"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(PropertyError):
        parse_size(text)


def test_properties() -> None:
    text = "local:subvol-900-disk-0,size=4G"
    assert parse_properties(text, "volume") == {"volume": "local:subvol-900-disk-0", "size": "4G"}
    assert render_properties(parse_properties(text, "volume"), "volume") == text
    for broken in ("bare", "a=1,a=2"):
        with pytest.raises(PropertyError):
            parse_properties(broken)


def test_storages_as_recorded(transcripts: Path) -> None:
    records = (json.loads(line) for line in (transcripts / "node-a.jsonl").read_text().splitlines())
    text = next(record["stdout"] for record in records if record["id"] == "storage-cfg")
    storages = parse_storages(text)
    assert storages["local-zfs"].pool == "rpool/data"
    assert storages["local"].tarball_directory == "/var/lib/vz/template/cache"
    assert storages["td2"].content == {"backup"}
    assert render_storages(storages) == text


def test_volumes() -> None:
    assert split_volume("tank:subvol-900-disk-0") == ("tank", "subvol-900-disk-0")
    assert split_volume("/tank/media") is None
