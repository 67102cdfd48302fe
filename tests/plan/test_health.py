"""Health checks (spec L11): when they are asked, who waits for them, what is said when they fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rig import Rig, container, fitted, site_of
from scenarios import base

WEB = """\
#!/bin/sh
set -eu
apt-get -q update
apt-get -q -y install nginx
systemctl enable --now nginx
"""
CHECK = {"command": "curl -sf http://localhost/health", "retries": 3, "interval": 2}


def rig_of(folder: Path, script: str = WEB, **fields: Any) -> Rig:
    folder.mkdir(exist_ok=True)
    (folder / "web.sh").write_text(script)
    containers = {
        "900": base(is_template=True),
        "950": container(950, clone_from_ctid="900", application_script="web.sh", health_check=CHECK, **fields),
        "960": container(960, clone_from_ctid="900", dependencies=["950"]),
    }
    return fitted(site_of(folder, {"lxc_configs": containers}))


def test_a_service_that_answers_is_healthy_and_its_dependants_start_after_that(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    steps = {step.id: step for step in rig.plan().steps}
    start = next(step for step in steps.values() if step.id.startswith("960:start"))
    assert "950:health" in start.needs
    assert "950:health" in rig.converge().done
    assert rig.plan().empty


def test_what_is_not_healthy_fails_and_its_dependants_are_skipped(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", "#!/bin/sh\nexit 0\n")
    summary = rig.apply()
    assert summary.failed == {"950:health": "not healthy within 11 s: curl -sf http://localhost/health: exit status 7"}
    assert any(step.startswith("960:start") for step in summary.skipped)


def served(folder: Path, **fields: Any) -> Rig:
    containers = {
        "900": base(is_template=True),
        "955": container(955, clone_from_ctid="900", features=["ollama"], **fields),
        "960": container(960, clone_from_ctid="900", dependencies=["955"]),
    }
    return fitted(site_of(folder, {"lxc_configs": containers}))


def test_without_a_check_what_a_feature_serves_is_waited_for_after_a_start(tmp_path: Path) -> None:
    rig = served(tmp_path / "etc")
    steps = {step.id: step for step in rig.plan().steps}
    assert "955:health" in next(step for name, step in steps.items() if name.startswith("960:start")).needs
    rig.converge()
    assert rig.plan().empty
    assert rig.node.run(("pct", "stop", "955")).ok
    assert [step.id for step in rig.plan().steps] == ["955:start", "955:health"]


def test_what_a_feature_serves_and_does_not_answer_fails_with_its_log(tmp_path: Path) -> None:
    rig = served(tmp_path / "etc")
    rig.converge()
    assert rig.node.run(("lxc-attach", "-n", "955", "--", "systemctl", "disable", "ollama")).ok
    assert rig.node.run(("pct", "stop", "955")).ok
    failed = rig.apply().failed
    assert list(failed) == ["955:health"]
    assert "ollama.service: it is inactive" in failed["955:health"] and "its log ends with:" in failed["955:health"]


def test_a_declared_check_is_asked_alone(tmp_path: Path) -> None:
    plan = served(tmp_path / "etc", health_check={"command": "true"}).plan()
    assert [step.title for step in plan.steps if step.id == "955:health"] == ["wait until healthy"]


def test_where_nothing_is_done_nothing_is_asked(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    assert rig.node.run(("lxc-attach", "-n", "950", "--", "systemctl", "stop", "nginx")).ok
    assert rig.plan().empty


def test_after_a_change_it_is_asked_again(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    assert rig.node.run(("pct", "stop", "950")).ok
    assert [step.id for step in rig.plan().steps] == ["950:start", "950:health"]
