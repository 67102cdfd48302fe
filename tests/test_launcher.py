"""``./phoenix`` on a fresh clone: makes its environment once, whole or not at all, and then stays out of the way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from phoenix_hypervisor import __version__

pytestmark = pytest.mark.xdist_group("launcher")

VERSION = f"phoenix {__version__}\n"
UV_OF_OUR_OWN = """\
#!/bin/sh
# Makes an environment whose python prints its arguments.
echo "$1" >>"$LOG"
if [ "$1" = venv ]; then
  for folder; do :; done
  mkdir -p "$folder/bin"
  printf '#!/bin/sh\\nprintf "<%%s>" "$@"\\ncat\\n' >"$folder/bin/python"
  chmod +x "$folder/bin/python"
fi
"""
UV_THAT_IS_CUT_OFF = UV_OF_OUR_OWN + '[ "$1" = venv ] || kill -9 $PPID\n'


def copy_of(repository: Path, place: Path) -> Path:
    """The repository as a clone would have it: without what tools and launchers leave behind."""
    left_behind = shutil.ignore_patterns(".git", ".venv*", "__pycache__", ".*_cache", ".hypothesis", "node.json*")
    return shutil.copytree(repository, place, symlinks=True, ignore=left_behind)


@dataclass(frozen=True)
class FirstUse:
    """A clone, and what two launchers said that were started in it at once."""

    clone: Path
    said: tuple[tuple[str, str, int], ...]


@pytest.fixture(scope="module")
def first_use(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> FirstUse:
    """Two first uses at once, over a half-made environment."""
    place = copy_of(repository, tmp_path_factory.mktemp("first") / "a clone")
    (place / ".venv" / "bin").mkdir(parents=True)
    (place / ".venv" / "bin" / "python").write_text("half made")
    both = [
        subprocess.Popen(
            [place / "phoenix", "--version"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for folder in (place / "src", Path("/"))
    ]
    return FirstUse(place, tuple((*process.communicate(), process.returncode) for process in both))


@pytest.fixture
def clone(first_use: FirstUse) -> Path:
    return first_use.clone


@pytest.fixture
def bare(repository: Path, tmp_path: Path) -> Path:
    """As much of a clone as the launcher needs."""
    place = tmp_path / "bare clone"
    (place / "scripts").mkdir(parents=True)
    for name in ("phoenix", "pyproject.toml", "scripts/environment", "scripts/environment.py"):
        shutil.copy2(repository / name, place / name)
    return place


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH with what every machine has, and no Python."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("sh", "cat", "chmod", "cmp", "dirname", "mkdir", "readlink"):
        (folder / name).symlink_to(shutil.which(name) or "")
    return folder


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def launch(
    path: Path, *words: str, cwd: Path, env: Mapping[str, str] | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    settings = {**os.environ, **(env or {})}
    return subprocess.run([path, *words], cwd=cwd, env=settings, input=stdin, capture_output=True, text=True)


def test_two_first_uses_at_once_make_one_environment(first_use: FirstUse) -> None:
    assert [(out, code) for out, _, code in first_use.said] == [(VERSION, 0), (VERSION, 0)], first_use.said
    assert sum("the environment in" in err for _, err, _ in first_use.said) == 1


def test_it_says_nothing_of_itself_and_needs_no_python_in_path(clone: Path, tools: Path) -> None:
    done = launch(clone / "phoenix", "--version", cwd=tools, env={"PATH": str(tools)})
    assert (done.returncode, done.stdout, done.stderr) == (0, VERSION, "")


def test_through_links_from_anywhere(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(clone / "phoenix")
    (tmp_path / "two").symlink_to("one")
    assert launch(tmp_path / "two", "--version", cwd=Path("/")).stdout == VERSION


def test_a_module_in_the_current_folder_is_not_imported(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "phoenix_hypervisor.py").write_text("raise SystemExit('wrong module')")
    assert launch(clone / "phoenix", "--version", cwd=tmp_path).stdout == VERSION


@pytest.mark.parametrize("name", ["phoenix_orchestrator", "phoenix_establish_hypervisor"])
@pytest.mark.parametrize("suffix", ["", ".sh"])
def test_the_seeds_names(clone: Path, tmp_path: Path, name: str, suffix: str) -> None:
    (tmp_path / "linked").symlink_to(clone / "bin" / (name + suffix))
    for path in (clone / "bin" / (name + suffix), clone / ".venv" / "bin" / (name + suffix), tmp_path / "linked"):
        done = launch(path, "--help", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert "phoenix_orchestrator.sh" in done.stdout


def test_a_moved_clone_or_other_dependencies_make_it_stale(clone: Path, tools: Path) -> None:
    moved = clone.with_name("moved")
    clone.rename(moved)
    done = launch(moved / "phoenix", "--version", cwd=tools, env={"PATH": str(tools)})
    moved.rename(clone)
    assert done.returncode == 1 and "no Python" in done.stderr
    project = clone / "pyproject.toml"
    text = project.read_text()
    project.write_text(text + "\n# changed\n")
    done = launch(clone / "phoenix", "--version", cwd=tools, env={"PATH": str(tools)})
    project.write_text(text)
    assert done.returncode == 1 and "no Python" in done.stderr


def test_no_python_that_fits(bare: Path, tools: Path) -> None:
    program(tools, "python3", "#!/bin/sh\nexit 1\n")
    done = launch(bare / "phoenix", "--version", cwd=tools, env={"PATH": str(tools)})
    assert (done.returncode, done.stdout) == (1, "")
    assert "no Python 3.11, 3.12 or 3.13" in done.stderr and "apt install" in done.stderr


def test_venv_is_missing(bare: Path, tools: Path, tmp_path: Path) -> None:
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "ensurepip.py").write_text("raise ImportError\n")
    program(tools, "python3", f'#!/bin/sh\nPYTHONPATH={tmp_path}/hidden exec "{sys.executable}" "$@"\n')
    done = launch(bare / "phoenix", "--version", cwd=tools, env={"PATH": str(tools)})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("Install it: apt install python3-venv\n")


def test_uv_is_used_where_it_is_and_arguments_arrive_as_they_are(bare: Path, tools: Path, tmp_path: Path) -> None:
    (tools / "python3").symlink_to(sys.executable)
    program(tools, "uv", UV_OF_OUR_OWN)
    env = {"PATH": str(tools), "LOG": str(tmp_path / "log")}
    words = ("plan", "a b", "", "*", "'\"$HOME`x`\n")
    done = launch(bare / "phoenix", *words, cwd=tmp_path, env=env, stdin="the slice")
    assert done.stdout == "".join(f"<{word}>" for word in ("-P", "-m", "phoenix_hypervisor", *words)) + "the slice"
    assert done.stderr.count("\n") == 1
    assert launch(bare / "phoenix", cwd=tmp_path, env=env).stderr == ""
    assert (tmp_path / "log").read_text() == "venv\npip\n"


def test_killed_in_the_first_use_the_second_begins_anew(bare: Path, tools: Path, tmp_path: Path) -> None:
    (tools / "python3").symlink_to(sys.executable)
    env = {"PATH": str(tools), "LOG": str(tmp_path / "log")}
    program(tools, "uv", UV_THAT_IS_CUT_OFF)
    assert launch(bare / "phoenix", cwd=tmp_path, env=env).returncode != 0
    assert (bare / ".venv/bin/python").exists()
    program(tools, "uv", UV_OF_OUR_OWN)
    done = launch(bare / "phoenix", "plan", cwd=tmp_path, env=env)
    assert (done.returncode, done.stdout) == (0, "<-P><-m><phoenix_hypervisor><plan>")
    assert (tmp_path / "log").read_text() == "venv\npip\nvenv\npip\n"
