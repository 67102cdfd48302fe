"""What a resource finds in its place and leaves there: it is told, with the next step, and nothing is written."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from features.host.converging import look
from phoenix_hypervisor.resource import Resource
from phoenix_hypervisor.resources.authorized_keys import AuthorizedKeys
from phoenix_hypervisor.resources.block import Block
from phoenix_hypervisor.resources.directory import Directory
from phoenix_hypervisor.resources.hosts import HostsEntry
from phoenix_hypervisor.resources.samba_user import SambaUser
from phoenix_hypervisor.simulator.node import Node

KEYS = AuthorizedKeys(name="ann", keys=("ssh-ed25519 AAAA ann",))
HOME = "/home/ann"
HALF = "mkdir -p /home/ann/.ssh; echo '# BEGIN Phoenix Hypervisor: authorized keys' >/home/ann/.ssh/authorized_keys"
BLOCK = Block(name="/etc/lines#lines", file="/etc/lines", text="one\n")
TWO_LINES = SambaUser(name="ann", password=SecretStr("one\ntwo"))
CASES: dict[str, tuple[Resource, str, str]] = {
    "half a pair of marks": (KEYS, HALF, "the marks of Phoenix in /home/ann/.ssh/authorized_keys are no pair"),
    "a file for the folder of keys": (KEYS, "echo x >/home/ann/.ssh", "/home/ann/.ssh is a regular file"),
    "a folder for the keys": (KEYS, "mkdir -p /home/ann/.ssh/authorized_keys", "authorized_keys is a directory"),
    "a folder for a file with a block": (BLOCK, "mkdir /etc/lines", "/etc/lines is a directory, not a file"),
    "a link for a file with a block": (BLOCK, "ln -s /srv/x /etc/lines", "/etc/lines is a symbolic link"),
    "a file for a directory": (Directory(name="/srv/it"), "echo x >/srv/it", "/srv/it is a regular file"),
    "a link for a directory": (Directory(name="/srv/it"), "ln -s /etc /srv/it", "/srv/it is a symbolic link"),
    "a link for the hosts": (HostsEntry(), "ln -sf /srv/x /etc/hosts", "/etc/hosts is a symbolic link"),
    "a password of two lines": (TWO_LINES, "true", "its password is not one line of text"),
    "a machine without a name": (HostsEntry(), ": >/etc/hostname", "/etc/hostname names no host"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_stands_there_is_told(case: str) -> None:
    resource, drift, reason = CASES[case]
    node = Node.new()
    assert node.run(["useradd", "--create-home", "ann"]).ok
    assert node.run(["sh", "-c", drift]).ok
    (obstacle,) = resource.verdict(look(node, [resource])).obstacles
    assert reason in obstacle.reason
