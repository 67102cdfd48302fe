"""A small simulated node: CT 101 runs, CT 102 is stopped."""

from __future__ import annotations

from phoenix_hypervisor.simulator.node import Node

TARBALL = "local:vztmpl/debian-13-minimal_13.7-1_amd64.tar.zst"


def create(ctid: int, *more: str) -> tuple[str, ...]:
    """The command that makes a container of the small node."""
    return (
        *("pct", "create", str(ctid), TARBALL, "--rootfs", "local-zfs:2", "--hostname", f"ct{ctid}"),
        *("--features", "nesting=1", "--net0", f"name=eth0,bridge=vmbr0,ip=10.0.0.{ctid}/24", *more),
    )


def small_node(seed: int = 3) -> Node:
    node = Node.new(seed=seed)
    node.add_tarball(TARBALL)
    for argv in (
        create(101),
        create(102),
        ("pct", "start", "101"),
        ("lxc-attach", "-n", "101", "--clear-env", "--", "sh", "-c", "echo kept > /tmp/kept"),
    ):
        result = node.run(argv)
        assert result.ok, result.stderr
    return node
