"""What a document may name of Proxmox's permissions."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from phoenix_hypervisor.documents.accounts import PvePath
from phoenix_hypervisor.simulator.node import Node

_TAKEN = """
/ /access /access/groups /access/groups/lab /access/realm/pam /mapping /mapping/pci/gpu0 /nodes /nodes/pve1 /pool/lab
/pool/lab/web/front /sdn /sdn/zones /sdn/zones/z1/vnet0/100 /storage /storage/tank-lxc /vms /vms/100
"""
_REFUSED = """
/foo/bar /access/users /vm /vms/99 /vms/all /vms/100/x /sdn/vnets /storage/a/b /pool/a/b/c/d /nodes/ // vms /../x
"""


@pytest.mark.parametrize("version", [8, 9])
def test_a_path_that_is_taken_is_one_for_proxmox(version: int) -> None:
    node = Node.new(version=version)
    for path in _TAKEN.split():
        assert TypeAdapter(PvePath).validate_python(path) == path
        assert node.run(["pveum", "acl", "modify", path, "--users", "root@pam", "--roles", "PVEAuditor"]).ok, path


@pytest.mark.parametrize("path", _REFUSED.split())
def test_a_path_that_proxmox_does_not_have_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="a path of Proxmox's permissions"):
        TypeAdapter(PvePath).validate_python(path)
