"""Simulated nodes that serve NFS and Samba."""

from __future__ import annotations

from phoenix_hypervisor.simulator.debian.setup import Setup
from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.simulator.sharing import smbd


def install(node: Node, *names: str) -> None:
    """Set packages up as apt does, from a medium that needs no network."""
    process = node.start(["apt-get", "install", *names])
    assert all(seconds >= 0 for seconds in Setup(process).install(list(names)))


def serving_node() -> Node:
    """A fresh node with both servers, and a folder /srv/data to share."""
    node = Node.new(seed=5)
    install(node, "nfs-kernel-server", "samba-common-bin", "samba")
    node.files.mkdir("/srv/data", parents=True)
    return node


def entering(node: Node, share: str, user: str = "", password: str = "", client: str = "127.0.0.1") -> str:
    """``writes``, ``reads``, or the NT status with which Samba refuses."""
    try:
        session = smbd.connect(node, share, user, password, client)
    except smbd.Refused as refused:
        return str(refused)
    return "writes" if session.writes else "reads"
