"""What NFS is told to serve and does not: named as people write it."""

from __future__ import annotations

from features.host.converging import changes
from phoenix_hypervisor.engine.telling import failure
from phoenix_hypervisor.resources.exports import Export, Exports
from phoenix_hypervisor.simulator.faults import Fault, Kind
from phoenix_hypervisor.simulator.node import Node


def refused(node: Node, path: str) -> str:
    """What is told of the command that fails, with the network as its client."""
    exports = Exports(exports=(Export(path=path, clients=("10.0.0.0/24",), options=("rw", "no_subtree_check")),))
    assert node.run(["sh", "-c", "rm -f /etc/apt/sources.list.d/*enterprise* /etc/apt/sources.list.d/ceph*"]).ok
    assert node.run(["apt-get", "update"]).ok and node.run(["apt-get", "install", "-y", "nfs-kernel-server"]).ok
    *written, apply = changes(node, [exports])
    assert all(node.run(command.argv, command.stdin).ok for command in written)
    return failure(apply, node.run(apply.argv, apply.stdin))


def test_a_folder_that_is_not_there_is_told_with_the_next_step() -> None:
    told = refused(Node.new(), "/srv/absent")
    assert "Failed to stat /srv/absent" in told and told.endswith("Make that folder, or take it out of nfs.exports.")
    assert "10.0.0.0/24(" not in told and "/run/" not in told


def test_what_the_server_leaves_out_without_a_word_is_named() -> None:
    node = Node.new()
    node.files.mkdir("/srv/media", parents=True)
    node.faults.add(Fault(Kind.SILENT, ("exportfs",)))
    assert refused(node, "/srv/media").endswith("not in force: /srv/media 10.0.0.0/24")
