"""Users of Proxmox VE and what they may do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from pydantic import Field

from phoenix_hypervisor.command import Command, Result
from phoenix_hypervisor.documents.accounts import PvePath
from phoenix_hypervisor.errors import NodeError
from phoenix_hypervisor.machine import Fact, Facts, answered
from phoenix_hypervisor.resource import Difference, Obstacle, Resource, Symbol, Verdict

_READ = "[ ! -e etc/pve/user.cfg ] || exec cat etc/pve/user.cfg\n"
_ROLES = """
Administrator NoAccess PVEAdmin PVEAuditor PVEDatastoreAdmin PVEDatastoreUser PVEMappingAdmin PVEMappingUser
PVEPoolAdmin PVEPoolUser PVESDNAdmin PVESDNUser PVESysAdmin PVETemplateUser PVEUserAdmin PVEVMAdmin PVEVMUser
"""
ROLES = frozenset(_ROLES.split())
"""Source: PVE::AccessControl, create_roles: what is for auditors alone is all in PVEAuditor."""
_LIMIT = 120.0


@dataclass(frozen=True, slots=True)
class Permissions:
    """What /etc/pve/user.cfg says: users and whether they are enabled; own roles; (path, user, role) to propagation."""

    users: Mapping[str, bool] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    acl: Mapping[tuple[str, str, str], bool] = field(default_factory=dict)

    def roles_of(self, user: str, path: str) -> frozenset[str]:
        return frozenset(role for place, who, role in self.acl if (place, who) == (path, user))


def _permissions(result: Result) -> Permissions:
    users: dict[str, bool] = {}
    roles: set[str] = set()
    acl: dict[tuple[str, str, str], bool] = {}
    for line in answered(result, "its Proxmox users (/etc/pve/user.cfg)").splitlines():
        kind, *cells = line.split(":")
        try:
            if kind == "user":
                users[cells[0]] = cells[1] == "1"
            elif kind == "role":
                roles.add(cells[0])
            elif kind == "acl":
                pairs = ((user, role) for user in cells[2].split(",") for role in cells[3].split(","))
                acl |= {(cells[1], user, role): cells[0] == "1" for user, role in pairs}
        except IndexError as error:
            raise NodeError(f"The node's Proxmox users (/etc/pve/user.cfg) cannot be read: {line[:60]!r}.") from error
    return Permissions(users, frozenset(roles), acl)


PERMISSIONS: Fact[Permissions] = Fact("Proxmox users", Command("sh", "-s", stdin=_READ), _permissions)


class PveUser(Resource):
    """A user of a realm, as ``ann@pam``, with a role on a path and all below it; other roles of it stay.

    Without a path it is the one on which the user has the role, else /. ``only_new``: one that is there keeps the roles
    that it has, whatever they are.
    """

    kind: ClassVar[str] = "pve.user"
    name: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_\-]{0,31}@[a-z][a-z0-9.\-_]*$")]
    role: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9._\-]*$")]
    path: PvePath | None = "/"
    comment: Annotated[str, Field(pattern=r"^[A-Za-z0-9 ._\-]*$")] = ""
    only_new: bool = False

    def facts(self) -> Iterator[Fact[Any]]:
        yield PERMISSIONS

    def _path(self, known: Permissions) -> str:
        has = sorted(path for path, who, role in known.acl if (who, role) == (self.name, self.role))
        return self.path or next(iter(has), "/")

    def change(self, facts: Facts) -> Iterator[Command]:
        known = facts[PERMISSIONS]
        path = self._path(known)
        if self.only_new and self.name in known.users:
            return
        if self.name not in known.users:
            comment = ("--comment", self.comment) if self.comment else ()
            yield Command("pveum", "user", "add", self.name, *comment, timeout=_LIMIT)
        if not known.acl.get((path, self.name, self.role)):
            given = ("--users", self.name, "--roles", self.role, "--propagate", "1")
            yield Command("pveum", "acl", "modify", path, *given, timeout=_LIMIT)

    def verdict(self, facts: Facts) -> Verdict:
        known = facts[PERMISSIONS]
        obstacles: tuple[Obstacle, ...] = ()
        if self.role not in {*ROLES, *known.roles}:
            obstacles = (Obstacle(f"Proxmox has no role {self.role}", "Take one that pveum role list shows."),)
        if self.name not in known.users:
            return Verdict(Symbol.ADD, "not there yet", obstacles=obstacles)
        kept = () if self.only_new else tuple(self._kept(known))
        return Verdict(reason=f"it is not {self.role} on {self._path(known)}", obstacles=obstacles, kept=kept)

    def _kept(self, known: Permissions) -> Iterator[Difference]:
        if not known.users[self.name]:
            yield Difference(f"Proxmox user {self.name}", "somebody disabled it")
        path = self._path(known)
        if others := sorted(known.roles_of(self.name, path) - {self.role}):
            what = f"Proxmox user {self.name} is {', '.join(others)} on {path}, too"
            yield Difference(what, "a role that is given is taken away by hand only")

    def __str__(self) -> str:
        return f"Proxmox user {self.name} ({self.role})"
