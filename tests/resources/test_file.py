"""Files and blocks: written at once or not at all, judged before they are in force, foreign ones left alone."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from features.host.converging import changes, converge, look
from phoenix_hypervisor.command import Command
from phoenix_hypervisor.resource import Symbol
from phoenix_hypervisor.resources import due
from phoenix_hypervisor.resources.block import Block
from phoenix_hypervisor.resources.file import HEADER, File, NoFile, Seen, write
from phoenix_hypervisor.simulator.node import Node

PATH = "/etc/phoenix-test.conf"
TEXT = f"# {HEADER}\nkey = value\n"
HOSTILE = "'; reboot #\n$(touch /boom)\n`id`\n\\n %s \"\n\t-n\n"


def file(**fields: object) -> File:
    return File.model_validate({"name": PATH, "text": TEXT, **fields})


def run(node: Node, command: Command) -> str:
    return node.run(command.argv, command.stdin).stderr


def test_a_file_is_written_with_owner_and_mode_and_then_left_alone() -> None:
    node = Node.new()
    wanted = file(mode="0440")
    converge(node, [wanted])
    entry = node.files.stat(PATH)
    assert entry is not None
    assert (entry.data, entry.mode, entry.uid) == (TEXT, 0o440, 0)
    assert node.files.list("/etc").count("phoenix-test.conf") == 1
    assert not [name for name in node.files.list("/etc") if "phoenix~" in name]


@pytest.mark.parametrize("drift", ["echo other >>{0}", "chmod 666 {0}", "chown 33:33 {0}", "rm {0}", ": >{0}"])
def test_drift_of_text_mode_and_owner_is_repaired(drift: str) -> None:
    node = Node.new()
    converge(node, [file()])
    assert node.run(["sh", "-c", drift.format(PATH)]).ok
    if drift.startswith((":", "echo")):
        node.files.write(PATH, f"# {HEADER}\nother\n")
    assert converge(node, [file()])
    assert node.files.read(PATH) == TEXT


def test_hostile_text_arrives_as_it_is() -> None:
    node = Node.new()
    converge(node, [file(text=HOSTILE)])
    assert node.files.read(PATH) == HOSTILE
    assert not node.files.exists("/boom")


@pytest.mark.parametrize("path", ["etc/x", "/etc/../x", "/etc//x", "/etc/x\ny", "/", "", "/etc/./x"])
def test_a_place_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ValidationError):
        File(name=path, text="")


def test_a_file_of_somebody_else_stands_in_the_way() -> None:
    node = Node.new()
    node.files.write(PATH, "theirs\n")
    verdict = file().verdict(look(node, [file()]))
    assert [each.reason for each in verdict.obstacles] == [f"{PATH} is there and was not written by Phoenix"]
    assert not file(foreign=True).verdict(look(node, [file(foreign=True)])).obstacles


def test_an_empty_file_is_nobodys() -> None:
    node = Node.new()
    node.files.write(PATH, "")
    assert not file().verdict(look(node, [file()])).obstacles


def test_a_folder_or_link_stands_in_the_way() -> None:
    node = Node.new()
    node.files.mkdir(PATH)
    assert "directory" in file().verdict(look(node, [file()])).obstacles[0].reason
    node.files.remove(PATH)
    node.files.link("/etc/passwd", PATH)
    assert "symbolic link" in file().verdict(look(node, [file()])).obstacles[0].reason


def test_the_difference_is_told_unless_it_is_a_secret() -> None:
    node = Node.new()
    node.files.write(PATH, f"# {HEADER}\nkey = old\n")
    assert "-key = old\n+key = value" in file().verdict(look(node, [file()])).detail
    secret = file(secret=True)
    assert secret.verdict(look(node, [secret])).detail == ""
    assert next(secret.change(look(node, [secret]))).confidential


def test_what_the_check_refuses_is_not_put_in_force() -> None:
    node = Node.new()
    node.files.write(PATH, f"# {HEADER}\nold\n")
    wanted = file(check=("grep", "-q", "nowhere", "{}"))
    command = next(wanted.change(look(node, [wanted])))
    assert not node.run(command.argv, command.stdin).ok
    assert node.files.read(PATH) == f"# {HEADER}\nold\n"
    assert [name for name in node.files.list("/etc") if name.startswith(".phoenix")] == []
    assert converge(node, [file(check=("grep", "-q", "key", "{}"))])


def test_what_changed_meanwhile_is_not_overwritten() -> None:
    node = Node.new()
    command = next(file().change(look(node, [file()])))
    node.files.write(PATH, "somebody was faster\n")
    assert "changed meanwhile" in run(node, command)
    assert node.files.read(PATH) == "somebody was faster\n"


def test_what_is_to_be_told_is_marked_before_the_file_is_in_force() -> None:
    node = Node.new()
    converge(node, [file(notify=("smbd.service", "other"))])
    assert node.files.list(f"/{due.FOLDER}") == ["other", "smbd.service"]


def test_a_file_of_ours_goes_when_it_is_no_longer_declared() -> None:
    node = Node.new()
    converge(node, [file()])
    gone = NoFile(name=PATH, notify=("smbd.service",))
    assert gone.verdict(look(node, [gone])).symbol is Symbol.REMOVE
    converge(node, [gone])
    assert not node.files.exists(PATH)
    assert node.files.list(f"/{due.FOLDER}") == ["smbd.service"]
    node.files.write(PATH, "theirs\n")
    assert changes(node, [gone]) == []


# -- with the real shell and tools


def test_the_script_does_the_same_on_a_real_machine(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.conf"
    own = pwd.getpwuid(os.getuid())
    first = write(str(path), HOSTILE, None, owner=own.pw_name, group=str(own.pw_gid), mode="0640")
    assert _really(first) == 0
    assert path.read_text() == HOSTILE
    assert path.stat().st_mode & 0o7777 == 0o640
    assert _really(first) == 1, "it is there meanwhile"
    check = ("test", "!", "-e", "{}")
    refused = write(str(path), "other", _seen(path), owner=own.pw_name, group=str(own.pw_gid), check=check)
    assert _really(refused) == 1
    assert path.read_text() == HOSTILE
    assert [each.name for each in path.parent.iterdir()] == ["x.conf"]


def _really(command: Command) -> int:
    return subprocess.run(command.argv, input=command.stdin, text=True, check=False, capture_output=True).returncode


def _seen(path: Path) -> Seen:
    return Seen("regular file", "", "", "", path.read_text())


# -- blocks

OTHERS = "first\nsecond without end"


def block(**fields: object) -> Block:
    return Block.model_validate({"name": f"{PATH}#keys", "file": PATH, "text": "ours\n", **fields})


@pytest.mark.parametrize("before", [None, "", "theirs\n", OTHERS, "a\r\nb\r\n", "\x0c\u2028\n"])
def test_a_block_stands_beside_what_is_there_and_goes_without_a_trace(before: str | None) -> None:
    node = Node.new()
    if before is not None:
        node.files.write(PATH, before, mode=0o600, uid=33)
    converge(node, [block()])
    text = node.files.read(PATH)
    assert text.startswith(before or "")
    assert text.endswith("# BEGIN Phoenix Hypervisor: keys\nours\n# END Phoenix Hypervisor: keys\n")
    if before is not None:
        entry = node.files.stat(PATH)
        assert entry is not None
        assert (entry.mode, entry.uid) == (0o600, 33)
    converge(node, [block(text="")])
    kept = before or ""
    assert node.files.read(PATH) == kept + ("\n" if kept and not kept.endswith("\n") else "")


def test_a_changed_block_is_put_back_and_its_surroundings_stay() -> None:
    node = Node.new()
    node.files.write(PATH, "before\n")
    converge(node, [block()])
    node.files.write(PATH, node.files.read(PATH).replace("ours", "edited") + "after\n")
    converge(node, [block()])
    assert node.files.read(PATH).startswith("before\n# BEGIN")
    assert node.files.read(PATH).endswith("\nours\n# END Phoenix Hypervisor: keys\nafter\n")


@pytest.mark.parametrize("marks", ["# BEGIN Phoenix Hypervisor: keys\n", "# END Phoenix Hypervisor: keys\n"])
def test_half_a_pair_of_marks_is_left_alone(marks: str) -> None:
    node = Node.new()
    node.files.write(PATH, marks)
    assert changes(node, [block()]) == []
    assert "no pair" in block().verdict(look(node, [block()])).obstacles[0].reason


def test_a_block_cannot_hold_its_own_marks() -> None:
    with pytest.raises(ValidationError, match="own marks"):
        block(text="x\n# END Phoenix Hypervisor: keys\nevil\n")


def test_titles_keep_blocks_apart() -> None:
    node = Node.new()
    other = block(name=f"{PATH}#other", text="more\n")
    converge(node, [block()])
    converge(node, [other])
    assert changes(node, [block()]) == []
