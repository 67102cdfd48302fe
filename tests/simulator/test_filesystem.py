"""The simulated files keep a kernel's rules."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phoenix_hypervisor.simulator.filesystem import Entry, Filesystem, Generated, Tree


class Text(Generated):
    def __init__(self, text: str | None) -> None:
        self.text = text

    def read(self) -> str | None:
        return self.text


class Taking(Text):
    def write(self, text: str) -> None:
        self.text = text


class Folder(Generated):
    def __init__(self, **content: Generated) -> None:
        self.content = content

    def children(self) -> Mapping[str, Generated]:
        return self.content


def filesystem() -> Filesystem:
    tree = Tree()
    tree.put("/etc/hostname", Entry("file", "box\n"))
    tree.put("/a/b/c", Entry("file", "deep"))
    tree.put("/a/up", Entry("link", "../etc"))
    tree.put("/abs", Entry("link", "/a/b"))
    tree.put("/loop", Entry("link", "loop"))
    tree.put("/broken", Entry("link", "/nowhere"))
    tree.put("/dev/null", Entry("device", "c 1 3"))
    return Filesystem(tree, lambda: 42.0)


def code(action: Callable[[], object]) -> int | None:
    with pytest.raises(OSError) as caught:
        action()
    return caught.value.errno


FAULTS: list[tuple[str, Callable[[Filesystem], object], int]] = [
    ("read nothing", lambda f: f.read("/nope"), errno.ENOENT),
    ("read in nothing", lambda f: f.read("/nope/x"), errno.ENOENT),
    ("read a folder", lambda f: f.read("/etc"), errno.EISDIR),
    ("read in a file", lambda f: f.read("/etc/hostname/x"), errno.ENOTDIR),
    ("read a file as a folder", lambda f: f.read("/etc/hostname/"), errno.ENOTDIR),
    ("read in circles", lambda f: f.read("/loop"), errno.ELOOP),
    ("read a broken link", lambda f: f.read("/broken"), errno.ENOENT),
    ("write in nothing", lambda f: f.write("/nope/x", ""), errno.ENOENT),
    ("write a folder", lambda f: f.write("/etc", ""), errno.EISDIR),
    ("write what is there, exclusively", lambda f: f.write("/a/b/c", "", exclusive=True), errno.EEXIST),
    ("list a file", lambda f: f.list("/etc/hostname"), errno.ENOTDIR),
    ("list nothing", lambda f: f.list("/nope"), errno.ENOENT),
    ("make what is there", lambda f: f.mkdir("/etc"), errno.EEXIST),
    ("make in nothing", lambda f: f.mkdir("/x/y"), errno.ENOENT),
    ("make over a file, with parents", lambda f: f.mkdir("/a/b/c", parents=True), errno.EEXIST),
    ("make under a file, with parents", lambda f: f.mkdir("/a/b/c/d", parents=True), errno.ENOTDIR),
    ("remove nothing", lambda f: f.remove("/nope"), errno.ENOENT),
    ("remove what is not empty", lambda f: f.remove("/a"), errno.ENOTEMPTY),
    ("link over something", lambda f: f.link("x", "/abs"), errno.EEXIST),
    ("move nothing", lambda f: f.rename("/nope", "/x"), errno.ENOENT),
    ("move a folder onto a file", lambda f: f.rename("/a", "/etc/hostname"), errno.ENOTDIR),
    ("move a file onto a folder", lambda f: f.rename("/etc/hostname", "/a"), errno.EISDIR),
    ("move a folder onto a full one", lambda f: f.rename("/etc", "/a"), errno.ENOTEMPTY),
    ("move a folder into itself", lambda f: f.rename("/a", "/a/b/x"), errno.EINVAL),
    ("chmod nothing", lambda f: f.chmod("/nope", 0), errno.ENOENT),
    ("unmount what is not mounted", lambda f: f.unmount("/etc"), errno.EINVAL),
    ("mount what the tree has not", lambda f: f.mount("/m", Tree(), base="/x"), errno.ENOENT),
]


@pytest.mark.parametrize(("action", "expected"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS])
def test_what_cannot_be_done_says_why(action: Callable[[Filesystem], object], expected: int) -> None:
    files = filesystem()
    before = {path: files.stat(path, follow=False) for path in ("/", "/etc", "/a", "/a/b/c", "/etc/hostname")}
    assert code(lambda: action(files)) == expected
    assert before == {path: files.stat(path, follow=False) for path in before}


@pytest.mark.parametrize(
    ("path", "resolved"),
    [
        ("/a/up/hostname", "/etc/hostname"),
        ("/abs/c", "/a/b/c"),
        ("/abs/../up/hostname", "/etc/hostname"),
        ("/a/./b//c", "/a/b/c"),
        ("/../../etc", "/etc"),
        ("/broken", "/nowhere"),
        ("/a/up", "/etc"),
        ("/new", "/new"),
    ],
)
def test_links_and_dots_are_followed(path: str, resolved: str) -> None:
    assert filesystem().resolve(path) == resolved


def test_writing_keeps_what_was_not_said() -> None:
    files = filesystem()
    files.write("/f", "a", mode=0o600, uid=5, gid=6)
    files.write("/f", "b", append=True)
    assert files.stat("/f") == Entry("file", "ab", 0o600, 5, 6, 42.0)
    files.write("/abs/new", "x")
    assert files.read("/a/b/new") == "x"
    files.write("/dev/null", "gone")
    assert files.read("/dev/null") == ""


def test_moving_takes_all_that_is_below() -> None:
    files = filesystem()
    files.rename("/a/b", "/etc/b")
    assert (files.read("/etc/b/c"), files.list("/a")) == ("deep", ["up"])
    files.write("/etc/b/c2", "2")
    files.rename("/etc/b/c2", "/etc/b/c")
    assert files.read("/etc/b/c") == "2"


def test_removing_a_link_leaves_what_it_points_to() -> None:
    files = filesystem()
    files.remove("/abs", recursive=True)
    assert files.read("/a/b/c") == "deep"
    files.remove("/a", recursive=True)
    assert files.list("/") == ["broken", "dev", "etc", "loop"]


def test_a_snapshot_shares_entries_and_goes_its_own_way() -> None:
    tree = Tree({"/x": Entry("file", "1")})
    snapshot = tree.copy()
    Filesystem(tree).write("/x", "2")
    assert (tree["/x"].data, snapshot["/x"].data) == ("2", "1")
    assert snapshot["/"] is tree["/"]


def test_mounts_are_seen_by_the_longest_prefix() -> None:
    files, data = filesystem(), Tree({"/sub": Entry("directory"), "/sub/f": Entry("file", "data")})
    files.mount("/mnt/data", data, "tank/data")
    assert (files.list("/mnt"), files.read("/mnt/data/sub/f"), files.is_dir("/mnt")) == (["data"], "data", True)
    files.mount("/mnt/data/inner", Tree({"/i": Entry("file", "inner")}))
    assert files.list("/mnt/data") == ["inner", "sub"]
    assert code(lambda: files.unmount("/mnt/data")) == errno.EBUSY
    assert code(lambda: files.remove("/mnt", recursive=True)) == errno.EBUSY
    assert code(lambda: files.rename("/mnt/data/sub/f", "/f")) == errno.EXDEV
    files.unmount("/mnt/data/inner")
    files.unmount("/mnt/data")
    assert not files.exists("/mnt")
    assert code(lambda: files.mount("/", data)) == errno.EBUSY


def test_a_bind_mount_shows_a_folder_of_another_tree() -> None:
    host = Tree()
    host.put("/tank/media/film", Entry("file", "f", uid=100000))
    files = filesystem()
    files.mount("/mnt/media", host, base="/tank/media")
    assert files.list("/mnt/media") == ["film"]
    files.write("/mnt/media/new", "n")
    assert host["/tank/media/new"].data == "n"
    files.mount("/ro", host, base="/tank", read_only=True)
    assert code(lambda: files.write("/ro/x", "")) == errno.EROFS
    assert code(lambda: files.remove("/ro/media", recursive=True)) == errno.EROFS


def test_computed_files_are_read_when_they_are_looked_at() -> None:
    files, taking = filesystem(), Taking("0")
    files.generate("/proc/uptime", Text("1.0\n"))
    files.generate("/proc/gone", Text(None))
    files.generate("/proc/knob", taking)
    files.generate("/sys/class/net", Folder(eth0=Folder(address=Text("aa:bb\n"))))
    assert files.list("/proc") == ["knob", "uptime"]
    assert files.read("/sys/class/net/eth0/address") == "aa:bb\n"
    assert files.glob("/sys/class/net/*/address") == ["/sys/class/net/eth0/address"]
    assert not files.exists("/sys/class/net/eth1")
    files.write("/proc/knob", "5")
    assert taking.text == "5"
    for action in (
        lambda: files.write("/proc/uptime", "x"),
        lambda: files.write("/sys/class/net/new", "x"),
        lambda: files.chmod("/proc/uptime", 0),
        lambda: files.remove("/proc/uptime"),
    ):
        assert code(action) == errno.EACCES


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("/a/*", ["/a/b", "/a/up"]),
        ("/a/*/c", ["/a/b/c"]),
        ("/*/hostname", ["/etc/hostname"]),
        ("/etc/host?ame", ["/etc/hostname"]),
        ("/etc/[gh]*", ["/etc/hostname"]),
        ("/b*", ["/broken"]),
        ("/nope/*", []),
        ("/a/b", ["/a/b"]),
        ("/*/", ["/a/", "/abs/", "/dev/", "/etc/"]),
    ],
)
def test_patterns_find_paths(pattern: str, found: list[str]) -> None:
    assert filesystem().glob(pattern) == found


names = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=6)
entries = st.builds(
    Entry,
    st.sampled_from(["file", "directory", "link", "device"]),
    st.text(max_size=100),
    st.integers(0, 0o7777),
    st.integers(0, 1 << 31),
    st.integers(0, 1 << 31),
    st.floats(0, 1e10),
)


@given(st.dictionaries(names.map(lambda name: f"/{name}"), entries), st.booleans())
def test_a_tree_survives_json(content: dict[str, Entry], with_table: bool) -> None:
    tree, texts = Tree(content), {} if with_table else None
    document = json.loads(json.dumps([tree.to_json(texts), texts]))
    assert Tree.from_json(*document) == tree


@pytest.mark.parametrize(
    "value", [{"/x": ["f"]}, {"/x": ["q", "", 0, 0, 0, 0]}, {"/x": 3}, [], {"/x": ["f", {}, 0, 0, 0, 0]}]
)
def test_what_is_no_tree_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        Tree.from_json(value)  # type: ignore[arg-type]
