"""NVIDIA's driver in containers: the node's version, the assigned cards, and what a change of either means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.features.container.nvidia import Nvidia, carries, resources
from phoenix_hypervisor.features.container.nvidia.userdriver import Seen, UserDriver
from phoenix_hypervisor.machine import Facts
from phoenix_hypervisor.simulator.hardware.nvidia.runfile import URL, content
from rig import Rig, container, fitted, site_of
from scenarios import base
from within import of

OLD, NEW = "580.76.05", "580.95.05"
REPO = "https://developer.download.nvidia.com/compute/cuda/repos/ubuntu2404/x86_64/"
LIBRARY = "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.*.*"
CACHE = f"/var/cache/phoenix_hypervisor/NVIDIA-Linux-x86_64-{OLD}.run"
_, inside = of(950)


def rig_of(
    folder: Path, version: str = OLD, gpus: str = "0,1", cuda: str | None = None, repo: str = REPO, **fields: Any
) -> Rig:
    containers = {
        "900": base(is_template=True),
        "950": container(950, clone_from_ctid="900", gpu_assignment=gpus, **fields),
    }
    lxc = {"nvidia_driver_version": version, "nvidia_repo_url": repo, "lxc_configs": containers}
    host = {"nvidia_driver": {"version": version, "install": False, "cuda_version": cuda}} if cuda else {}
    return fitted(site_of(folder, lxc, host))


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


def test_what_was_taken_away_is_installed_again(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    inside(rig, "rm", "-r", "/usr/bin/nvidia-smi", "/var/lib/phoenix/layers/nvidia")
    rig.converge()
    assert inside(rig, "nvidia-smi", "-L").count("GPU ") == 2


@pytest.mark.parametrize(
    ("text", "seen", "reason"),
    [
        ("", Seen("", None), "not there yet"),
        (f"library {NEW}\ncards 2\n", Seen(NEW, 2), f"{NEW} is there"),
        (f"library {OLD}\n", Seen(OLD, None), "its programs are missing"),
        (f"library {OLD}\ncards 1\n", Seen(OLD, 1), "1 cards are listed, 2 are assigned"),
        (
            f"library {OLD}\ntrouble Failed to initialize NVML: Driver/library version mismatch\n",
            Seen(OLD, None, "Failed to initialize NVML: Driver/library version mismatch"),
            "Failed to initialize NVML: Driver/library version mismatch",
        ),
    ],
)
def test_what_is_there_is_told_apart(text: str, seen: Seen, reason: str) -> None:
    driver = UserDriver(name=OLD, url=URL.format(OLD), cards=2)
    (fact,) = driver.facts()
    assert fact.parse(Result(0, text)) == seen
    assert driver.verdict(Facts({fact: seen})).reason == reason
    assert any(driver.change(Facts({fact: seen})))


@pytest.mark.parametrize(
    ("cuda", "package", "release"),
    [("12.8", "cuda-toolkit-12-8", "ubuntu2404"), ("13.0.2", "cuda-toolkit-13-0", "debian13")],
)
def test_cuda_comes_where_it_is_asked_for(tmp_path: Path, cuda: str, package: str, release: str) -> None:
    rig = rig_of(tmp_path / "etc", cuda=cuda, repo=REPO.replace("ubuntu2404", release))
    rig.converge()
    assert inside(rig, "dpkg-query", "-W", "-f", "${db:Status-Status}", package) == "installed"
    assert "Signed-By: /etc/apt/keyrings/nvidia-cuda.asc" in inside(
        rig, "cat", "/etc/apt/sources.list.d/nvidia-cuda.sources"
    )
    assert rig.plan().empty


def test_without_a_version_of_cuda_there_is_none(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    assert "cuda" not in inside(rig, "sh", "-c", "ls /etc/apt/sources.list.d; dpkg-query -W")


def test_a_key_that_is_not_nvidias_is_not_trusted(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", cuda="12.8")
    rig.node.internet[f"{REPO}3bf863cc.pub"] = "-----BEGIN PGP PUBLIC KEY BLOCK-----\nkeyring of somebody\n"
    assert "this is not the key EB693B30" in rig.apply().failed["950:nvidia"]


def test_a_driver_that_changes_shows_in_every_container_with_a_gpu_and_in_no_other(tmp_path: Path) -> None:
    def family(folder: Path, version: str) -> Rig:
        containers = {
            "900": base(is_template=True),
            "901": container(901, clone_from_ctid="900", gpu_assignment="0,1", is_template=True),
            "950": container(950, clone_from_ctid="901", gpu_assignment="0,1"),
            "951": container(951, clone_from_ctid="901", gpu_assignment="0"),
            "952": container(952, clone_from_ctid="901", gpu_assignment="none"),
            "953": container(953, clone_from_ctid="900"),
        }
        return fitted(site_of(folder, {"nvidia_driver_version": version, "lxc_configs": containers}))

    rig = family(tmp_path / "etc", OLD)
    rig.converge()
    rig.site = family(tmp_path / "new", NEW).site
    plan = rig.plan()
    assert {step.target for step in plan.steps if step.id.endswith(":nvidia")} == {"901", "950", "951"}
    assert [each.target for each in plan.kept] == ["952"]
