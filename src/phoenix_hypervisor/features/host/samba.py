"""What the node serves by Samba, and to whom."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import SecretStr, model_validator
from pydantic_core import PydanticCustomError

from phoenix_hypervisor.documents import smbconf
from phoenix_hypervisor.documents.accounts import AdminName
from phoenix_hypervisor.documents.places import place_of
from phoenix_hypervisor.documents.shares import SambaShare
from phoenix_hypervisor.documents.types import HostPath, Many
from phoenix_hypervisor.documents.zfs import Zfs
from phoenix_hypervisor.resource import Feature, Lack, Resource, Slice
from phoenix_hypervisor.resources.file import NoFile
from phoenix_hypervisor.resources.folder import ShareFolder
from phoenix_hypervisor.resources.former_samba_users import FormerSambaUsers
from phoenix_hypervisor.resources.package import Packages
from phoenix_hypervisor.resources.samba_shares import (
    MAIN,
    OURS,
    SERVICE,
    samba_include,
    samba_shares,
)
from phoenix_hypervisor.resources.samba_user import SambaUser
from phoenix_hypervisor.resources.served import datasets_of, folders_of, unplaced
from phoenix_hypervisor.resources.service import Service
from phoenix_hypervisor.resources.share_lines import share_text
from phoenix_hypervisor.resources.user import ServiceUser

COMMENT = "Samba user of Phoenix Hypervisor"
UNSET = ("", "NOT_SET")


class Samba(Slice):
    """The shares and their user; and what paths are read by: datasets, where they are mounted.

    ``admin`` is the admin user, who is made by another feature.
    """

    user: AdminName | None = None
    password: SecretStr | None = None
    shares: Many[SambaShare] = ()
    admin: str | None = None
    zfs: Zfs | None = None
    mount_point_base: HostPath | None = None

    @model_validator(mode="after")
    def _sound(self) -> Samba:
        for share in self.shares:
            if fault := smbconf.share_fault(share.name, share.path, share.options, bool(share.valid_users)):
                raise PydanticCustomError("value", "{fault}", {"fault": f"the share of {share.path}: {fault}"})
        names = [smbconf.share_name(share.name, share.path).lower() for share in self.shares]
        if len(set(names)) < len(names):
            raise PydanticCustomError("value", "two shares have one name")
        return self


def lacks(piece: Samba) -> Iterator[Lack]:
    """What the path of each share is read by, and who may use it, lest anybody might."""
    for index, share in enumerate(piece.shares):
        where = ("shares", index)
        yield from unplaced(piece, share.path, where)
        found = _options(share)
        of_nobody = not share.valid_users and "valid users" not in found and found.get("guest ok") != "yes"
        if of_nobody and not piece.knows("user"):
            hint = "Give it valid_users, or add user beside shares."
            yield Lack(where, f"who may use the share of {share.path} cannot be told.", hint)


def resources(piece: Samba) -> Iterator[Resource]:
    """The server, the user, the folders, the file, its inclusion, the service; without all, nothing of ours stays."""
    if piece.shares or piece.user:
        yield Packages(name="samba", packages=_packages(piece.shares))
    if piece.knows("user"):
        yield FormerSambaUsers(user=piece.user or "")
    user = tuple(_user(piece))
    yield from user
    if not piece.knows("shares"):
        return
    if piece.shares:
        yield from _shares(piece, tuple(each.id for each in user if isinstance(each, ServiceUser)))
        return
    include = samba_include(wanted=False, after=())
    gone = NoFile(name=OURS, notify=(SERVICE,), after=(include.id,))
    yield include
    yield gone
    yield Service(name=SERVICE, enabled=None, running=None, watches=(include, gone), how="reload")


def _packages(shares: tuple[SambaShare, ...]) -> tuple[str, ...]:
    """The server, and what a share's ``vfs objects`` are in: a package of its own up to Debian 12, empty later."""
    names = {name for share in shares if share.options for name, _ in smbconf.parameters(share.options)}
    return ("samba", *(("samba-vfs-modules",) if "vfs objects" in names else ()))


def _user(piece: Samba) -> Iterator[Resource]:
    if piece.user is None:
        return
    if piece.user != piece.admin:
        yield ServiceUser(name=piece.user, comment=COMMENT)
    known = piece.password is not None and piece.password.get_secret_value() not in UNSET
    after = ("package:samba", f"user:{piece.user}")
    yield SambaUser(name=piece.user, password=piece.password if known else None, after=after)


def _shares(piece: Samba, users: tuple[str, ...]) -> Iterator[Resource]:
    places = [place_of(share.path, piece.zfs, piece.mount_point_base) for share in piece.shares]
    folders = folders_of(ShareFolder, piece.shares, places, users)
    yield from folders
    texts: dict[str, str] = {}
    for share, place in zip(piece.shares, places, strict=True):
        name = smbconf.share_name(share.name, share.path)
        texts[name] = share_text(name, place.path, tuple(_parameters(share, piece.user)))
    after = ("package:samba", *datasets_of(places), *(folder.id for folder in folders))
    left_open = {name.lower(): tuple(_left_open(piece, each)) for name, each in zip(texts, piece.shares, strict=True)}
    file = samba_shares(texts, after, left_open if piece.is_part else None)
    include = samba_include(wanted=True, after=("package:samba", file.id))
    yield file
    yield include
    yield Service(name=SERVICE, watches=(file, include), how="reload", after=("package:samba",))


def _options(share: SambaShare) -> dict[str, str]:
    return dict(smbconf.parameters(share.options)) if share.options else {}


def _left_open(piece: Samba, share: SambaShare) -> Iterator[str]:
    """What a part does not say of a share."""
    if not piece.knows("options", share):
        yield "options"
    if not piece.knows("valid_users", share) and "valid users" not in _options(share):
        yield "valid users"


def _parameters(share: SambaShare, user: str | None) -> Iterator[tuple[str, str]]:
    """What the options say; who may use it, else the Samba user, if guests may not."""
    found = _options(share)
    yield from found.items()
    users = share.valid_users or ((user,) if user and found.get("guest ok") != "yes" else ())
    if users and "valid users" not in found:
        yield "valid users", " ".join(dict.fromkeys(users))


feature = Feature(
    name="samba",
    summary="Folders that Samba serves, and its user.",
    scope="host",
    slice=Samba,
    resources=resources,
    sources={
        "user": "host.samba.user",
        "password": "host.samba.password",
        "shares": "host.samba.shares",
        "admin": "host.users.username",
        "zfs": "host.zfs",
        "mount_point_base": "host.mount_point_base",
    },
    siblings=frozenset({"admin", "zfs", "mount_point_base"}),
    needs=("initial_setup",),
    touches=(OURS, f"{MAIN} (one block)", "Samba users", SERVICE),
    lacks=lacks,
)
