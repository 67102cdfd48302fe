"""A node and the documents of its containers: ``./phoenix`` as a user runs it there, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lab.containers.node import REPOSITORY, Node
from lab.host.site import Applied

TIMEZONE = "Europe/Berlin"
HOST = {"version": "1.0.0", "timezone": TIMEZONE, "mount_point_base": "/mnt/pve"}
_RUNS = "/var/log/phoenix_hypervisor/runs"
_LIMIT = 1200.0

BASE, DOCKER = 900, 905
"""The templates of most containers."""
NESTING = ["nesting=1", "keyctl=1"]
"""What Docker needs in an unprivileged container."""
Document = dict[str, Any]


class Site:
    """``etc`` is the folder of the configuration: documents, scripts, features of one's own."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.etc = node.user / "etc"
        self.etc.mkdir(exist_ok=True)
        self.containers: dict[str, Document] = {}
        self.declare_host()

    # -- the configuration

    def write(self, name: str, text: str) -> None:
        """Write a file of the configuration; a script is executable."""
        path = self.etc / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if text.startswith("#!") else 0o644)

    def declare_host(self, **parts: Any) -> None:
        """Declare the node: what every test has, and these parts."""
        self.write("phoenix_hypervisor_config.json", json.dumps({**HOST, **parts}))

    def declare(self, ctid: int, **fields: Any) -> Document:
        """Declare a container, beside those that are declared already, or anew."""
        usual = {"unprivileged": True, "storage_pool": "tank", "network_config": network(ctid), "memory_mb": 512}
        origin = {} if "clone_from_ctid" in fields else {"template": self.node.image.tarball, "storage_size_gb": 8}
        self.containers[str(ctid)] = {"name": f"ct{ctid}", **usual, **origin, **fields}
        self.write("phoenix_lxc_configs.json", json.dumps({"lxc_configs": self.containers}, indent=2))
        return self.containers[str(ctid)]

    def declare_template(self, ctid: int, **fields: Any) -> None:
        """Declare one that others are cloned from, and that does not run."""
        kind = {"is_template": True, "template_snapshot_name": "ready", "start_at_boot": False}
        self.declare(ctid, **kind, **fields)

    # -- phoenix

    def phoenix(self, *words: str) -> Applied:
        """``./phoenix WORDS --etc DIR`` on the node."""
        before = self._journals()
        done = self.node.run(str(REPOSITORY / "phoenix"), *words, "--etc", str(self.etc), timeout=_LIMIT)
        return Applied(done.returncode, done.stdout + done.stderr, self._events(self._journals() - before))

    def apply(self, *targets: int | str) -> Applied:
        return self.phoenix("apply", *map(str, targets), "--yes")

    def converged(self, *targets: int | str) -> Applied:
        """Apply, which must succeed, then apply again, which must change nothing."""
        first = self.apply(*targets)
        assert first.rc == 0, first.said
        second = self.apply(*targets)
        assert second.nothing_to_do, second.said
        return first

    def deep(self, *targets: int) -> Applied:
        """What a plan finds that looks into running containers."""
        return self.phoenix("plan", "--deep", *map(str, targets))

    def repaired(self, *targets: int) -> Applied:
        """Apply with a look inside, which must succeed, then look again, which must find nothing."""
        done = self.phoenix("apply", "--deep", "--yes", *map(str, targets))
        assert done.rc == 0, done.said
        after = self.deep(*targets)
        assert after.nothing_to_do, after.said
        return done

    def _journals(self) -> set[str]:
        return set(self.node.out("sh", "-c", f"ls {_RUNS}/*.jsonl 2>/dev/null || true").split())

    def _events(self, paths: set[str]) -> list[Mapping[str, Any]]:
        lines = self.node.out("cat", "/dev/null", *sorted(paths)).splitlines()
        return [json.loads(line) for line in lines if line.endswith("}")]

    # -- looking from outside

    def inside(self, ctid: int, script: str) -> str:
        """What a script of root's says in a container, that must succeed."""
        return self.node.out("lxc-attach", "-n", str(ctid), "--clear-env", "--", "sh", "-c", script)

    def says(self, ctid: int, script: str) -> tuple[int, str]:
        """Exit status and all that a script says in a container."""
        done = self.node.run("lxc-attach", "-n", str(ctid), "--clear-env", "--", "sh", "-c", script)
        return done.returncode, done.stdout + done.stderr

    def gone(self, *ctids: int) -> None:
        """Take containers away, the clones first, so that the next test has the machine for itself."""
        for ctid in ctids:
            self.node.run("pct", "destroy", str(ctid), "--force", "1")
            self.containers.pop(str(ctid), None)


def network(ctid: int) -> Document:
    """An address of the node's bridge, by the id."""
    address = f"10.0.2.{ctid % 100 + 110}/24"
    return {"name": "eth0", "bridge": "vmbr0", "ip": address, "gw": "10.0.2.2"}


def standins(*names: str) -> None:
    """Say in the test's output what is a stand-in in it."""
    usual = ("pct, pvesm and the files of /etc/pve", "zfs (folders and copies)")
    print(f"\nStand-in here: {', '.join((*usual, *names))}. LXC, systemd, apt and the network are real.")
