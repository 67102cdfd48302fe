"""What exports(5) and smb.conf(5) take, where served folders lie, and whose keys are keys."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from phoenix_hypervisor.documents import exports, smbconf
from phoenix_hypervisor.documents.accounts import AdminName, PublicKeys
from phoenix_hypervisor.documents.places import Place, place_of
from phoenix_hypervisor.documents.zfs import Dataset, Zfs, ZfsPool

ZFS = Zfs(
    pools=(ZfsPool(name="tank"),),
    datasets=(
        Dataset(name="media", pool="tank"),
        Dataset(name="media/films", pool="tank", properties={"mountpoint": "/srv/films"}),
        Dataset(name="media/films/new", pool="tank", proxmox_storage_type="zfspool"),
        Dataset(name="old", pool="tank", properties={"mountpoint": "legacy"}),
    ),
)


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ((), ("rw", "sync", "no_subtree_check")),
        (("noatime",), ("rw", "sync", "no_subtree_check")),
        (("ro", "noatime", "ro"), ("ro", "no_subtree_check")),
        (("rw", "subtree_check"), ("rw", "subtree_check")),
    ],
)
def test_the_server_is_told_only_what_it_knows(options: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    assert exports.in_force(options) == wanted
    assert all(exports.is_option(option) for option in wanted)


@pytest.mark.parametrize("option", ["anonuid=1000", "fsid=0", "sec=krb5:krb5p", "crossmnt", "mp=/tank/a"])
def test_options_of_exports(option: str) -> None:
    assert exports.is_option(option)
    assert not exports.of_mount(option)


@pytest.mark.parametrize("option", ["nosuch", "anonuid=ann", "sec=none2", "rw=1", "fsid=zz"])
def test_what_is_no_option(option: str) -> None:
    assert not exports.is_option(option)


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ("browseable=yes writable=yes", (("browseable", "yes"), ("read only", "no"))),
        ("create mask = 0664 Read Only=No", (("create mask", "0664"), ("read only", "no"))),
        ("comment=my good share public=no", (("comment", "my good share"), ("guest ok", "no"))),
        ("vfs objects=shadow_copy2 shadow:format=x", (("vfs objects", "shadow_copy2"), ("shadow:format", "x"))),
    ],
)
def test_parameters_of_shares(options: str, wanted: tuple[tuple[str, str], ...]) -> None:
    assert smbconf.parameters(options) == wanted


@pytest.mark.parametrize(
    "options",
    [
        *("writable", "writable=maybe", "foo=1", "path=/etc", "root preexec=/bin/sh", "include=/etc/passwd"),
        *("create mask=99", "comment=a\\", "writable=yes read only=no", "=yes", "max connections=many"),
    ],
)
def test_what_samba_would_not_take_or_take_amiss(options: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        smbconf.parameters(options)


@pytest.mark.parametrize("name", ["global", "Homes", "a%b", "a]b", "-a", " a", "a/b", ""])
def test_names_that_no_share_can_have(name: str) -> None:
    assert smbconf.name_fault(name)


@pytest.mark.parametrize(
    ("name", "path", "options", "has_users", "told"),
    [
        ("fine", "/srv/100%U", None, False, "Samba replaces what follows a %"),
        ("fine", "/srv/a ", None, False, "cannot end with a blank"),
        ("fine", " /srv/a", None, False, "cannot end with a blank"),
        ("fine", "/srv/a", "foo=1", False, "foo is no parameter of a share"),
        ("fine", "/srv/a", "valid users=ann", True, "valid users stand in the options and in valid_users"),
        (None, "/srv/global", None, False, "it means something else to Samba"),
    ],
)
def test_what_is_wrong_with_a_share(
    name: str | None, path: str, options: str | None, has_users: bool, told: str
) -> None:
    assert told in (smbconf.share_fault(name, path, options, has_users) or "")


def test_a_share_with_which_nothing_is_wrong() -> None:
    assert smbconf.share_fault("global share", "/srv/global", "valid users=ann writable=yes", False) is None


@pytest.mark.parametrize(
    ("path", "base", "wanted"),
    [
        ("tank/media", None, Place("/tank/media", "tank/media", is_root=True)),
        ("tank/media", "/mnt/pve", Place("/mnt/pve/tank/media", "tank/media", is_root=True)),
        ("/mnt/pve/tank/media/a/", "/mnt/pve", Place("/mnt/pve/tank/media/a", "tank/media")),
        ("tank/media/films/x", "/mnt/pve", Place("/srv/films/x", "tank/media/films")),
        ("tank/media/films/new/x", "/mnt/pve", Place("/srv/films/new/x", "tank/media/films/new")),
        ("/srv/films", "/mnt/pve", Place("/srv/films", "tank/media/films", is_root=True)),
        ("tank/old", None, Place("/tank/old")),
        ("tank", "/mnt/pve", Place("/tank")),
        ("deep/a", "/mnt/pve", Place("/mnt/pve/deep/a")),
        ("/srv/other", "/mnt/pve", Place("/srv/other")),
    ],
)
def test_where_a_served_folder_lies(path: str, base: str | None, wanted: Place) -> None:
    assert place_of(path, ZFS, base) == wanted


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBdljJsmFuuoMWySJCZRdyyvTmO227HqE99cIRVB1a+5"


@pytest.mark.parametrize(
    ("value", "wanted"), [("", ()), (f"{KEY} a@b ", (f"{KEY} a@b",)), ([KEY, ""], (KEY,)), ([], ())]
)
def test_keys(value: object, wanted: tuple[str, ...]) -> None:
    assert TypeAdapter(PublicKeys).validate_python(value) == wanted


@pytest.mark.parametrize(
    "value",
    [
        *(
            f'command="reboot" {KEY}',
            f"{KEY}\nssh-rsa AAAA",
            f"{KEY} a\x1b",
            "ssh-dss AAAA",
            "ssh-rsa A=A",
            "x; reboot",
        ),
        *("-----BEGIN OPENSSH PRIVATE KEY-----", f"{KEY}\x85ssh-rsa AAAA", 5, {"env": "KEY"}),
    ],
)
def test_what_is_no_key(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(PublicKeys).validate_python(value)


@pytest.mark.parametrize("name", ["root", "-x", "a b", "A", "a;reboot", "", "a" * 33])
def test_who_cannot_be_the_admin_user(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(AdminName).validate_python(name)
