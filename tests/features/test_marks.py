"""What is ours is known by our marks, and what others put there is taken for nothing else."""

from __future__ import annotations

import pytest

from phoenix_hypervisor.features.lifecycle.marks import (
    MARK,
    Record,
    cloned_from,
    cloning_mark,
    is_being_cloned,
    layer_mapping,
    marked,
    record_of,
    snapshot_description,
    snapshot_layers,
    with_layers,
    without_record,
)

LAYERS = {"base_setup": "0123456789abcdef", "application_script.950": "fedcba9876543210"}


def test_only_what_can_be_a_layer_is_one() -> None:
    """A container's root may have put anything into the folder of the stamps."""
    strange: dict[str, object] = {
        "x; reboot": "0123456789abcdef",
        "../../etc": "0123456789abcdef",
        "-rf": "0123456789abcdef",
        "a" * 65: "0123456789abcdef",
        "docker": "$(reboot)",
        "nvidia": "0123456789ABCDEF",
        "vllm": "",
    }
    assert layer_mapping({**LAYERS, **strange}) == LAYERS


def test_a_snapshot_of_ours_says_what_its_container_had() -> None:
    assert snapshot_layers(snapshot_description(LAYERS)) == LAYERS
    assert snapshot_layers(snapshot_description({})) == {}


@pytest.mark.parametrize("text", ["", "before the upgrade", f"{MARK}", "Taken by Phoenix Hypervisor.", "{}"])
def test_a_snapshot_of_somebody_else_is_not_ours(text: str) -> None:
    assert snapshot_layers(text) is None


@pytest.mark.parametrize("layers", ["", "{", "[]", "null", "3"])
def test_a_snapshot_whose_layers_cannot_be_read_is_not_ours(layers: str) -> None:
    assert snapshot_layers(f"Taken by Phoenix Hypervisor. Layers: {layers}") is None


@pytest.mark.parametrize(
    ("tags", "description", "ours"),
    [
        ("phoenix", "", True),
        ("a;phoenix", "", True),
        ("a, phoenix", "", True),
        (None, f"{MARK}\nAsk the night shift.", True),
        (None, "", False),
        ("phoenixes;my-phoenix", "", False),
        (None, "Managed by Phoenix", False),
    ],
)
def test_a_tag_or_the_mark_makes_a_guest_ours(tags: str | None, description: str, ours: bool) -> None:
    assert marked(tags, description) is ours


def test_a_begun_clone_names_its_source() -> None:
    text = cloning_mark(900, "base-snapshot")
    assert is_being_cloned(text) and cloned_from(text) == (900, "base-snapshot")
    assert not is_being_cloned(MARK) and cloned_from(MARK) is None
    assert not is_being_cloned("Being cloned from 900@base-snapshot.")


RECORD = Record(
    frozenset({"cores", "net0", "lxc"}),
    {"data": "mp0", "log.s-1": "mp12"},
    {"old": "tank:900/vm-900-disk-0.raw", "older": "tank:subvol-900-disk-1"},
    LAYERS,
)


@pytest.mark.parametrize(
    "record",
    [
        Record(),
        Record(frozenset({"cores"})),
        Record(volumes={"a.b": "mp0"}),
        Record(unused={"a": "tank:x.raw"}),
        Record(layers=LAYERS),
        RECORD,
    ],
)
def test_a_record_is_read_as_it_was_written(record: Record) -> None:
    for text in (f"{record}", f"Ask the night shift.\n{record}\nReally.", f"{record} Since yesterday."):
        assert record_of(text) == record


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Keys: cores.",
        MARK,
        f"{MARK} Keys: Cores; reboot.",
        f"{MARK} Volumes: data=rootfs.",
        f"{MARK} Volumes: =mp0, data.",
        f"{MARK} Layers: ../x=00000000, docker=$(reboot).",
    ],
)
def test_what_is_no_record_says_nothing(text: str) -> None:
    assert record_of(text) == Record()


def test_people_keep_what_they_wrote_beside_our_line() -> None:
    text = f"Ask the night shift.\n{RECORD}\nReally."
    assert without_record(text) == "Ask the night shift.\nReally."
    changed = with_layers(text, {"docker": "00000000"})
    assert record_of(changed).layers == {"docker": "00000000"} and record_of(changed).keys == RECORD.keys
    assert without_record(changed) == without_record(text)
