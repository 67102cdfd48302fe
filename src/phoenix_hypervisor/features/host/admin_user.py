"""The admin user: of Linux, of sudo, and of Proxmox."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import SecretStr

from phoenix_hypervisor.documents.accounts import AdminName, GroupName, PublicKeys, PvePath, PveRole
from phoenix_hypervisor.documents.types import HostPath, Many
from phoenix_hypervisor.resource import Feature, Lack, Resource, Slice
from phoenix_hypervisor.resources.authorized_keys import AuthorizedKeys
from phoenix_hypervisor.resources.file import NoFile
from phoenix_hypervisor.resources.former_admins import COMMENT, FormerAdmins
from phoenix_hypervisor.resources.group import Group
from phoenix_hypervisor.resources.package import Packages
from phoenix_hypervisor.resources.pve_user import PveUser
from phoenix_hypervisor.resources.sudoers import drop_in, sudoers
from phoenix_hypervisor.resources.user import User

UNSET = ("", "NOT_SET")


class AdminUser(Slice):
    """The user and what it may do, as the ``users`` of the host file."""

    username: AdminName | None = None
    password_hash: SecretStr | None = None
    sudo_access: bool | None = None
    ssh_public_key: PublicKeys = ()
    shell: HostPath = "/bin/bash"
    groups: Many[GroupName] = ()
    pve_role: PveRole = "PVEAdmin"
    pve_path: PvePath = "/"


def lacks(piece: AdminUser) -> Iterator[Lack]:
    """The name: without it nothing can be given to anybody."""
    if piece.username is None:
        yield Lack((), "username is missing.", "Add it: everything else is given to that user.")


def resources(piece: AdminUser) -> Iterator[Resource]:
    """The user first: the rest is given to it. What was given to another one is taken back."""
    if not piece.is_part:
        yield FormerAdmins(user=piece.username or "")
    if piece.username is None:
        return
    user = (f"user:{piece.username}",)
    secret = piece.password_hash
    has_password = secret is not None and secret.get_secret_value() not in UNSET
    for group in dict.fromkeys(piece.groups):
        yield Group(name=group)
    yield User(
        name=piece.username,
        shell=piece.shell if piece.knows("shell") else None,
        groups=tuple(dict.fromkeys(piece.groups)),
        comment=COMMENT,
        password_hash=secret if has_password else None,
    )
    if piece.sudo_access:
        yield Packages(name="sudo", packages=("sudo",))
        yield sudoers(piece.username, password_comes=has_password, after=("package:sudo", *user))
    elif piece.knows("sudo_access"):
        yield NoFile(name=drop_in(piece.username))
    if piece.knows("ssh_public_key"):
        yield AuthorizedKeys(name=piece.username, keys=piece.ssh_public_key, after=user)
    if piece.pve_role:
        yield PveUser(
            name=f"{piece.username}@pam",
            role=piece.pve_role,
            path=piece.pve_path if piece.knows("pve_path") else None,
            comment=COMMENT,
            only_new=not piece.knows("pve_role"),
            after=user,
        )


feature = Feature(
    name="admin_user",
    summary="The admin user: login, groups, keys, sudo, and its role in Proxmox.",
    scope="host",
    slice=AdminUser,
    resources=resources,
    sources={name: f"host.users.{name}" for name in AdminUser.model_fields},
    needs=("initial_setup",),
    touches=("users and groups", "/etc/sudoers.d/phoenix-*", "~/.ssh/authorized_keys", "Proxmox users and permissions"),
    lacks=lacks,
)
