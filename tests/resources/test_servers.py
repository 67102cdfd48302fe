"""What servers are made of: units, environments of Python, published archives, secrets, answers."""

from __future__ import annotations

import hashlib
import shlex
from typing import Any

import pytest
from pydantic import SecretStr

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.features.container.vllm.token import GivenToken
from phoenix_hypervisor.machine import Facts
from phoenix_hypervisor.resource import Resource, Symbol
from phoenix_hypervisor.resources.answering import Answering
from phoenix_hypervisor.resources.ownfolder import OwnFolder
from phoenix_hypervisor.resources.release import Release
from phoenix_hypervisor.resources.secretfile import SecretFile, mark_of
from phoenix_hypervisor.resources.server import server
from phoenix_hypervisor.resources.systemunit import NoUnit, UnitFile, served, word
from phoenix_hypervisor.resources.venv import Venv

VENV = Venv(name="/opt/v", project="p")
URLS = (("0", "https://a.example/{version}.tgz"), ("2.0", "https://a.example/{version}.zst"))
RELEASE = Release(name="/opt/r", program="bin/r", urls=URLS, newest="https://a.example/newest.zst")
SECRETS = SecretFile(name="/etc/s.env", owner="daemon", values={"KEY": SecretStr('a"$b')})
TEXT = 'KEY="a\\"\\$b"\n'
ANSWER = Answering(name="s.service", curl=("http://127.0.0.1:1/",), limit=30)


def facts(resource: Resource, *said: str) -> Facts:
    """The resource's facts, from what the machine answers to each."""
    return Facts({fact: fact.parse(Result(0, text)) for fact, text in zip(resource.facts(), said, strict=True)})


def changes(resource: Resource, *said: str) -> list[Command]:
    return list(resource.change(facts(resource, *said)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/b:c@d=1,2", "a/b:c@d=1,2"),
        ("", '""'),
        ("a b", '"a b"'),
        ("x; reboot", '"x; reboot"'),
        (";", '";"'),
        ("$HOME 100%", '"$$HOME 100%%"'),
        ('{"a": 1}', '"{\\"a\\": 1}"'),
        ("a\nExecStartPre=b", '"a\\nExecStartPre=b"'),
        ("\\", '"\\\\"'),
        ("a\0\x1b", '"a\\x00\\x1b"'),
        ("ü€", '"ü€"'),
    ],
)
def test_a_word_of_a_unit_arrives_as_it_was(text: str, expected: str) -> None:
    assert word(text) == expected


def test_a_unit_has_an_option_a_line_and_no_line_more() -> None:
    text = served("S", "daemon", (("/bin/s",), ("--a", "b\nUser=root")), {"P": "/50%"}, ("/etc/s.env",))
    assert 'ExecStart=/bin/s \\\n    --a "b\\nUser=root"\nNoNewPrivileges' in text
    assert text.count("\nUser=") == 1 and '\nEnvironment="P=/50%%"\nEnvironmentFile=-/etc/s.env\n' in text


@pytest.mark.parametrize(
    ("version", "said", "how", "reason"),
    [
        (None, "", ["newest", "new"], "not installed"),
        ("1.0", "", ["1.0", "new"], "not installed"),
        (None, "pip==1\np==1.0\nlock p==1.0\n", [], ""),
        ("1.0", "pip==1\np==1.0\nlock p==1.0\n", [], ""),
        ("2.0", "pip==1\np==1.0\nlock p==1.0\n", ["2.0", "there"], "1.0 is there, declared is 2.0"),
        (None, "pip==1\np==2.0\nlock p==1.0\n", ["lock", "there"], "p 2.0, was 1.0"),
        (None, "pip==1\np==1.0\nlock p==1.0\nlock q==3\n", ["lock", "there"], "q is gone, was 3"),
        (None, "pip==1\np==1.0\nq==1\nlock p==1.0\n", [], "what was added is nobody's business"),
        (None, "unfinished\npip==1\np==1.0\nlock p==1.0\n", ["lock", "new"], "an installation was cut off"),
        (None, "p==1.0\nlock p==2.0\n", ["lock", "new"], "p 1.0, was 2.0"),
        (None, "lock p==1\nlock q==1\nlock r==1\nlock s==1\n", ["lock", "new"], "p is gone, was 1; q is gone, was 1; r "
         "is gone, was 1; 1 more"),
    ],
)  # fmt: skip
def test_an_environment_is_as_it_was_written_down(version: str | None, said: str, how: list[str], reason: str) -> None:
    venv = VENV.model_copy(update={"version": version})
    found = changes(venv, said)
    assert [list(command.argv[-2:]) for command in found] == ([how] if how else [])
    if how:
        assert venv.verdict(facts(venv, said)).reason == reason


