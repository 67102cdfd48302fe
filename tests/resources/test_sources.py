"""Entries of apt's sources, and what switching one leaves as it was."""

from __future__ import annotations

import pytest

from phoenix_hypervisor.resources.sources import entries, switched

LIST = "/etc/apt/sources.list"
STANZAS = "/etc/apt/sources.list.d/x.sources"


@pytest.mark.parametrize(
    ("line", "enabled"),
    [
        ("deb http://a/debian trixie main", True),
        ("deb [arch=amd64 signed-by=/k.gpg] http://a/debian trixie main contrib # why", True),
        ("#deb http://a/debian trixie main", False),
        ("  ## deb http://a/debian trixie main", False),
    ],
)
def test_a_line_is_an_entry(line: str, enabled: bool) -> None:
    (entry,) = entries(LIST, f"{line}\n")
    assert (entry.types, entry.uris, entry.suites, entry.enabled) == (
        ("deb",),
        ("http://a/debian",),
        ("trixie",),
        enabled,
    )
    assert entry.components[0] == "main" and "#" not in entry.components


@pytest.mark.parametrize("line", ["", "# see deb http://a for more", "debug http://a b c", "deb", "\x00"])
def test_other_lines_are_none(line: str) -> None:
    assert list(entries(LIST, f"{line}\n")) == []


def test_a_stanza_is_an_entry_however_its_fields_are_written() -> None:
    text = "# -\n\nTypes: deb deb-src\nuris:\n http://a\n http://b\nSuites: x y\nComponents: c\nEnabled:  NO\n\n\n#\n"
    (entry,) = entries(STANZAS, text)
    assert entry.types == ("deb", "deb-src") and entry.uris == ("http://a", "http://b")
    assert (entry.suites, entry.components, entry.enabled) == (("x", "y"), ("c",), False)


@pytest.mark.parametrize("ending", ["", "\n", "\n\n# last\n"])
def test_a_stanza_goes_off_and_on_again(ending: str) -> None:
    before = "Types: deb\nURIs: http://a\nSuites: x\nComponents: c\n\n"
    text = f"{before}# mine\nTypes: deb\nURIs: http://b\nSuites: y\nComponents: d{ending}"
    first, second = entries(STANZAS, text)
    off = switched(STANZAS, text, second, on=False)
    assert [each.enabled for each in entries(STANZAS, off)] == [True, False]
    assert off.replace("Enabled: no\n", "").rstrip("\n") == text.rstrip("\n")
    back = switched(STANZAS, off, list(entries(STANZAS, off))[1], on=True)
    assert back == (text if ending else f"{text}\n")
    assert first.enabled


def test_a_line_goes_off_and_on_again() -> None:
    text = "# one\ndeb http://a x c\ndeb http://b y d"
    _, second = entries(LIST, text)
    off = switched(LIST, text, second, on=False)
    assert off == "# one\ndeb http://a x c\n# deb http://b y d"
    assert switched(LIST, off, list(entries(LIST, off))[1], on=True) == text
