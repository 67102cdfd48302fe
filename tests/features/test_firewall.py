"""Two firewall files that mean the same, and two that do not."""

from __future__ import annotations

import pytest

from phoenix_hypervisor.features.lifecycle.firewall import Rule, render, same

RULES = (
    Rule("in", "ACCEPT", source="10.0.0.1", proto="tcp", port="22", comment="from # home"),
    Rule("in", "SSH(DROP)", dest="10.0.0.2"),
)
OURS = render(True, RULES)
ANEW = """\
[OPTIONS]

enable: 1

[RULES]

IN ACCEPT -source 10.0.0.1 -p tcp -dport 22 # from # home
IN SSH(DROP) -dest 10.0.0.2

"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("-p tcp -dport 22", "--dport 22 -proto tcp"),
        ("IN SSH", "in SSH"),
        ("enable: 1", "enable:1"),
        ("[RULES]", "[rules]\n# a word to those who read it"),
        ("\n\n", "\n"),
    ],
)
def test_the_same(old: str, new: str) -> None:
    assert same(OURS, ANEW.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("enable: 1", "enable: 0"),
        ("enable: 1", "enable: 1\nmacfilter: 0"),
        ("22", "23"),
        ("IN SSH", "OUT SSH"),
        ("IN SSH", "|IN SSH"),
        ("SSH(DROP)", "SSH(ACCEPT)"),
        ("from # home", "from home"),
        ("[RULES]\n", "[RULES]\nIN DROP\n"),
        ("[RULES]", "[IPSET x]"),
        (ANEW, ""),
    ],
)
def test_not_the_same(old: str, new: str) -> None:
    assert not same(OURS, ANEW.replace(old, new))


def test_the_order_of_rules_matters() -> None:
    assert not same(render(True, RULES), render(True, RULES[::-1]))


def test_no_file_is_no_empty_one() -> None:
    assert same(None, None) and not same(None, "") and not same("", None)