@pytest.mark.parametrize(
    ("version", "said", "url"),
    [
        (None, "", "newest.zst"),
        ("1.9", "", "1.9.tgz"),
        ("2.0", "", "2.0.zst"),
        ("10.0", "", "10.0.zst"),
        (None, "said r version is 1.9\nkept 1.9\n", None),
        ("1.9", "said Warning: client version is 1.9\nkept 1.9\n", None),
        ("2.0", "said r version is 1.9\nkept 1.9\n", "2.0.zst"),
        (None, "said version: 8 (abc)\nkept 1.9\n", "1.9.tgz"),
        (None, "said it does not start\nkept 1.9\n", "1.9.tgz"),
        (None, "said r version is 1.9\n", "newest.zst"),
        ("1.9", "said r version is 1.9\n", "1.9.tgz"),
    ],
)
def test_a_program_is_the_one_that_was_installed(version: str | None, said: str, url: str | None) -> None:
    release = RELEASE.model_copy(update={"version": version})
    found = [command.argv[6].rpartition("/")[2] for command in changes(release, said)]
    assert found == ([url] if url else [])


@pytest.mark.parametrize(
    ("secrets", "said", "command"),
    [
        (SECRETS, "", "write-secrets"),
        (SECRETS, f"daemon:600 {hashlib.sha256(TEXT.encode()).hexdigest()}", None),
        (SECRETS, f"daemon:644 {hashlib.sha256(TEXT.encode()).hexdigest()}", "write-secrets"),
        (SECRETS, f"root:600 {hashlib.sha256(TEXT.encode()).hexdigest()}", "write-secrets"),
        (SECRETS, f"daemon:600 {'0' * 64}", "write-secrets"),
        (SecretFile(name="/etc/s.env", owner="daemon"), "", None),
        (SecretFile(name="/etc/s.env", owner="daemon"), f"daemon:600 {'0' * 64}", "/etc/s.env"),
    ],
)
def test_secrets_are_their_owners_alone_and_show_nowhere(secrets: SecretFile, said: str, command: str | None) -> None:
    found = changes(secrets, said)
    assert [command in each.argv for each in found] == ([True] if command else [])
    assert [each.confidential and each.stdin == TEXT for each in found if each.argv[3] == "write-secrets"] in (
        [],
        [True],
    )
    shown = [*map(str, found), str(secrets), repr(secrets), secrets.model_dump_json(), str(secrets.verdict)]
    assert not [text for text in shown if "$b" in text]


def test_marks_tell_secrets_apart() -> None:
    assert mark_of({}) == "" != mark_of({"A": "b"}) != mark_of({"A": "c"})
    assert mark_of({"A": "b", "C": "d"}) == mark_of({"C": "d", "A": "b"})


@pytest.mark.parametrize(("said", "waits"), [("answers\n", False), ("", True)])
def test_what_does_not_answer_is_waited_for(said: str, waits: bool) -> None:
    found = changes(ANSWER, said)
    assert [command.argv[3:] for command in found] == (
        [("wait-for-answer", "s.service", "30", "http://127.0.0.1:1/")] if waits else []
    )
    assert all(command.timeout > ANSWER.limit for command in found)


TOKEN = GivenToken(name="/etc/t.env", owner="daemon", is_wanted=True)


@pytest.mark.parametrize("result", [Result(1, "", "no luck"), Result(0, "nothing that was asked for\n")])
@pytest.mark.parametrize("resource", [ANSWER, SECRETS, RELEASE, VENV, TOKEN], ids=lambda each: each.kind)
def test_a_look_that_tells_nothing_is_an_error(resource: Resource, result: Result) -> None:
    with pytest.raises(NodeError):
        next(iter(resource.facts())).parse(result)


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        ("", ["mkdir -p /m", "chown daemon:daemon /m"]),
        ("directory:root:root:755", ["chown daemon:daemon /m"]),
        ("directory:daemon:daemon:755", []),
        ("directory:nobody:nogroup:755", []),
    ],
)
def test_a_folder_is_taken_over_from_root_alone(said: str, lines: list[str]) -> None:
    folder = OwnFolder(name="/m", owner="daemon", group="daemon")
    assert [shlex.join(command.argv) for command in changes(folder, said)] == lines


def test_what_is_off_is_a_file_alone() -> None:
    kinds: dict[bool, list[Any]] = {
        is_on: [type(each).__name__ for each in server("s.service", "text", (), (), 1, is_on=is_on)]
        for is_on in (True, False)
    }
    assert kinds == {True: ["UnitFile", "Service", "Answering"], False: ["UnitFile", "Service"]}


def test_a_unit_that_is_written_is_read_again() -> None:
    unit = UnitFile(name="/etc/systemd/system/s.service", text="new")
    assert [command.argv[:2] for command in changes(unit, "")][-1:] == [("systemctl", "daemon-reload")]
    assert changes(unit, "regular file:root:root:644\nnew") == []


@pytest.mark.parametrize(
    ("said", "goes"),
    [("", False), ("regular file:root:root:644\n# of somebody\n", False), ("regular file:root:root:644\n# Managed by "
      "Phoenix Hypervisor. What is changed here is undone by the next apply.\n", True)],
)  # fmt: skip
def test_only_a_unit_of_ours_is_removed(said: str, goes: bool) -> None:
    found = changes(NoUnit(name="s.service"), said)
    assert [command.argv[3:] for command in found] == ([("s.service", "/etc/systemd/system/s.service")] if goes else [])
    if goes:
        assert NoUnit(name="s.service").verdict(facts(NoUnit(name="s.service"), said)).symbol is Symbol.REMOVE
