"""What a machine answers and nobody can read is an error, never a reason to change something."""

from __future__ import annotations

from typing import Any

import pytest

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact
from phoenix_hypervisor.resources.accounts import ACCOUNTS
from phoenix_hypervisor.resources.distribution import DISTRIBUTION
from phoenix_hypervisor.resources.package import installed_of
from phoenix_hypervisor.resources.service import Service

PACKAGES = installed_of(("jq", "curl"))
UNIT: Fact[Any] = next(Service(name="chrony.service").facts())
ROOT = "etc/passwd:root:x:0:0:root:/root:/bin/bash\n"


@pytest.mark.parametrize(
    ("fact", "answer"),
    [
        (ACCOUNTS, Result(0, "")),
        (ACCOUNTS, Result(0, "etc/group:root:x:0:\n")),
        (ACCOUNTS, Result(0, f"{ROOT}etc/passwd:ann:x:1000\n")),
        (ACCOUNTS, Result(0, f"{ROOT}etc/passwd:ann:x:many:0:::\n")),
        (ACCOUNTS, Result(1, ROOT)),
        (DISTRIBUTION, Result(0, "")),
        (DISTRIBUTION, Result(0, "ID=alpine\nVERSION_CODENAME=edge\n")),
        (DISTRIBUTION, Result(0, "ID=debian\n")),
        (DISTRIBUTION, Result(1, "ID=debian\nVERSION_CODENAME=trixie\n")),
        (PACKAGES, Result(0, "")),
        (PACKAGES, Result(2, "jq installed\n")),
        (PACKAGES, Result(0, "jq\n")),
        (UNIT, Result(0, "")),
        (UNIT, Result(0, "ActiveState=active\n")),
        (UNIT, Result(1, "LoadState=loaded\n")),
    ],
)
def test_it_is_an_error(fact: Fact[Any], answer: Result) -> None:
    with pytest.raises(NodeError):
        fact.parse(answer)


def test_what_can_be_read_is_none() -> None:
    assert ACCOUNTS.parse(Result(0, ROOT)).users["root"].uid == 0
    assert DISTRIBUTION.parse(Result(0, 'ID=debian\nVERSION_CODENAME="trixie"\n')).codename == "trixie"
    assert PACKAGES.parse(Result(1, "jq installed\ncurl config-files\n")) == {"jq"}
    assert dict(UNIT.parse(Result(0, "LoadState=loaded\nActiveState=active\n")))["ActiveState"] == "active"
