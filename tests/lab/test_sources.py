"""The lab finds the mirror that a machine's own apt is set up with, in either format."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

DEBIAN = 'ID=debian\nVERSION_CODENAME="bookworm"\n'
DEB822 = """\
# kept by hand
Types: deb deb-src
URIs: http://mirror.test/debian
Suites: bookworm
 bookworm-updates
Components: main

Types: deb
URIs: http://mirror.test/security
Suites: bookworm-security
Components: main
"""
SWITCHED_OFF = """\
Enabled: no
Types: deb
URIs: http://switched-off.test/debian
Suites: bookworm bookworm-updates
Components: main
"""
ONE_LINE = """\
#deb http://commented.test/debian bookworm main
deb [signed-by=/usr/share/keyrings/vendor.gpg] http://vendor.test/apt bookworm main
deb [arch=amd64 signed-by=/etc/key.gpg] http://mirror.test/debian bookworm main contrib # ours
deb-src http://sources.test/debian bookworm main
deb http://containers.test/debian bookworm stable
deb http://mirror.test/security bookworm-security main
"""


@pytest.fixture
def sources(repository: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(repository / "scripts/laboratory"))
    monkeypatch.delenv("PHOENIX_LAB_MIRROR", raising=False)
    return importlib.import_module("sources")


def etc(folder: Path, files: dict[str, str], release: str = DEBIAN) -> Path:
    (folder / "apt/sources.list.d").mkdir(parents=True)
    (folder / "os-release").write_text(release)
    for name, text in files.items():
        (folder / "apt" / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    "files",
    [
        {"sources.list.d/debian.sources": DEB822},
        {"sources.list": ONE_LINE},
        {"sources.list.d/debian.list": ONE_LINE, "sources.list.d/a.sources": SWITCHED_OFF},
        {"sources.list": ONE_LINE, "sources.list.d/debian.sources.disabled": SWITCHED_OFF},
    ],
)
def test_the_mirror_is_the_one_that_apt_uses(sources: ModuleType, tmp_path: Path, files: dict[str, str]) -> None:
    found = sources.mirror(etc(tmp_path, files))
    assert (found.archive, found.security) == ("http://mirror.test/debian", "http://mirror.test/security")


def test_a_machine_gets_contrib_and_backports_of_it(sources: ModuleType) -> None:
    mirror = sources.Mirror("http://mirror.test/debian", "http://mirror.test/security")
    assert mirror.lines("bookworm").splitlines() == [
        "deb http://mirror.test/debian bookworm main contrib",
        "deb http://mirror.test/debian bookworm-updates main contrib",
        "deb http://mirror.test/debian bookworm-backports main contrib",
        "deb http://mirror.test/security bookworm-security main contrib",
    ]


def test_without_a_mirror_it_says_how_to_name_one(sources: ModuleType, tmp_path: Path) -> None:
    other = "ID=ubuntu\nVERSION_CODENAME=bookworm\n"
    failed = importlib.import_module("failure").Failed
    with pytest.raises(failed, match="PHOENIX_LAB_MIRROR=http://HOST/debian"):
        sources.mirror(etc(tmp_path, {"sources.list": ONE_LINE}, other))


def test_a_named_mirror_comes_first(sources: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOENIX_LAB_MIRROR", "http://named.test/debian")
    assert sources.mirror(etc(tmp_path, {"sources.list": ONE_LINE})) == sources.Mirror("http://named.test/debian")
