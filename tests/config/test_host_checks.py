"""What the host file says of the node's own address and of its driver."""

from __future__ import annotations

from pathlib import Path

import pytest

from sites import BASE_HOST, Json, loaded, lxc


def found(folder: Path, host: Json) -> list[tuple[str, str, str]]:
    problems = loaded(folder, {**BASE_HOST, **host}, lxc()).problems
    return [(problem.severity, problem.code, problem.path) for problem in problems]


@pytest.mark.parametrize(
    ("interfaces", "field"),
    [
        ({"address": "10.0.0.2/24", "gateway": "10.0.0.1"}, None),
        ({"address": "10.0.0.2/24", "gateway": "192.0.2.1"}, None),
        ({"address": "10.0.0.0/31"}, None),
        ({"address": "10.0.0.0/24"}, "address"),
        ({"address": "10.0.0.2/24", "gateway": "fd00::1"}, "gateway"),
        ({"address": "10.0.0.2/24", "gateway": "10.0.0.2"}, "gateway"),
    ],
)
def test_an_address_that_the_node_cannot_have(tmp_path: Path, interfaces: Json, field: str | None) -> None:
    wanted = [("error", "value", f"network.interfaces.{field}")] if field else []
    assert found(tmp_path, {"network": {"interfaces": {"name": "vmbr0", **interfaces}}}) == wanted


@pytest.mark.parametrize(
    ("driver", "told"),
    [
        ({"install": True}, True),
        ({"install": False}, False),
        ({"install": True, "version": "580.76.05"}, False),
    ],
)
def test_a_driver_without_a_version_is_told(tmp_path: Path, driver: Json, told: bool) -> None:
    wanted = [("warning", "field-without-effect", "nvidia_driver.install")] if told else []
    assert found(tmp_path, {"nvidia_driver": driver}) == wanted
