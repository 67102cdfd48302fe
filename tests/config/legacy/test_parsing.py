"""Here-documents are not settings, and what is no shell says its own line."""

from __future__ import annotations

import pytest

from phoenix_hypervisor.config.legacy import Migration, migrate
from phoenix_hypervisor.config.legacy.parsing import faulty_line, parsed
from phoenix_hypervisor.errors import ConfigurationError

LIMIT = "ZFS_ARC_MAX=8589934592"


def read(*lines: str) -> Migration:
    return migrate("\n".join(["QUICKOS_POOL=tank", *lines, ""]).encode(), "f.sh")


@pytest.mark.parametrize(
    "lines",
    [
        ("FOO=<<EOF", LIMIT, "EOF"),
        ("FOO=<< 'E F'", LIMIT, "E F"),
        ('export FOO=<<"EOF"', LIMIT, "EOF"),
        ("FOO=<<-EOF", f"\t{LIMIT}", "\tEOF"),
        ("FOO=<<\\EOF", LIMIT, "EOF"),
        ("A=<<X B=<<Y", LIMIT, "X", LIMIT, "Y"),
        ("FOO=<<EOF", LIMIT, 'a " quote (and a {brace', "EOF"),
        ("FOO=<<EOF", LIMIT),
        ("cat <<EOF", LIMIT, "EOF"),
    ],
    ids=" ".join,
)
def test_what_a_here_document_says_is_no_setting(lines: tuple[str, ...]) -> None:
    found = read(*lines)
    assert found.document["zfs"] == {"pools": [{"name": "tank"}]}
    assert not [each for each in found.problems if "ZFS_ARC_MAX" in each.message]


@pytest.mark.parametrize("end", ["EOF", "\tEOF"])
def test_what_follows_a_here_document_is_read_from_its_own_place(end: str) -> None:
    found = read(f"FOO=<<{'-' * end.startswith(chr(9))}EOF", "it (", end, LIMIT, "BAR=1")
    assert found.document["zfs"] == {"pools": [{"name": "tank"}], "arc_max_gb": 8}
    assert [each.place.line for each in found.problems if "BAR" in each.message] == [6]


def test_a_sign_of_one_within_quotes_is_text() -> None:
    content = b'A="\nB=<<EOF\n"\nC=1\nEOF\n'
    read_as = parsed(content)
    assert read_as is not None and read_as[0] == content


@pytest.mark.parametrize("wrong", ["if ((", "case x in", "if ;"])
@pytest.mark.parametrize("before", [0, 1, 7])
def test_what_is_no_shell_says_its_own_line(wrong: str, before: int) -> None:
    lines = [LIMIT] * before
    try:
        problems = read(*lines, wrong, *["B=1"] * 5).problems
    except ConfigurationError as error:
        problems = error.problems
    assert {each.place.line for each in problems if each.code == "syntax"} == {before + 2}


@pytest.mark.parametrize(
    ("lines", "line"),
    [(["A=1", "if ((", "B=2"], 1), (["if ((", "A=1", "case x in"], None), (["A=1"] * 500 + ["if (("], None)],
    ids=["one", "two wrong", "too many lines"],
)
def test_only_a_single_line_is_to_blame(lines: list[str], line: int | None) -> None:
    assert faulty_line("\n".join(lines).encode()) == line
