"""Raw lines of a container: mounted folders, id maps, and how they are written beside what people have there."""

from __future__ import annotations

import pytest

from phoenix_hypervisor.features.lifecycle.raw import host_id, id_map_lines, mount_entry, write_lines
from phoenix_hypervisor.proxmox.guest import parse
from phoenix_hypervisor.simulator.node import Node

MEDIA = ("both", 1000, 1000, 1)
CONF = "/etc/pve/lxc/900.conf"


def test_a_folder_stands_as_fstab_takes_it() -> None:
    key, line = mount_entry("/srv/a b", "/mnt/1\\2\t3")
    assert key == "lxc.mount.entry"
    assert line == "/srv/a\\040b mnt/1\\1342\\0113 none bind,create=dir 0 0"


@pytest.mark.parametrize(
    ("ranges", "lines"),
    [
        ((), []),
        ((MEDIA,), ["u 0 100000 1000", "u 1000 1000 1", "u 1001 101001 64535",
                    "g 0 100000 1000", "g 1000 1000 1", "g 1001 101001 64535"]),
        ((("u", 0, 0, 65536),), ["u 0 0 65536", "g 0 100000 65536"]),
        ((("g", 44, 44, 1), ("g", 104, 45, 1)),
         ["u 0 100000 65536", "g 0 100000 44", "g 44 44 1", "g 45 104 1", "g 46 100046 65490"]),
    ],
)  # fmt: skip
def test_an_id_map_covers_every_id_once(ranges: tuple[tuple[str, int, int, int], ...], lines: list[str]) -> None:
    found = list(id_map_lines(ranges))  # type: ignore[arg-type]
    assert [value for _, value in found] == lines
    assert {key for key, _ in found} <= {"lxc.idmap"}
    for kind in ("u", "g") if ranges else ():
        spans = [[int(word) for word in value.split()[1:]] for _, value in found if value.startswith(kind)]
        assert [first for first, _, _ in spans] == [sum(size for _, _, size in spans[:at]) for at in range(len(spans))]
        assert sum(size for _, _, size in spans) == 65536


@pytest.mark.parametrize(("inside", "on_node"), [(0, 100_000), (1000, 1000), (1001, 101_001)])
def test_an_id_is_another_one_on_the_node(inside: int, on_node: int) -> None:
    assert host_id(inside, "u", (MEDIA,), unprivileged=True) == on_node
    assert host_id(inside, "g", (), unprivileged=False) == inside


@pytest.mark.parametrize("lines", [(), (("lxc.cap.drop", "sys_admin"), ("lxc.environment", 'A="b c"; reboot'))])
def test_lines_replace_those_of_the_current_section_only(lines: tuple[tuple[str, str], ...]) -> None:
    node = Node.new()
    before = "memory: 512\nlxc.environment: OLD=1\n\n[base]\nmemory: 256\nlxc.environment: KEPT=1\n"
    node.files.write(CONF, before)
    command = write_lines(900, lines)
    assert node.run(command.argv, command.stdin).ok
    found = parse(node.files.read(CONF))
    assert (found.current.raw, dict(found.current.options)) == (lines, {"memory": "512"})
    assert found.snapshots == parse(before).snapshots


def test_under_a_lock_nothing_is_written() -> None:
    node = Node.new()
    node.files.write(CONF, "lock: backup\nmemory: 512\n")
    command = write_lines(900, (("lxc.cap.drop", "sys_admin"),))
    done = node.run(command.argv, command.stdin)
    assert not done.ok and "CT is locked (backup)" in done.stderr
    assert node.files.read(CONF) == "lock: backup\nmemory: 512\n"
