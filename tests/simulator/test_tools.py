"""The simulated everyday programs do what the real ones do: the same scripts under both, over the same little tree."""

from __future__ import annotations

import shutil
from pathlib import Path
from zoneinfo import available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.box import PROGRAMS, Box, grown
from simulator.test_shell import DASH, compare, version

SCRIPTS = (Path(__file__).parent / "tool_scripts.txt").read_text().split("\n----\n")


GNU = "(GNU coreutils) 9." in version("cp", "--version")


@pytest.mark.skipif(not (DASH.exists() and GNU), reason="there are no GNU coreutils 9 and dash to compare with")
@pytest.mark.parametrize("script", SCRIPTS, ids=range(len(SCRIPTS)))
def test_the_tools_do_what_the_real_ones_do(script: str, tmp_path: Path) -> None:
    compare(script, tmp_path, messages="9.1" in version("cp", "--version"))


def test_time_is_spent_and_counted() -> None:
    assert Box().run("sleep", "2.5").seconds == 2.5
    assert Box().run("sleep", "1m").seconds == 60
    cut = Box().run("timeout", "3", "sleep", "100")
    assert (cut.rc, cut.seconds) == (124, pytest.approx(3, abs=0.01))
    assert Box().run("cat", "/etc/passwd").seconds == pytest.approx(0.001)


def test_keys_are_unique_and_the_same_in_each_run() -> None:
    def keys(box: Box) -> list[str]:
        for name in ("a", "b"):
            assert box.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "me@x", "-f", f"/{name}").rc == 0
        return [box.files.read(path) for path in ("/a", "/a.pub", "/b", "/b.pub")]

    first = keys(Box())
    assert (len(set(first)), first) == (4, keys(Box()))
    assert first[1].startswith("ssh-ed25519 AAAA")
    assert first[1].endswith(" me@x\n")


def test_a_key_is_not_overwritten_without_being_told() -> None:
    box = Box()
    box.put("/k", "mine\n")
    assert box.run("ssh-keygen", "-q", "-t", "rsa", "-N", "", "-f", "/k").rc == 1
    assert box.files.read("/k") == "mine\n"
    assert "already exists" in box.run("ssh-keygen", "-t", "rsa", "-N", "", "-f", "/k").stdout


def test_a_key_has_a_fingerprint() -> None:
    box = Box()
    box.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/k")
    assert box.run("ssh-keygen", "-l", "-f", "/k.pub").stdout.startswith("256 SHA256:")
    box.files.mkdir("/etc/ssh")
    assert box.run("ssh-keygen", "-A").rc == 0
    assert len(box.files.glob("/etc/ssh/ssh_host_*_key.pub")) == 3


def test_a_lock_that_is_held_keeps_others_out() -> None:
    box = Box()
    box.files.locks.add("/l")
    assert box.run("flock", "-n", "/l", "true").rc == 1
    waited = box.run("flock", "-w", "2", "/l", "true")
    assert (waited.rc, waited.seconds > 2) == (1, True)
    box.files.locks.clear()
    assert box.run("flock", "/l", "sh", "-c", "exit 3").rc == 3


def test_a_lock_is_let_go_when_its_holder_is_cut_off() -> None:
    box = Box()
    assert box.run("flock", "/l", "sleep", "100", limit=5).rc == -1
    assert box.run("flock", "-n", "/l", "true").rc == 0


def test_dates_are_of_the_machine() -> None:
    box = Box()
    assert box.run("date", "+%s").stdout == "1795000000\n"
    assert box.run("date", "-u").stdout == "Wed Nov 18 11:06:40 UTC 2026\n"


@pytest.mark.skipif("Europe/Berlin" not in available_timezones(), reason="Python finds no tzdata here")
def test_dates_are_of_the_zone_of_the_machine() -> None:
    box = Box()
    box.files.link("/usr/share/zoneinfo/Europe/Berlin", "/etc/localtime")
    assert box.run("date", "+%H:%M %Z").stdout.split() == ["12:06", "CET"]


ALL = sorted(set(PROGRAMS) - {"sh", "bash", "dash"})
words = st.lists(
    st.one_of(
        st.sampled_from(
            ["-n", "-r", "-f", "-c", "-d", "-e", "--", "-", "one", "dir", "/nope", "link", "1", "-1", "s/a/b/"]
        ),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
    ),
    max_size=5,
)


@given(st.sampled_from(ALL), words, st.text(max_size=20))
@settings(max_examples=1500, deadline=None)
def test_no_command_line_is_an_accident(name: str, arguments: list[str], stdin: str) -> None:
    result = grown("/w").run(name, *arguments, stdin=stdin, directory="/w", limit=1e6)
    assert isinstance(result.rc, int)


@pytest.mark.parametrize(
    "name", ["cat", "ls", "grep", "sed", "sort", "cp", "mv", "rm", "find", "stat", "mktemp", "env"]
)
def test_what_is_compared_is_there(name: str) -> None:
    assert shutil.which(name)
    assert name in PROGRAMS
