"""``phoenix sim new --pve``: a node of either release."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Phoenix


@pytest.mark.parametrize(
    ("options", "release"), [([], "9.2"), (["--pve", "9"], "9.2"), (["--pve", "8"], "8.4")], ids=str
)
def test_a_node_is_of_the_release_that_was_asked_for(
    phoenix: Phoenix, tmp_path: Path, options: list[str], release: str
) -> None:
    file = tmp_path / "node.json"
    said = phoenix("sim", "new", file, *options)
    assert (said.code, said.out) == (0, f"{file}: a Proxmox VE {release} node pve1.\n")
    assert phoenix("sim", "run", file, "pveversion").out.startswith(f"pve-manager/{release}.")
    said = phoenix("sim", "new", tmp_path / "other.json", *options, "--output", "json")
    assert said.json["pve"] == release


def test_a_release_that_is_not_simulated_is_a_usage_error(phoenix: Phoenix, tmp_path: Path) -> None:
    said = phoenix("sim", "new", tmp_path / "node.json", "--pve", "7")
    assert said.code == 2 and "'8', '9'" in said.err
    assert not list(tmp_path.glob("*.json"))
