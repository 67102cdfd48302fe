"""Law 5: what a resource names cannot be more than a name, whoever asks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from phoenix_hypervisor.resource import Resource, Slice
from phoenix_hypervisor.resources.exports import Export
from phoenix_hypervisor.resources.file import File
from phoenix_hypervisor.resources.group import Group
from phoenix_hypervisor.resources.package import Packages
from phoenix_hypervisor.resources.pve_user import PveUser
from phoenix_hypervisor.resources.service import Service
from phoenix_hypervisor.resources.storage import Storage
from phoenix_hypervisor.resources.timezone import Timezone
from phoenix_hypervisor.resources.user import User

Made = Callable[[Any], Resource | Slice]
CASES: dict[str, tuple[Made, Any]] = {
    "user": (lambda value: User(name=value), "ann"),
    "group of a user": (lambda value: User(name="ann", groups=(value,)), "adm"),
    "comment of a user": (lambda value: User(name="ann", comment=value), "Ann - admin"),
    "group": (lambda value: Group(name=value), "lab"),
    "package": (lambda value: Packages(name="tools", packages=(value,)), "g++"),
    "unit": (lambda value: Service(name=value), "chrony.service"),
    "owner of a file": (lambda value: File(name="/etc/a", text="", owner=value), "root"),
    "mode of a file": (lambda value: File(name="/etc/a", text="", mode=value), "0640"),
    "what a file notifies": (lambda value: File(name="/etc/a", text="", notify=(value,)), "smbd.service"),
    "path of a file": (lambda value: File(name=value, text=""), "/etc/a"),
    "client": (lambda value: Export(path="/srv", clients=(value,), options=("ro",)), "10.0.0.0/24"),
    "option of an export": (lambda value: Export(path="/srv", clients=("*",), options=(value,)), "anonuid=1000"),
    "Proxmox user": (lambda value: PveUser(name=value, role="PVEAdmin"), "ann@pam"),
    "role": (lambda value: PveUser(name="ann@pam", role=value), "PVEAdmin"),
    "path of Proxmox": (lambda value: PveUser(name="ann@pam", role="PVEAdmin", path=value), "/vms"),
    "storage": (lambda value: Storage(name=value, type="dir", options={"path": "/srv"}), "lab-isos"),
    "time zone": (lambda value: Timezone(name=value), "Europe/Berlin"),
}
HOSTILE = ("x; reboot", "$(reboot)", "a\nb", "-rf", "../../etc/passwd", "", "a'b", "é", "a\0")


@pytest.mark.parametrize("case", CASES)
def test_a_name_is_taken(case: str) -> None:
    make, name = CASES[case]
    assert make(name)


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("case", CASES)
def test_what_is_no_name_is_refused(case: str, value: str) -> None:
    make, _ = CASES[case]
    if (case, value) in {("comment of a user", ""), ("comment of a user", "-rf")}:
        assert make(value)
        return
    with pytest.raises(ValidationError):
        make(value)
