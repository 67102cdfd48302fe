"""Readiness (spec L4): what is waited for, for how long, and what is said of a container that does not get there."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.simulator.faults import Fault, Kind
from rig import TARBALL, Rig, container, fitted, site_of

SCRIPT = "#!/bin/sh\nexit 0\n"
BROKEN = """\
#!/bin/sh
printf '[Service]\\nExecStart=/bin/sh -c "echo the port is taken; exit 1"\\n' >/etc/systemd/system/web.service
systemctl daemon-reload
systemctl start web || :
"""
CHECK = {"command": "curl -sf http://localhost/health", "retries": 3, "interval": 2}


def rig_of(folder: Path, script: str = SCRIPT, **fields: Any) -> Rig:
    folder.mkdir(exist_ok=True)
    (folder / "app.sh").write_text(script)
    declared = container(950, template=TARBALL, application_script="app.sh", **fields)
    return fitted(site_of(folder, {"lxc_configs": {"950": declared}}, {"timezone": "Europe/Berlin"}))


def slow(**moments: float) -> Callable[[Rig], None]:
    """A container that takes so long after its start; it is asked before each command."""

    def watch(rig: Rig) -> None:
        for name, seconds in moments.items():
            if (running := rig.node.guests.running.get(950)) is not None:
                setattr(running, name, seconds)

    return watch


def without_servers(rig: Rig) -> None:
    box = rig.node.container(950)
    if box is not None:
        box.files.write("/etc/resolv.conf", "search lab.example\n")


def with_an_option(rig: Rig) -> None:
    box = rig.node.container(950)
    if box is not None:
        box.files.write("/etc/apt/sources.list", "deb [arch=amd64] http://me@mirror.example:81/ubuntu noble main\n")


def ended(rig: Rig) -> None:
    running = rig.node.guests.running.get(950)
    if running is not None and rig.node.clock > running.started:
        rig.node.guests.running.pop(950)


def nothing(_: Rig) -> None:
    """As it is."""


SAYS: dict[str, tuple[Callable[[Rig], None], Fault | None, str]] = {
    "init is not through": (slow(init_done=900.0), None, "systemd-networkd-wait-online.service is still starting"),
    "no address": (slow(address_up=900.0), None, "no address on eth0"),
    "no interface": (nothing, Fault(Kind.FAIL, ("ip",)), "there is no eth0"),
    "no name server": (without_servers, None, "does not resolve: /etc/resolv.conf names no name server"),
    "no answer": (nothing, Fault(Kind.FAIL, ("getent",)), "archive.ubuntu.com does not resolve: asked was 10.0.0.1"),
    "a name server that is silent": (
        nothing,
        Fault(Kind.HANG, ("getent",)),
        "does not resolve: asked was 10.0.0.1",
    ),
    "no answer of a mirror": (with_an_option, Fault(Kind.FAIL, ("getent",)), "mirror.example does not resolve"),
    "no way out": (nothing, Fault(Kind.FAIL, ("getent",)), "does not resolve: there is no default route"),
    "it has ended": (ended, None, "CT 950 does not run any more"),
}


@pytest.mark.parametrize("what", SAYS)
def test_what_is_missing_is_named(tmp_path: Path, what: str) -> None:
    disturb, fault, said = SAYS[what]
    rig = rig_of(tmp_path / "etc", features=["base_setup"])
    if fault is not None:
        rig.node.faults.add(fault)
    if what == "no way out":
        rig.node.faults.add(Fault(Kind.SILENT, ("ip", "route")))
        rig.node.faults.add(Fault(Kind.SILENT, ("ip", "-6", "route")))
    rig.watch = lambda _: disturb(rig)
    (told,) = rig.apply().failed.values()
    assert told.startswith("not ready within 120 s: ")
    assert said in told


@pytest.mark.parametrize(("declared", "limit"), [({}, 120), ({"ready_timeout": 30, "ready_interval": 2}, 30)])
def test_the_limit_can_be_set(tmp_path: Path, declared: dict[str, Any], limit: int) -> None:
    rig = rig_of(tmp_path / "etc", **declared)
    rig.watch = lambda _: slow(init_done=900.0)(rig)
    began = rig.node.clock
    (told,) = rig.apply().failed.values()
    assert told.startswith(f"not ready within {limit} s")
    assert limit - 6 < rig.node.clock - began < limit + 60


def test_a_unit_that_failed_is_named_with_its_last_words(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    rig.site = rig_of(tmp_path / "other", BROKEN, health_check=CHECK).site
    (told,) = rig.apply().failed.values()
    assert told.splitlines()[1:] == ["web.service failed; its log ends with:", "the port is taken"]


def test_it_is_looked_soon_at_first_and_then_every_five_seconds(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    moments: list[float] = []

    def watch(command: Any) -> None:
        slow(init_done=40.0)(rig)
        if " sh -s -- eth0 " in str(command):
            moments.append(rig.node.clock)

    rig.watch = watch
    rig.converge(jobs=1)
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert pauses[0] < 1 and max(pauses[: len(pauses) // 2]) < 6
