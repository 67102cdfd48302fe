"""What a plan advises can be pasted into a shell as it stands."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from rig import small


@pytest.mark.parametrize("tags", ["", "a;b", "a;$(reboot)", "a'b;x"])
def test_the_command_that_hands_a_container_over_holds_its_tags(tmp_path: Path, tags: str) -> None:
    rig = small(tmp_path / "etc")
    rig.converge(ctids={900})
    conf = "/etc/pve/lxc/900.conf"
    lines = [line for line in rig.node.files.read(conf).splitlines() if not line.startswith(("tags:", "#"))]
    rig.node.files.write(conf, "\n".join([f"tags: {tags}", *lines, ""]))
    (blocked,) = [each for each in rig.plan().blocked if each.target == "900"]
    line = blocked.hint.partition(": ")[2].partition(". ")[0]
    wanted = ";".join([*filter(None, tags.split(";")), "phoenix"])
    assert shlex.split(line) == ["pct", "set", "900", "--tags", wanted]
