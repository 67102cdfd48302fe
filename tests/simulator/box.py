"""A bare machine for the programs of the simulator, and the same little tree as real files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.simulator import coreutils, debian, shell
from phoenix_hypervisor.simulator.faults import Faults
from phoenix_hypervisor.simulator.filesystem import Entry, Filesystem, Tree
from phoenix_hypervisor.simulator.process import Address, Kernel, Process, Program, execute

PROGRAMS: dict[str, Program] = {**coreutils.PROGRAMS, **shell.PROGRAMS, **debian.PROGRAMS}
KERNEL = Kernel("6.17.2-1-pve", "#1 SMP PREEMPT_DYNAMIC PMX 6.17.2-1 (2025-10-21T11:55Z)")
BASE = {
    "/etc/passwd": "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n",
    "/etc/group": "root:x:0:\nadm:x:4:www-data\nwww-data:x:33:\n",
}


@dataclass
class Box:
    """A machine with the everyday programs, an address, and nothing else."""

    tree: Tree = field(default_factory=Tree)
    clock: float = 1_795_000_000.0
    hostname: str = "box"
    kernel: Kernel = KERNEL
    addresses: Sequence[Address] = (Address("eth0", "10.0.0.5/24", "10.0.0.1", "bc:24:11:00:00:01"),)
    calls: int = 0
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        for path, text in BASE.items():
            self.tree.put(path, Entry("file", text))
        for path in ("/dev/null", "/dev/zero"):
            self.tree.put(path, Entry("device", "c 1 3", 0o666))
        self.tree.put("/tmp", Entry("directory", mode=0o1777))
        self.tree.put("/root", Entry("directory", mode=0o700))
        self.files = Filesystem(self.tree, lambda: self.clock)

    def entropy(self) -> str:
        self.calls += 1
        return hashlib.sha256(str(self.calls).encode()).hexdigest()

    def program(self, name: str) -> Program | None:
        return PROGRAMS.get(name)

    def put(self, path: str, text: str, mode: int = 0o644) -> None:
        self.files.mkdir(path.rpartition("/")[0] or "/", parents=True)
        self.files.write(path, text, mode=mode)

    def run(self, *argv: str, stdin: str = "", directory: str = "/", limit: float = 1e9) -> Result:
        """Run a command to its end, or to the limit in simulated seconds."""
        process = Process(self, list(argv), stdin, {"PATH": "/usr/bin:/bin", "HOME": "/tmp"}, directory)
        run, spent = execute(process), 0.0
        while True:
            try:
                seconds = next(run)
            except StopIteration as ended:
                return Result(ended.value, "".join(process.out), "".join(process.err), spent)
            spent += seconds
            self.clock += seconds
            if spent > limit:
                run.close()
                return Result(-1, "".join(process.out), "".join(process.err), spent)


LITTLE = {
    "one": "alpha\nbeta\ngamma\n",
    "two": "3 c\n1 a\n2 b\n2 b\n10 d\n",
    "empty": "",
    "no-end": "last line",
    "dir/a.conf": "# comment\nkey = value\nother=thing\n\n[section]\nname: x\n",
    "dir/b.conf": "lock: create\nhostname: b\n",
    "dir/c.txt": "one two  three\nfour\tfive\n",
    "dir/.hidden": "h\n",
    "dir/sub/deep": "deep\n",
    "a b/c d": "spaces\n",
}


def grow(folder: Path) -> None:
    """The little tree as real files."""
    for name, text in LITTLE.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o644)
        path.parent.chmod(0o755)
    (folder / "link").symlink_to("one")
    (folder / "broken").symlink_to("nowhere")
    (folder / "dirlink").symlink_to("dir")


def grown(folder: str) -> Box:
    """A box with the little tree at the same place."""
    box = Box()
    for name, text in LITTLE.items():
        box.put(f"{folder}/{name}", text)
    for name, target in (("link", "one"), ("broken", "nowhere"), ("dirlink", "dir")):
        box.files.link(target, f"{folder}/{name}")
    return box
