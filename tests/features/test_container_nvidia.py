"""NVIDIA's driver in containers: the node's version, the assigned cards, and what a change of either means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from phoenix_hypervisor.features.container.nvidia import Nvidia, carries, resources
from phoenix_hypervisor.simulator.hardware.nvidia.runfile import URL, content
from rig import Rig, container, fitted, site_of
from scenarios import base

OLD, NEW = "580.76.05", "580.95.05"
LIBRARY = "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.*.*"
CACHE = f"/var/cache/phoenix_hypervisor/NVIDIA-Linux-x86_64-{OLD}.run"


def rig_of(folder: Path, version: str = OLD, gpus: str = "0,1", **fields: Any) -> Rig:
    containers = {
        "900": base(is_template=True),
        "950": container(950, clone_from_ctid="900", gpu_assignment=gpus, **fields),
    }
    return fitted(site_of(folder, {"nvidia_driver_version": version, "lxc_configs": containers}))


def inside(rig: Rig, *words: str) -> str:
    result = rig.node.run(("lxc-attach", "-n", "950", "--", *words))
    assert result.ok, result.stderr
    return result.stdout


def test_a_gpu_brings_its_devices_and_the_nodes_driver(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", gpus="1")
    rig.converge()
    assert inside(rig, "sh", "-c", f"ls {LIBRARY}").strip().endswith(OLD)
    assert inside(rig, "nvidia-smi", "-L").count("GPU ") == 1
    devices = [line for line in rig.node.run(("pct", "config", "950")).stdout.splitlines() if line.startswith("dev")]
    assert [line.split()[1].partition(",")[0] for line in devices] == [
        "/dev/nvidia1",
        "/dev/nvidiactl",
        "/dev/nvidia-uvm",
        "/dev/nvidia-uvm-tools",
    ]
    assert rig.plan().empty


def test_the_installer_of_the_node_is_given_and_not_fetched_again(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.node.files.mkdir("/var/cache/phoenix_hypervisor", parents=True)
    rig.node.files.write(CACHE, content(OLD))
    rig.node.internet.pop(URL.format(OLD))
    rig.converge()
    assert inside(rig, "nvidia-smi", "-L").count("GPU ") == 2
    assert rig.node.run(("lxc-attach", "-n", "950", "--", "test", "-e", CACHE)).rc == 1, "it takes no place inside"


def test_a_card_that_is_no_longer_assigned_is_taken_away(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    rig.site = rig_of(tmp_path / "less", gpus="0").site
    rig.converge()
    assert "/dev/nvidia1" not in rig.node.run(("pct", "config", "950")).stdout
    assert inside(rig, "nvidia-smi", "-L").count("GPU ") == 1
    rig.site = rig_of(tmp_path / "none", gpus="none").site
    rig.converge()
    assert "dev0" not in rig.node.run(("pct", "config", "950")).stdout
    assert rig.plan().empty


def test_another_version_on_the_node_shows_in_every_container_with_a_gpu(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    rig.site = rig_of(tmp_path / "new", NEW).site
    assert "950:nvidia" in {step.id for step in rig.plan().steps}


def test_a_version_that_is_not_the_nodes_fails_and_says_so(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.node.add_runfile(NEW)
    rig.site = rig_of(tmp_path / "new", NEW).site
    summary = rig.apply()
    assert list(summary.failed) == ["950:nvidia"]
    assert "Driver/library version mismatch" in summary.failed["950:nvidia"]


def test_a_runfile_that_is_not_as_declared_is_not_run() -> None:
    piece = Nvidia(version=OLD, runfile_sha256="0" * 64)
    assert [str(each) for each in resources(piece)] == ["ca-certificates, curl, kmod", f"driver {OLD}"]
    assert [each.source for each in carries(piece)] == [CACHE]


def test_without_a_version_there_is_nothing_to_do() -> None:
    assert not list(resources(Nvidia())) and not list(carries(Nvidia()))
