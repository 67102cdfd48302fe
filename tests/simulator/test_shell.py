"""The simulated shell does what dash does: the same scripts under both, over the same little tree."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.box import Box, grow, grown

SCRIPTS = (Path(__file__).parent / "shell_scripts.txt").read_text().split("\n----\n")
DASH = Path("/bin/dash")
AS_ROOT = ("chown", "chgrp", "whoami", "install -o")
Outcome = tuple[int, str, str]


def real(script: str, folder: Path, program: str = "dash") -> Outcome:
    done = subprocess.run(
        [program, "-c", script, "sh", "A", "B C"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LC_ALL": "C"},
        timeout=20,
        umask=0o022,
        check=False,
    )
    status = 128 - done.returncode if done.returncode < 0 else done.returncode
    return status, done.stdout.decode(errors="surrogateescape"), done.stderr.decode(errors="surrogateescape")


def simulated(script: str, folder: Path, program: str = "sh") -> Outcome:
    result = grown(str(folder)).run(program, "-c", script, "sh", "A", "B C", directory=str(folder))
    return result.rc, result.stdout, result.stderr


def version(*argv: str) -> str:
    """The first line that a program says of itself; empty where it is missing."""
    if not shutil.which(argv[0]):
        return ""
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.partition("\n")[0]


SAME_DASH = version("dpkg-query", "-W", "-f", "${Version}", "dash").startswith("0.5.12")


def compare(script: str, folder: Path, *, messages: bool) -> None:
    """Both outcomes are the same; the texts of messages only where the real programs are of the versions modelled."""
    if os.getuid() and any(word in script for word in AS_ROOT):
        pytest.skip("only root may do this")
    grow(folder)
    count = 3 if messages else 2
    assert simulated(script, folder)[:count] == real(script, folder)[:count]


@pytest.mark.skipif(not DASH.exists(), reason="there is no dash to compare with")
@pytest.mark.parametrize("script", SCRIPTS, ids=range(len(SCRIPTS)))
def test_a_script_does_what_it_does_under_dash(script: str, tmp_path: Path) -> None:
    compare(script, tmp_path, messages=SAME_DASH)


BASH = [
    '[[ -f one && ! -d one ]] && echo f; [[ abc == a* ]] && echo glob; [[ "a*" == "a*" ]] && echo lit',
    "[[ x < y ]] && echo lt; [[ (a = b || a = a) && -n x ]]; echo $?",
    "[[ abc =~ ^a.c$ ]] && echo re; [[ -z $nope || 1 -gt 2 ]] && echo z; [[ a != b ]]; echo $?; [[ a == b ]]; echo $?",
    "set -o pipefail; false | true; echo $?; set +o pipefail; false | true; echo $?",
    "set -euo pipefail; echo start; false | cat; echo no",
    'x=hello; echo ${x/l/L} ${x//l/L} ${x:1:3} ${x: -2} ${x^} ${x^^}; y=ABC; echo ${y,,} ${y,}; x+=" w"; echo "$x"',
    "cat <<< 'here string'; echo out &> f; cat f; function g { echo g; }; g; echo $'a\\tb'",
    "((x = 3 + 4)); echo $x; ((x > 10)) || echo no; for i in 1 2; do ((x += i)); done; echo $x; let x=x*2; echo $x",
    "echo -e 'a\\tb'; echo 'a\\tb'; echo -n x; echo; echo -ne 'y\\n'; printf -v z '%s-%s' a b; echo $z",
    "f() { local a=1 b; declare c=2; echo $a$b$c; }; f; echo [$c]; declare -x E=5; sh -c 'echo $E'",
    "source ./nope 2>/dev/null; echo $?; echo 'v=1' >lib; source ./lib; echo $v",
    "nosuchcommand; echo $?; cd /nope; echo $?; read -r line < one; echo $line; read <two; echo $REPLY",
]


@pytest.mark.skipif(not Path("/bin/bash").exists(), reason="there is no bash to compare with")
@pytest.mark.parametrize("script", BASH)
def test_what_is_known_of_bash_does_as_bash_does(script: str, tmp_path: Path) -> None:
    grow(tmp_path)
    status, out, _ = simulated(script, tmp_path, "bash")
    assert (status, out) == real(script, tmp_path, "bash")[:2]


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)


@given(st.lists(texts, max_size=5))
@settings(max_examples=200, deadline=None)
def test_a_quoted_text_arrives_as_it_is(words: list[str]) -> None:
    script = f"printf '%s\\n' {shlex.join(words)}; for w in {shlex.join(words)}; do printf '%s|' \"$w\"; done"
    lines = "".join(f"{word}\n" for word in words or [""])
    assert Box().run("sh", "-c", script).stdout == lines + "".join(f"{word}|" for word in words)


@given(texts)
@settings(max_examples=200, deadline=None)
def test_a_text_passes_through_variable_and_here_document(text: str) -> None:
    script = f'x={shlex.quote(text)}; y=$x; cat <<EOF\n$y\nEOF\nprintf %s "$(printf %s "$y")"'
    assert Box().run("sh", "-c", script).stdout == f"{text}\n" + text.rstrip("\n")


_FRAGMENTS = """
if then else elif fi for in do done while until case esac { } ( ) ; ;; & && | || ! < > >> << <<- >& <& " ' ` $ $( $(( ))
${ } :- # % ## = == a x=1 $x "$@" [ ] [[ ]] * ? ~ \\ EOF echo cat true false exit return break f() set -e -u -- 2>&1 1
2 8 /nope one $((1/0)) ${x?} ${x:=y} read eval trap EXIT local export unset shift . exec
"""
fragments = st.sampled_from([*_FRAGMENTS.split(), "\n", "\t"])


@given(st.lists(fragments, max_size=14), st.sampled_from(["", " "]), st.sampled_from(["sh", "bash"]))
@settings(max_examples=600, deadline=None)
def test_no_script_is_an_accident(parts: list[str], joint: str, program: str) -> None:
    """Whatever the text, it ends with a status, never with an exception of Python."""
    result = grown("/w").run(program, "-c", joint.join(parts), directory="/w", stdin="line\n")
    assert result.rc >= 0


@given(st.text(max_size=60))
@settings(max_examples=400, deadline=None)
def test_no_text_is_an_accident(text: str) -> None:
    assert grown("/w").run("sh", "-s", stdin=text, directory="/w").rc >= 0


@pytest.mark.parametrize(
    "script",
    [
        "f() { f; }; f",
        "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done",
        "eval " * 3000 + ":",
        "$(" * 3000,
        "(" * 3000,
        "echo $((" + "(" * 3000,
        "f() { $(f); }; f",
        "echo ${x:-" * 3000,
    ],
)
def test_a_script_without_end_ends(script: str) -> None:
    assert Box().run("sh", "-c", script).rc == 2


def test_a_loop_that_waits_can_be_cut_off() -> None:
    result = Box().run("sh", "-c", "while :; do sleep 1; done", limit=1000)
    assert (result.rc, result.seconds > 1000) == (-1, True)


def test_a_script_that_only_turns_ends() -> None:
    result = Box().run("sh", "-c", "while :; do :; done")
    assert (result.rc, "too many steps" in result.stderr) == (2, True)


def test_what_was_done_before_the_cut_stays() -> None:
    box = Box()
    box.run("sh", "-c", "echo a >/a; sleep 10; echo b >/b", limit=5)
    assert (box.files.read("/a"), box.files.exists("/b")) == ("a\n", False)


def test_a_script_file_runs_through_its_interpreter() -> None:
    box = Box()
    box.put("/opt/x.sh", "#!/bin/bash\n[[ $1 == a ]] && cat\nexit 4\n", 0o755)
    box.put("/usr/local/bin/hello", '#!/bin/sh\necho "hello $1"\n', 0o755)
    result = box.run("/opt/x.sh", "a", stdin="given\n")
    assert (result.rc, result.stdout) == (4, "given\n")
    assert box.run("sh", "-c", "PATH=$PATH:/usr/local/bin; hello you").stdout == "hello you\n"
