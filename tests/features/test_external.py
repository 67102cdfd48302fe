"""Features of one's own: brought in, checked, applied, stamped, inherited; and what is wrong with one is told."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.config.load import load
from phoenix_hypervisor.config.scripts import own_features
from phoenix_hypervisor.engine.converge import CommandFailed, converge
from phoenix_hypervisor.features.external import External
from phoenix_hypervisor.machine import Machine
from phoenix_hypervisor.plan.targets import select
from phoenix_hypervisor.plan.wanted import slice_of
from phoenix_hypervisor.transport.local import LocalTransport
from rig import Rig, container, fitted, load_site, site_of
from scenarios import base

Json = dict[str, Any]
SETTLER = """\
#!/bin/sh
given=$(cat)
case $1 in
  check) [ "$(cat /etc/given 2>/dev/null)" = "$given" ] || exit 3 ;;
  apply) printf '%s\\n' "$given" >/etc/given; echo run >>/root/runs ;;
esac
"""
TEXT: Json = {"text": {"type": "string"}, "size": {"type": "integer", "default": 5, "maximum": 9}}
MANIFEST: Json = {
    "name": "settle",
    "summary": "Settles.",
    "executable": "settle.sh",
    "schema": {"properties": TEXT, "required": ["text"]},
    "sources": {"memory": "container.memory_mb"},
}


def own(etc: Path, content: str = SETTLER, **fields: Any) -> None:
    """The feature ``settle`` in features.d."""
    folder = etc / "features.d"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settle.json").write_text(json.dumps({**MANIFEST, **fields}))
    (folder / "settle.sh").write_text(content)


def containers(text: str = "one", **fields: Any) -> Json:
    template = base(features=["settle"], feature_config={"settle": {"text": text}})
    return {"lxc_configs": {"900": template, "950": container(950, clone_from_ctid="900", **fields)}}


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    own(tmp_path / "etc")
    return tmp_path / "etc"


def inside(rig: Rig, path: str, ctid: int = 950) -> str:
    return rig.node.run(("pct", "exec", str(ctid), "--", "cat", path)).stdout


def steps(rig: Rig) -> set[str]:
    return {step.id for step in rig.plan().steps}


def test_it_gets_its_slice_and_clones_inherit_what_it_did(etc: Path) -> None:
    rig = fitted(site_of(etc, containers()))
    assert "settle" not in rig.plan().unmanaged
    assert 900 in select(rig.site, ["settle"]).ctids
    rig.converge()
    assert json.loads(inside(rig, "/etc/given")) == {"memory": 1024, "size": 5, "text": "one"}
    assert inside(rig, "/root/runs") == "run\n", "the clone did not run it again"
    assert rig.plan().steps == ()


@pytest.mark.parametrize(
    ("slice_text", "executable", "runs"),
    [
        pytest.param("two", SETTLER, 2, id="another slice"),
        pytest.param("one", SETTLER.replace("case", "# more\ncase"), 2, id="another executable"),
    ],
)
def test_what_changed_is_run_again(tmp_path: Path, slice_text: str, executable: str, runs: int) -> None:
    own(tmp_path / "etc")
    fields: Json = {"features": ["settle"], "feature_config": {"settle": {"text": "own"}}}
    rig = fitted(site_of(tmp_path / "etc", containers(**fields)))
    rig.converge()
    before = inside(rig, "/root/runs").count("run")
    own(tmp_path / "etc", executable)
    fields["feature_config"] = {"settle": {"text": slice_text if slice_text != "one" else "own"}}
    rig.site = site_of(tmp_path / "etc", containers(**fields))
    assert "950:settle" in steps(rig)
    rig.converge(ctids={950})
    assert inside(rig, "/root/runs").count("run") == before + runs - 1
    assert rig.plan({950}).steps == ()


def test_another_summary_is_stamped_and_nothing_is_applied(etc: Path) -> None:
    rig = fitted(site_of(etc, {"lxc_configs": {"950": one_alone()}}))
    rig.converge()
    own(etc, summary="Settles well.")
    rig.site = load_site(etc)
    assert steps(rig) == {"950:settle"}
    rig.converge()
    assert inside(rig, "/root/runs") == "run\n"
    assert rig.plan().steps == ()


def one_alone(**settings: Any) -> Json:
    template = {"template": base()["template"]}
    return container(950, **template, features=["settle"], feature_config={"settle": {"text": "x", **settings}})


FAILING = '#!/bin/sh\n[ "$1" = check ] && exit {check}\nfor n in 1 2 3; do echo "line $n"; done\nexit {apply}\n'


@pytest.mark.parametrize(
    ("check", "apply", "told"),
    [
        (3, 4, "its apply ended with exit status 4"),
        (3, 0, "it still needs a change"),
    ],
)
def test_a_failure_shows_its_last_lines_and_can_be_gone_on_with(etc: Path, check: int, apply: int, told: str) -> None:
    own(etc, FAILING.format(check=check, apply=apply))
    rig = fitted(site_of(etc, {"lxc_configs": {"950": one_alone()}}))
    failed = rig.apply().failed
    assert list(failed) == ["950:settle"]
    assert told in failed["950:settle"] and "settle-feature" in failed["950:settle"]
    assert ("line 3" in failed["950:settle"]) == (apply != 0)
    own(etc)
    rig.site = load_site(etc)
    rig.converge()
    assert rig.plan().steps == ()


def test_a_check_that_fails_is_told_and_nothing_is_applied(etc: Path) -> None:
    own(etc, SETTLER.replace("case", "[ ! -e /etc/broken ] || { echo no such thing >&2; exit 7; }\ncase", 1))
    rig = fitted(site_of(etc, {"lxc_configs": {"950": one_alone()}}))
    rig.converge()
    rig.node.run(("lxc-attach", "-n", "950", "--", "touch", "/etc/broken"))
    rig.site = site_of(etc, {"lxc_configs": {"950": one_alone(size=7)}})
    failed = rig.apply().failed
    assert "its check ended with exit status 7 no such thing" in failed["950:settle"]
    assert inside(rig, "/root/runs") == "run\n"


@pytest.mark.parametrize(
    ("settings", "code", "path", "text"),
    [
        ({"size": "big"}, "type", "settle.size", "an integer"),
        ({"size": 10}, "value", "settle.size", "9"),
        ({"colour": "red"}, "unknown-field", "settle.colour", "no field"),
        ({"text": None}, "type", "settle.text", "a string"),
    ],
)
def test_a_slice_that_does_not_fit_its_schema(etc: Path, settings: Json, code: str, path: str, text: str) -> None:
    (etc / "phoenix_lxc_configs.json").write_text(json.dumps({"lxc_configs": {"950": one_alone(**settings)}}))
    (problem,) = load(etc).errors
    assert (problem.code, problem.path) == (code, f"lxc_configs.950.feature_config.{path}")
    assert text in problem.message and problem.place.file.endswith("phoenix_lxc_configs.json")


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"feature_config": {}}, 'the field "text" is missing'),
        ({"feature_config": {"settle": {"text": "x"}, "base_setup": {}}}, "no feature of one's own"),
        ({"feature_config": {"settle": {"text": "x"}}, "features": []}, "no effect"),
    ],
)
def test_settings_that_are_missing_or_taken_by_nothing(etc: Path, fields: Json, text: str) -> None:
    document = {**one_alone(), **fields}
    (etc / "phoenix_lxc_configs.json").write_text(json.dumps({"lxc_configs": {"950": document}}))
    (problem,) = load(etc).problems
    assert text in problem.message


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"name": "docker"}, "built-in"),
        ({"name": "other"}, "that of its file"),
        ({"name": "No good"}, "a letter first"),
        ({"scope": "host"}, "in containers only"),
        ({"executable": "../settle.sh"}, "beside the manifest"),
        ({"executable": "absent"}, "cannot be read"),
        ({"executable": "folder"}, "no regular file"),
        ({"schema": {"properties": {"text": {"type": "string", "default": 5}}}}, "its default is none of its values"),
        ({"schema": {"required": ["text"]}}, "text is required and no property"),
        ({"sources": {"text": "host.users.password"}}, "field of the container"),
        ({"schema": {"properties": {"text": {"type": "text"}}}}, "string"),
        ({"schema": {"properties": {"text": {"type": "string", "pattern": "("}}}}, "no regular expression"),
        ({"schema": {"properties": {"copy": {"type": "string"}}}}, "cannot be the name of a field"),
        ({"schema": {"properties": {}, "allOf": []}}, "no field"),
    ],
)
def test_a_manifest_that_is_wrong_is_told_with_its_place(etc: Path, fields: Json, text: str) -> None:
    own(etc, **fields)
    (etc / "features.d/folder").mkdir()
    found = own_features(etc)
    assert "settle" not in found.found
    told = [str(problem) for problem in found.problems]
    assert told and all("features.d/settle.json:1:" in each for each in told)
    assert any(text in each for each in told), told


def test_an_executable_that_is_too_long_is_not_taken(etc: Path) -> None:
    with (etc / "features.d/settle.sh").open("wb") as file:
        file.truncate((16 << 20) + 1)
    (problem,) = own_features(etc).problems
    assert "more than 16 MiB" in problem.message


def test_the_one_in_etc_comes_before_the_one_beside_it(tmp_path: Path) -> None:
    own(tmp_path, summary="Beside.")
    assert own_features(tmp_path / "etc").found["settle"].summary == "Beside."
    own(tmp_path / "etc", summary="Within.")
    assert own_features(tmp_path / "etc").found["settle"].summary == "Within."


def test_python_on_this_machine(tmp_path: Path, repository: Path) -> None:
    """The simulated containers have no Python: the very resource, with this machine in the place of a container."""
    feature = own_features(tmp_path).found["line_in_file"]
    file = tmp_path / "file"
    file.write_text("first\n")
    piece = feature.slice(path=str(file), lines=["second", "first"])
    (resource,) = feature.resources(piece)
    assert isinstance(resource, External)
    here = resource.model_copy(update={"folder": str(tmp_path / "brought")})

    async def run() -> tuple[int, int]:
        machine = Machine(LocalTransport())
        return len(await converge(machine, (here,))), len(await converge(machine, (here,)))

    assert asyncio.run(run()) == (2, 0)
    assert file.read_text() == "first\nsecond\n"
    file.unlink()
    file.mkdir()
    with pytest.raises(CommandFailed, match="its check ended with exit status 1"):
        asyncio.run(run())


def test_an_executable_that_is_no_text_arrives_as_it_is(tmp_path: Path) -> None:
    own(tmp_path)
    (tmp_path / "features.d/settle.sh").write_bytes(b"#!/bin/sh\nexit 0\n\x00\xff\xfe\n")
    (resource,) = (
        own_features(tmp_path).found["settle"].resources(own_features(tmp_path).found["settle"].slice(text="x"))
    )
    here = resource.model_copy(update={"folder": str(tmp_path / "brought")})
    assert isinstance(here, External)
    asyncio.run(converge(Machine(LocalTransport()), (here,)))
    assert (tmp_path / "brought/settle").read_bytes().endswith(b"\x00\xff\xfe\n")


def test_the_slice_is_of_the_container(etc: Path) -> None:
    site = site_of(etc, containers())
    piece = slice_of(site.container_features["settle"], site, site.containers[900])
    assert piece.model_dump() == {"text": "one", "size": 5, "memory": 1024}
