"""Values are read as bash reads them."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from phoenix_hypervisor.config.legacy.script import parse
from phoenix_hypervisor.config.legacy.statements import Run
from phoenix_hypervisor.config.legacy.values import Listing, Text
from phoenix_hypervisor.config.legacy.variables import Variables
from phoenix_hypervisor.errors import ConfigurationError

START = 'A=a; B="b c"; C=\n'


def values(text: str) -> Variables:
    variables = Variables(parse(text.encode(), "f.sh"))
    Run(variables).file()
    return variables


def known(variables: Variables, name: str) -> list[str] | None:
    """The texts of a variable; None when one of them is not known."""
    value = variables.values.get(name)
    items = value.in_order() if isinstance(value, Listing) else [value]
    texts = [item.text for item in items if isinstance(item, Text)]
    return texts if len(texts) == len(items) else None


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("V=plain", ["plain"]),
        ("V=a\\ b", ["a b"]),
        ("V=#a", ["#a"]),
        ("V='$A \\n'", ["$A \\n"]),
        ('V="  $A ${B}  "', ["  a b c  "]),
        ('V="a\\"b\\$c\\n"', ['a"b$c\\n']),
        ("V=$'a\\tb\\x41\\u00fc\\''", ["a\tbAü'"]),
        ('V=$"text"', ["text"]),
        ("V=a\"b\"'c'$A", ["abca"]),
        ('V="one\\\ntwo"', ["onetwo"]),
        ('V="one\ntwo"', ["one\ntwo"]),
        ("V=", [""]),
        ("V=${C:-d}", ["d"]),
        ("V=${C-d}", [""]),
        ("V=${A:+d}", ["d"]),
        ('V="${C:-${A}/x}"', ["a/x"]),
        ("V=a; V+=b", ["ab"]),
        ("V=(a 'b c' $B \"$B\")", ["a", "b c", "b", "c", "b c"]),
        ("V=(a\n# b\nc)", ["a", "c"]),
        ('V=(a b); V+=(c); V=("${V[@]}" d)', ["a", "b", "c", "d"]),
        ("V=([2]=c [0]=a); V[1]=b", ["a", "b", "c"]),
        ("declare -A V=([k]=v ['l m']=$A); V[n]=w; V[k]+=x", ["vx", "a", "w"]),
        ("readonly V=$A", ["a"]),
        ("typeset -i V=5", ["5"]),
        ("f() { V=b; }; f", ["b"]),
        ("V=a; f() { local V=b; }; f", ["a"]),
        ("true && V=x", ["x"]),
        ("{ V=x; } >/dev/null", ["x"]),
    ],
)
def test_what_a_variable_holds(line: str, wanted: list[str]) -> None:
    assert known(values(START + line + "\n"), "V") == wanted


@pytest.mark.parametrize(
    "line",
    [
        "V=a\\\nb",
        "V=(a*)",
        "V=({a,b})",
        "V=(${C:-'a b'})",
        "typeset -i V=A",
        "typeset -u V=a",
        "V=${!A}",
        "V=${#A}",
        "V=${A@Q}",
        "V=$1",
        "V=$'\\0'",
        "V=${UNSET:?}",
        "export V=x{a,b}",
        "V=<(ls)",
    ],
)
def test_what_is_not_known(line: str) -> None:
    assert known(values(START + line + "\n"), "V") is None


PIECES = st.sampled_from(
    [
        "a",
        "x/y",
        "k=v,l=2",
        "\\$",
        "\\ ",
        "'s q'",
        "'$A'",
        '"$B "',
        '" ${A}\\""',
        "$A",
        "${B}",
        "${C:-d}",
        '"${C:-$A e}"',
        "$'\\t'",
        "${A:+f}",
        '""',
        "#",
        "a*",
        "ü",
    ]
)
WORDS = st.lists(PIECES, min_size=1, max_size=4).map("".join)
LINES = st.one_of(
    WORDS.map("V={}".format),
    WORDS.map("V+={}".format),
    WORDS.map("export A={}".format),
    st.lists(WORDS, max_size=3).map(lambda words: f"L=({' '.join(words)} )"),
    st.lists(WORDS, max_size=2).map(lambda words: f"L+=({' '.join(words)}\n)"),
    WORDS.map("f() {{ B={}; }}\nf".format),
)


BASH = shutil.which("bash") or ""


@pytest.mark.skipif(not BASH, reason="needs bash to compare with")
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(LINES, min_size=1, max_size=4))
def test_bash_reads_the_same(lines: list[str]) -> None:
    text = f"{START}V=; L=()\n" + "\n".join(lines) + "\n"
    shown = 'printf "%s\\0" "$A" "$B" "$V" "${L[@]}"'
    bash = subprocess.run(
        [BASH, "--norc", "-c", f"cd / || exit\n{text}{shown}"],
        capture_output=True,
        env={"PATH": "/nowhere", "LC_ALL": "C.UTF-8"},
    )
    assume(bash.returncode == 0 and not bash.stderr)
    *scalars, rest = [piece.decode() for piece in bash.stdout.split(b"\0", 3)]
    try:
        variables = values(text)
    except ConfigurationError:
        return
    for name, wanted in zip("ABV", scalars, strict=True):
        assert known(variables, name) in (None, [wanted]), text
    assert known(variables, "L") in (None, rest.split("\0")[:-1]), text
