"""Ollama in containers: its archive, the version that stays, the unit, the models, what is said when it goes wrong."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.features.container.ollama import Ollama, feature, resources
from phoenix_hypervisor.features.container.ollama.models import whole
from phoenix_hypervisor.resources.release import Release
from phoenix_hypervisor.simulator.faults import Fault, Kind
from phoenix_hypervisor.simulator.models.archives import published
from rig import HOST, Rig, container, fitted, site_of
from scenarios import base
from within import of

UNIT = "/etc/systemd/system/ollama.service"
ARCHIVE = "https://github.com/ollama/ollama/releases/download/v{}/ollama-linux-amd64.{}"
attach, inside = of(955)


def site_with(folder: Path, **fields: Any) -> Any:
    declared = {"features": ["ollama"], **fields}
    containers = {"900": base(is_template=True), "955": container(955, clone_from_ctid="900", **declared)}
    return site_of(folder, {"lxc_configs": containers}, HOST)


def rig_of(folder: Path, **fields: Any) -> Rig:
    return fitted(site_with(folder, **fields))


def changed(rig: Rig, folder: Path, **fields: Any) -> None:
    rig.site = site_with(folder, **fields)
    rig.events.clear()
    rig.converge()


def again(rig: Rig) -> None:
    inside(rig, "rm", "-rf", "/var/lib/phoenix/layers/ollama")
    rig.converge()


def version(rig: Rig) -> str:
    return inside(rig, "env", "HOME=/root", "/usr/local/bin/ollama", "--version")


def sum_of(url: str) -> str:
    return hashlib.sha256((published(url) or "").encode()).hexdigest()


def test_the_newest_is_installed_once_and_stays(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    assert version(rig) == "ollama version is 0.14.3\n"
    assert inside(rig, "curl", "-s", "http://localhost:11434/api/version") == '{"version": "0.14.3"}'
    assert "\nUser=ollama\n" in inside(rig, "cat", UNIT)
    assert inside(rig, "systemctl", "is-enabled", "ollama") == "enabled\n"
    assert rig.plan().empty and "ollama" not in rig.plan().unmanaged
    inside(rig, "sed", "-i", "s/0.14.3/0.13.5/", "/opt/ollama/bin/ollama")
    again(rig)
    assert version(rig) == "ollama version is 0.14.3\n", "what a person changed is put back"


@pytest.mark.parametrize(("wanted", "kind"), [("0.13.5", "tgz"), ("0.14.1", "tar.zst")])
def test_a_declared_version_comes_from_its_archive_and_stays(tmp_path: Path, wanted: str, kind: str) -> None:
    url = ARCHIVE.format(wanted, kind)
    rig = rig_of(tmp_path / "etc", ollama_version=wanted, ollama_sha256=sum_of(url).upper())
    rig.converge()
    assert version(rig) == f"ollama version is {wanted}\n"
    changed(rig, tmp_path / "none")
    assert version(rig) == f"ollama version is {wanted}\n"
    changed(rig, tmp_path / "newer", ollama_version="0.14.3")
    assert version(rig) == "ollama version is 0.14.3\n", "the server is the new one, too"


def test_an_archive_that_is_not_as_declared_is_not_unpacked(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", ollama_version="0.14.1")
    rig.converge()
    rig.site = site_with(tmp_path / "other", ollama_version="0.14.3", ollama_sha256="0" * 64)
    assert "its SHA-256 is " in rig.apply().failed["955:ollama"]
    assert version(rig) == "ollama version is 0.14.1\n"
    assert inside(rig, "ls", "-A", "/opt").split() == ["ollama", "ollama.version"]


def test_a_version_that_is_not_published_is_told(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", ollama_version="0.99.0")
    assert "404" in rig.apply().failed["955:ollama"]


def test_an_archive_that_came_in_part_is_fetched_again(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.node.faults.add(Fault(Kind.DIE, ("tar", "-x"), times=1, pauses=0))
    assert list(rig.apply().failed) == ["955:ollama"]
    rig.converge()
    assert version(rig) == "ollama version is 0.14.3\n"


def test_the_unit_says_where_it_listens_and_where_models_lie(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    before = inside(rig, "cat", UNIT)
    changed(rig, tmp_path / "other", ollama_port=8080, ollama_models_path="/ollama_models")
    expected = before.replace(":11434", ":8080").replace("/var/lib/ollama/models", "/ollama_models")
    assert inside(rig, "cat", UNIT) == expected
    assert inside(rig, "stat", "-c", "%U", "/ollama_models") == "ollama\n"
    assert attach(rig, "curl", "-sf", "http://localhost:8080/api/tags").ok
    assert sum("restart ollama.service" in line for line in rig.ran) == 1


def test_a_shared_folder_keeps_its_owner(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc")
    rig.converge()
    inside(rig, "sh", "-c", "mkdir /shared; chown 1234 /shared")
    changed(rig, tmp_path / "other", ollama_models_path="/shared")
    assert inside(rig, "stat", "-c", "%u", "/shared") == "1234\n"


def test_declared_models_are_fetched_once(tmp_path: Path) -> None:
    port = {"ollama_port": 8434}
    rig = rig_of(tmp_path / "etc", ollama_models=["llama3.2:3b", "nomic-embed-text"], **port)
    rig.converge()
    tags = inside(rig, "curl", "-s", "http://localhost:8434/api/tags")
    assert "llama3.2:3b" in tags and "nomic-embed-text:latest" in tags
    changed(rig, tmp_path / "more", ollama_models=["llama3.2:3b", "nomic-embed-text:latest", "qwen3:8b"], **port)
    assert [line.split()[-1] for line in rig.ran if " pull " in line] == ["qwen3:8b"]
    changed(rig, tmp_path / "less", ollama_models=[], **port)
    assert "qwen3:8b" in inside(rig, "curl", "-s", "http://localhost:8434/api/tags"), "models are data"


def test_a_model_that_there_is_not_is_told(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", ollama_models=["no-such-model"])
    assert "pull model manifest: file does not exist" in rig.apply().failed["955:ollama"]


def test_what_differs_inside_is_put_right(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", ollama_models=["qwen3:8b"])
    rig.converge()
    for words in (
        ("sed", "-i", "s/11434/11435/", UNIT),
        ("systemctl", "stop", "ollama"),
        ("rm", "-rf", "/opt/ollama"),
        ("rm", "-f", "/opt/ollama.version"),
        ("rm", "-rf", "/var/lib/ollama/models"),
    ):
        inside(rig, *words)
        again(rig)
        assert "qwen3:8b" in inside(rig, "curl", "-sf", "http://localhost:11434/api/tags"), words
        assert rig.plan().empty


def test_a_template_serves_nothing(tmp_path: Path) -> None:
    rig = rig_of(tmp_path / "etc", is_template=True, ollama_models=["qwen3:8b"])
    rig.converge()
    shown = inside(rig, "systemctl", "show", "-p", "UnitFileState,ActiveState", "ollama.service")
    assert set(shown.splitlines()) == {"ActiveState=inactive", "UnitFileState=disabled"}
    assert rig.plan().empty


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a", "a:latest"), ("a:b", "a:b"), ("host:5000/a", "host:5000/a:latest"), ("x/a:b", "x/a:b")],
)
def test_a_model_without_a_tag_is_the_latest(name: str, expected: str) -> None:
    assert whole(name) == expected


def test_the_digest_follows_what_is_declared() -> None:
    assert feature.digest(Ollama()) == feature.digest(Ollama(port=11434))
    assert feature.digest(Ollama()) != feature.digest(Ollama(models=("a",)))
    assert [each.version for each in resources(Ollama(version="0.14.1")) if isinstance(each, Release)] == ["0.14.1"]
