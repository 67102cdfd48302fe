"""What the documentation points at is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from phoenix_hypervisor.config.load import load

LINK = re.compile(r"\]\((?!https?:)(?P<target>[^)#]+)\)")
MODULE = re.compile(r"`(?P<path>[a-z_/]+(?:\.py|/))`")
PAGES = ("README.md", "CHANGELOG.md", "docs/architecture.md", "docs/decisions/README.md", "examples/ai-lab/README.md")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(repository: Path, page: str) -> None:
    path = repository / page
    for link in LINK.finditer(path.read_text("utf-8")):
        assert (path.parent / link["target"]).exists(), link["target"]


@pytest.mark.parametrize("page", ["docs/architecture.md", "docs/decisions/0001-simulated-shell.md"])
def test_the_modules_that_are_named_are_there(repository: Path, page: str) -> None:
    places = (repository, repository / "src/phoenix_hypervisor")
    for module in MODULE.finditer((repository / page).read_text("utf-8")):
        assert any((place / module["path"]).exists() for place in places), module["path"]


def test_every_decision_is_listed(repository: Path) -> None:
    folder = repository / "docs/decisions"
    listing = (folder / "README.md").read_text("utf-8")
    assert all(page.name in listing for page in folder.glob("0*.md"))


def test_the_example_has_no_problems(repository: Path) -> None:
    loaded = load(repository / "examples/ai-lab")
    assert loaded.problems == ()
    assert loaded.site is not None and all(each.unprivileged for each in loaded.site.containers.values())
