"""The privileges and the built-in roles of a release. Source: PVE::AccessControl (pve-access-control 8.2 and 9.0)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

_COMMON = {
    "Sys": ("PowerMgmt Modify Incoming AccessNetwork", "Console Syslog", "", "Audit"),
    "Datastore": ("", "Allocate AllocateTemplate", "AllocateSpace", "Audit"),
    "SDN": ("", "Allocate Audit", "Use", "Audit"),
    "User": ("Realm.Allocate", "User.Modify Group.Allocate Realm.AllocateUser", "", ""),
    "Pool": ("", "Allocate", "Audit", "Audit"),
    "Mapping": ("", "Modify", "Use", "Audit"),
}
"""By category: for root alone, for an administrator, for a user, for an auditor."""
_VM_ADMIN = (
    "Config.Disk Config.CPU Config.Memory Config.Network Config.HWType Config.Options Allocate Clone Migrate Snapshot "
    "Snapshot.Rollback"
)
_VM_USER = "Config.CDROM Config.Cloudinit Console Backup PowerMgmt"
_AGENT_USER = "GuestAgent.Audit GuestAgent.FileRead GuestAgent.FileWrite GuestAgent.FileSystemMgmt"
_VM = {
    8: ("", f"{_VM_ADMIN} Monitor", _VM_USER, "Audit"),
    9: ("", f"{_VM_ADMIN} Replicate GuestAgent.Unrestricted", f"{_VM_USER} {_AGENT_USER}", "Audit GuestAgent.Audit"),
}


def _groups(version: int) -> Mapping[str, tuple[frozenset[str], ...]]:
    def full(category: str, words: str) -> frozenset[str]:
        return frozenset(word if category == "User" else f"{category}.{word}" for word in words.split())

    named = {"VM": _VM[version], **_COMMON}
    return {category: tuple(full(category, words) for words in four) for category, four in named.items()}


@cache
def privileges(version: int) -> frozenset[str]:
    """All privileges of a release."""
    return frozenset({"Permissions.Modify"}).union(*(one for four in _groups(version).values() for one in four))


@cache
def built_in(version: int) -> Mapping[str, frozenset[str]]:
    """The roles that nobody can change, with their privileges."""
    roles: dict[str, frozenset[str]] = {"NoAccess": frozenset(), "Administrator": privileges(version)}
    roles["PVEAdmin"] = roles["PVEAuditor"] = frozenset()
    for category, (_root, admin, user, audit) in _groups(version).items():
        roles[f"PVE{category}Admin"] = admin | user | audit
        roles["PVEAdmin"] |= admin | user | audit
        roles["PVEAuditor"] |= audit
        if user:
            roles[f"PVE{category}User"] = user | audit
    roles["PVEAdmin"] -= {"Mapping.Modify"}
    roles["PVETemplateUser"] = frozenset({"VM.Clone", "VM.Audit"})
    return roles
