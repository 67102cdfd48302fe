"""The how-to about features of one's own: what it shows is carried out as it stands there."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from phoenix_hypervisor.config.scripts import own_features
from rig import Rig, fitted, load_site

FILE = re.compile(r"^`(?P<path>[\w./]+)`:\n\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
PAGE = "<h1>base</h1><p>Operations</p>\n"


@pytest.fixture
def etc(tmp_path: Path, repository: Path) -> Path:
    """The files of the how-to, as it names them."""
    text = (repository / "docs/how-to/write-a-feature.md").read_text("utf-8")
    for found in FILE.finditer(text):
        path = tmp_path / found["path"]
        path.parent.mkdir(exist_ok=True)
        path.write_text(found["text"])
    return tmp_path


def page(rig: Rig, ctid: int) -> str:
    return rig.node.run(("pct", "exec", str(ctid), "--", "cat", "/srv/welcome.html")).stdout


def test_it_does_what_it_says(etc: Path) -> None:
    rig = fitted(load_site(etc))
    assert [step.id for step in rig.plan().steps if step.id.endswith(":welcome")] == ["900:welcome"]
    rig.converge()
    assert page(rig, 900) == page(rig, 950) == PAGE
    assert rig.plan().steps == ()


def test_named_in_the_clone_it_runs_there_too(etc: Path) -> None:
    path = etc / "phoenix_lxc_configs.json"
    documents = json.loads(path.read_text())
    documents["lxc_configs"]["950"] |= {
        "features": ["welcome"],
        "feature_config": {"welcome": {"owner": "Sales"}},
    }
    path.write_text(json.dumps(documents))
    rig = fitted(load_site(etc))
    rig.converge()
    assert page(rig, 900) == PAGE
    assert page(rig, 950) == "<h1>web</h1><p>Sales</p>\n"


@pytest.mark.parametrize(
    ("name", "given", "wrong"),
    [
        ("greeting", {"host_name": "web", "text": "Hello."}, None),
        ("line_in_file", {"path": "FOLDER/new", "lines": ["one", "two"]}, {"path": "FOLDER", "lines": ["one"]}),
    ],
)
def test_the_examples_of_the_repository_keep_the_rules(
    tmp_path: Path, repository: Path, name: str, given: dict[str, object], wrong: dict[str, object] | None
) -> None:
    feature = own_features(tmp_path).found[name]
    (resource,) = feature.resources(feature.slice.model_validate_json(_in(tmp_path, given)))
    executable = repository / "features.d" / resource.model_dump()["executable"]

    def asked(verb: str, piece: str) -> int:
        return subprocess.run([executable, verb], input=piece, text=True, capture_output=True).returncode

    assert asked("check", _in(tmp_path, given)) == 3
    if wrong is not None:
        assert asked("check", _in(tmp_path, wrong)) not in (0, 3)
        assert [asked("apply", _in(tmp_path, given)) for _ in range(2)] == [0, 0]
        assert asked("check", _in(tmp_path, given)) == 0


def _in(folder: Path, piece: dict[str, object]) -> str:
    return json.dumps(piece).replace("FOLDER", str(folder))
