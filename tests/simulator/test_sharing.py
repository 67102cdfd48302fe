"""NFS exports and Samba shares: the recorded behaviour, and what really is served to whom."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.simulator.sharing import nfsd
from phoenix_hypervisor.simulator.sharing.passdb import nt_hash
from simulator import recordings
from simulator.asking import ok, refused
from simulator.recordings import node_a
from simulator.serving import entering, install, serving_node

_RECORDED = ("h-exportfs*", "h-showmount", "h-testparm*", "h-pdbedit*", "h-smbpasswd*")


def test_the_recordings(transcripts: Path) -> None:
    records = [one for one in recordings.read(transcripts, "node-a-host.jsonl")
               if any(fnmatchcase(one.id, pattern) for pattern in _RECORDED)]  # fmt: skip
    node = node_a()
    install(node, "nfs-kernel-server", "samba-common-bin", "samba")
    options = "(rw,sync,no_subtree_check,no_root_squash)"
    node.files.write("/etc/exports", f"/tank/media 127.0.0.1{options} 10.10.10.0/24{options}\n")
    ok(node, "exportfs", "-ra")
    assert node.run(("smbpasswd", "-s", "-a", "root"), "Pw-0\nPw-0\n").ok
    told = [(one.id, node.run(one.argv or ("bash", "-c", one.shell))) for one in records]
    assert [(name, result.rc == 0, result.stdout, result.stderr) for name, result in told] == [
        (one.id, one.rc == 0, one.stdout, one.stderr) for one in records
    ]
    assert len(records) == 12


# -- NFS


def exported(node: Node, text: str) -> tuple[int, str]:
    """The exit status of ``exportfs -ra`` with such a file, and what is in force then."""
    node.files.write("/etc/exports", text)
    return node.run(("exportfs", "-ra")).rc, ok(node, "exportfs", "-s")


def test_without_its_package_a_program_is_not_there() -> None:
    node = Node.new()
    for name in ("exportfs", "testparm", "smbpasswd", "pdbedit", "smbcontrol"):
        assert node.run((name,)).rc == 127, name


@pytest.mark.parametrize(
    ("line", "rc", "wanted"),
    [
        ("/srv/data *", 0,
         "/srv/data *(sync,wdelay,hide,no_subtree_check,sec=sys,ro,secure,root_squash,no_all_squash)\n"),
        (
            "/srv/data 10.0.0.0/24(rw,async,no_wdelay,crossmnt,fsid=7,insecure,all_squash,anonuid=5,anongid=6)",
            0,
            "/srv/data 10.0.0.0/24(async,no_wdelay,hide,crossmnt,no_subtree_check,fsid=7,anonuid=5,anongid=6,"
            "sec=sys,rw,insecure,root_squash,all_squash)\n",
        ),
        (
            '"/srv/a b" \\\n  -rw @team(sec=krb5:sys,ro) # nobody else',
            0,
            "/srv/a\\040b @team(sync,wdelay,hide,no_subtree_check,sec=krb5:sys,ro,secure,root_squash,no_all_squash)\n",
        ),
        ("/srv/a\\040b *(fsid=root)", 0, "/srv/a\\040b *(sync,wdelay,hide,no_subtree_check,fsid=0,sec=sys,ro,secure,"
         "root_squash,no_all_squash)\n"),
        ("/srv/data nowhere.example(rw)", 0, ""),
        ("/srv/data 10.0.0.0/77(rw)", 0, ""),
        ("/srv/nothing *(rw)", 1, ""),
        ("/srv/data/f *(rw)", 1, ""),
        ("/srv/data *(rw,wrong)\n/srv *(rw)", 1, ""),
        ("/srv/data *(anonuid=x)", 1, ""),
        ("/srv/data *(rw", 1, ""),
    ],
)  # fmt: skip
def test_exports(line: str, rc: int, wanted: str) -> None:
    node = serving_node()
    node.files.mkdir("/srv/a b")
    node.files.write("/srv/data/f", "")
    assert exported(node, f"{line}\n") == (rc, wanted)


def test_exporting_by_hand_lasts_until_the_files_are_read_again() -> None:
    node = serving_node()
    exported(node, "/srv/data 10.0.0.0/24(ro)\n")
    assert ok(node, "exportfs", "-v", "-o", "rw", "10.1.1.1:/srv/data") == "exporting 10.1.1.1:/srv/data\n"
    assert ok(node, "exportfs", "-a") == ""
    assert "10.1.1.1" in ok(node, "exportfs")
    assert refused(node, "exportfs", "-u", "10.2.2.2:/srv/data") == (
        "exportfs: Could not find '10.2.2.2:/srv/data' to unexport.\n"
    )
    ok(node, "exportfs", "-r")
    assert ok(node, "exportfs") == "/srv/data     \t10.0.0.0/24\n"
    ok(node, "exportfs", "-ua")
    assert ok(node, "exportfs") == ""
    assert refused(node, "exportfs", "-ra", "x:/srv").endswith("extra arguments are not permitted with -a or -r\n")


def test_only_hosts_that_an_export_names_may_mount() -> None:
    node = serving_node()
    exported(node, "/srv/data 10.0.0.0/24(rw) 192.168.1.7(ro)\n")
    for client, path, may in (
        ("10.0.0.9", "/srv/data", True),
        ("192.168.1.7", "/srv/data", True),
        ("10.0.1.9", "/srv/data", False),
        ("10.0.0.9", "/srv", False),
    ):
        assert (nfsd.grant(node, path, client) is not None) == may, (client, path)
    ok(node, "systemctl", "stop", "nfs-server")
    assert ok(node, "exportfs") == ""
    assert nfsd.grant(node, "/srv/data", "10.0.0.9") is None
    assert node.run(("showmount", "-e")).rc == 1
    ok(node, "systemctl", "start", "nfs-server")
    assert ok(node, "showmount", "-e", "--no-headers") == "/srv/data 10.0.0.0/24,192.168.1.7\n"
    assert " 100003    4   tcp   2049  nfs\n" in ok(node, "rpcinfo", "-p")


def test_a_reload_exports_what_the_files_say() -> None:
    node = serving_node()
    node.files.mkdir("/etc/exports.d")
    node.files.write("/etc/exports.d/own.exports", "/srv/data *(rw)\n")
    node.files.write("/etc/exports.d/own.conf", "/srv *(rw)\n")
    assert ok(node, "exportfs") == ""
    ok(node, "systemctl", "reload", "nfs-server")
    assert ok(node, "exportfs") == "/srv/data     \t<world>\n"


# -- Samba


def checked(node: Node, text: str) -> tuple[int, str]:
    node.files.write("/root/smb.conf", text)
    result = node.run(("testparm", "-s", "/root/smb.conf"))
    return result.rc, result.stderr


@pytest.mark.parametrize(
    ("text", "rc", "told"),
    [
        ("[x]\npath = /srv\nwriteable = yes\n", 0, "Loaded services file OK.\n"),
        ("[ X y ]\nPATH=/srv\nre ad only = No\n", 0, "Loaded services file OK.\n"),
        ("[x]\npath = /srv\nno such thing = 1\n", 0, 'Ignoring unknown parameter "no such thing"\n'),
        ("[x]\npath = /srv\nworkgroup = A\n", 0, "Global parameter workgroup found in service section!\n"),
        ("[x]\ncomment = no path\n", 0, "WARNING: No path in service x - making it unavailable!\n"),
        ("[x]\npath = /srv\nguest ok = perhaps\n", 1, "set_variable_helper(perhaps): value is not boolean!\n"),
        ("[x]\npath = /srv\ncreate mask = 9x\n", 1, "Invalid octal number create mask\n"),
        ("[global]\nserver role = king\n", 1, "WARNING: Ignoring invalid value 'king' for parameter 'server role'\n"),
        ("[global]\nwins support = yes\nwins server = 10.0.0.1\n", 1, "ERROR: both 'wins support = true'"),
        ("[x\npath = /srv\n", 1, "Error loading services.\n"),
        ("[x]\n= /srv\n", 1, "Error loading services.\n"),
        ("[x]\ncopy = y\n", 1, "Unable to copy service - source not found: y\n"),
        ("[x]\nnothing here\npath = /srv\n", 0, "Loaded services file OK.\n"),
        ("[x]\npath = \\\n/srv\nfruit:model = Mac\n", 0, "Loaded services file OK.\n"),
        ("include = /root/nowhere\n", 0, "Loaded services file OK.\n"),
        ("include = /root/smb.conf\n", 1, "Error: Maximum include depth (100) exceeded!\n"),
    ],
)
def test_what_testparm_takes(text: str, rc: int, told: str) -> None:
    found = checked(serving_node(), text)
    assert found[0] == rc
    assert told in found[1]


def test_what_follows_an_include_stands_in_its_last_section() -> None:
    node = serving_node()
    node.files.write("/etc/samba/own.conf", "[own]\npath = /srv/data\n")
    node.files.write("/root/smb.conf", "[global]\ninclude = /etc/samba/own.conf\nbrowseable = no\n")
    assert ok(node, "testparm", "-s", "--section-name", "own", "/root/smb.conf") == (
        "[own]\n\tbrowseable = No\n\tpath = /srv/data\n"
    )
    asked = ("testparm", "-s", "/root/smb.conf", "--section-name=own", "--parameter-name=writable")
    assert ok(node, *asked) == "Yes\n"
    assert "Unknown section other\n" in refused(node, "testparm", "-s", "/root/smb.conf", "--section-name=other")


def shared(node: Node, text: str) -> None:
    """Add to smb.conf, and reload."""
    node.files.write("/etc/samba/smb.conf", text, append=True)
    ok(node, "systemctl", "reload", "smbd")


def user(node: Node, name: str, password: str) -> None:
    ok(node, "useradd", "-M", name)
    assert node.run(("smbpasswd", "-s", "-a", name), f"{password}\n{password}\n").stdout == f"Added user {name}.\n"


def test_a_share_is_served_once_it_is_loaded() -> None:
    node = serving_node()
    node.files.chmod("/srv/data", 0o777)
    user(node, "ann", "secret-1")
    node.files.write("/etc/samba/smb.conf", "[d]\npath = /srv/data\nread only = no\n", append=True)
    assert entering(node, "d", "ann", "secret-1") == "NT_STATUS_BAD_NETWORK_NAME"
    ok(node, "smbcontrol", "all", "reload-config")
    assert entering(node, "d", "ann", "secret-1") == "writes"
    node.files.write("/etc/samba/smb.conf", "[e]\nread only = maybe\n", append=True)
    ok(node, "systemctl", "reload", "smbd")
    assert entering(node, "d", "ann", "secret-1") == "writes", "what cannot be loaded changes nothing"
    assert "control process exited with error code" in refused(node, "systemctl", "restart", "smbd")
    assert entering(node, "d", "ann", "secret-1") == "NT_STATUS_CONNECTION_REFUSED"


def test_who_gets_in() -> None:
    node = serving_node()
    node.files.chmod("/srv/data", 0o777)
    user(node, "ann", "secret-1")
    user(node, "bob", "secret-2")
    shared(node, "[d]\npath = /srv/data\nvalid users = ann @team\nwrite list = ann\nhosts deny = 10.6.6.\n"
                 "[g]\npath = /srv/data\nguest ok = yes\n[gone]\npath = /srv/gone\n")  # fmt: skip
    assert entering(node, "d", "ann", "secret-1") == "writes"
    assert entering(node, "d", "ann", "secret-1", "10.6.6.1") == "NT_STATUS_ACCESS_DENIED"
    assert entering(node, "d", "bob", "secret-2") == "NT_STATUS_ACCESS_DENIED"
    ok(node, "groupadd", "team")
    ok(node, "usermod", "-aG", "team", "bob")
    assert entering(node, "d", "bob", "secret-2") == "reads"
    assert entering(node, "gone", "bob", "secret-2") == "NT_STATUS_BAD_NETWORK_NAME"
    assert entering(node, "d") == "NT_STATUS_ACCESS_DENIED"
    ok(node, "smbpasswd", "-d", "bob")
    assert entering(node, "d", "bob", "secret-2") == "NT_STATUS_ACCOUNT_DISABLED"
    ok(node, "smbpasswd", "-e", "bob")
    assert node.run(("smbpasswd", "-s", "bob"), "new-2\nnew-2\n").ok
    assert entering(node, "d", "bob", "secret-2") == "NT_STATUS_LOGON_FAILURE"
    assert entering(node, "d", "bob", "new-2") == "reads"


def test_accounts() -> None:
    node = serving_node()
    user(node, "ann", "password")
    listed = ok(node, "pdbedit", "-Lw")
    assert listed.startswith(f"ann:1000:{'X' * 32}:8846F7EAEE8FB117AD06BDD830B7586C:[U          ]:LCT-")
    assert "Account Flags:        [U          ]\n" in ok(node, "pdbedit", "-L", "-v", "ann")
    assert node.run(("smbpasswd", "-s", "-a", "ann"), "one\ntwo\n").stderr.startswith("Mismatch - password unchanged.")
    ok(node, "useradd", "-M", "eve")
    assert node.run(("pdbedit", "-a", "-t", "-u", "eve"), "pw\npw\n").ok
    assert ok(node, "pdbedit", "-L") == "ann:1000:\neve:1001:\n"
    ok(node, "pdbedit", "-x", "-u", "eve")
    assert ok(node, "smbpasswd", "-x", "ann") == "Deleted user ann.\n"
    assert ok(node, "pdbedit", "-L") == ""
    assert refused(node, "pdbedit", "-x", "-u", "ann") == "user ann does not exist in the passdb\n"
    assert refused(node, "smbpasswd", "-x", "ann") == "Failed to find entry for user ann.\n"


def test_the_hash_of_a_password() -> None:
    assert nt_hash("") == "31D6CFE0D16AE931B73C59D7E0C089C0"


# -- storages over the network


def test_network_storages_stay_after_saving(tmp_path: Path) -> None:
    node = serving_node()
    node.files.write("/srv/data/f", "here")
    exported(node, "/srv/data 127.0.0.1(rw)\n")
    node.add_nfs_server("10.0.0.9", "/export")
    ok(node, "pvesm", "add", "nfs", "own", "--server", "127.0.0.1", "--export", "/srv/data", "--content", "backup")
    ok(node, "pvesm", "add", "nfs", "far", "--server", "10.0.0.9", "--export", "/export", "--content", "iso")
    node.save(tmp_path / "node")
    loaded = Node.load(tmp_path / "node")
    assert loaded.files.read("/mnt/pve/own/f") == "here"
    assert loaded.files.is_dir("/mnt/pve/far/template/iso")
    assert " inactive " not in ok(loaded, "pvesm", "status")


def test_a_dead_server_is_told_and_its_storage_inactive() -> None:
    node = serving_node()
    add = ("pvesm", "add", "nfs", "far", "--server", "10.0.0.9", "--export", "/export", "--content", "iso")
    assert refused(node, *add) == "create storage failed: storage 'far' is not online\n"
    assert "far" not in node.storages.all()
    node.add_nfs_server("10.0.0.9", "/export")
    ok(node, *add)
    node.netmounts.servers["10.0.0.9"].online = False
    result = node.run(("pvesm", "status", "--storage", "far"))
    assert (result.rc, result.stderr) == (0, "storage 'far' is not online\n")
    assert " inactive " in result.stdout


def test_a_cifs_storage_needs_a_user_who_may_enter() -> None:
    node = serving_node()
    node.files.chmod("/srv/data", 0o777)
    user(node, "ann", "secret-1")
    shared(node, "[d]\npath = /srv/data\nread only = no\n")
    add = ("pvesm", "add", "cifs", "c1", "--server", "127.0.0.1", "--share", "d", "--username", "ann", "--password")
    assert "session setup failed: NT_STATUS_LOGON_FAILURE" in refused(node, *add, "wrong")
    assert not node.files.exists("/etc/pve/priv/storage/c1.pw")
    ok(node, *add, "secret-1")
    assert "secret-1" not in node.files.read("/etc/pve/storage.cfg")
    assert node.files.read("/etc/pve/priv/storage/c1.pw") == "password=secret-1\n"
    assert node.files.is_dir("/mnt/pve/c1/images")
    ok(node, "pvesm", "remove", "c1")
    assert not node.files.exists("/etc/pve/priv/storage/c1.pw")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("set dd --is_mountpoint yes --sparse 1", "update storage failed: unexpected property 'sparse'"),
        ("set dd --delete path", "update storage failed: unable to delete required option 'path'"),
        ("set dd --delete nosuch", "update storage failed: no such option 'nosuch'"),
        ("set dd --content iso --delete content", "cannot set and delete property 'content' at the same time!"),
        ("set dd --server x", "update storage failed: unexpected property 'server'"),
        ("set dd --content nosuch", "content: invalid format - invalid content type 'nosuch'"),
        ("set local-zfs --pool other", "update storage failed: can't change value of fixed parameter 'pool'"),
        ("set local-zfs --content iso", "storage does not support content type 'iso'"),
        ("set dd --digest 0123456789012345678901234567890123456789", "detected modified configuration"),
        ("set dd --path /other", "Unknown option: path"),
        ("add dir d2 --path /mnt/nothing --is_mountpoint yes", "directory is expected to be a mount point but is not"),
        ("add dir d2 --path /mnt/a,b", "illegal path for directory storage: /mnt/a,b"),
        ("add dir d2 --path /mnt/none --create-base-path 0", "directory '/mnt/none' does not exist or is unreachable"),
        ("add dir d2 --path /mnt/x --server y", "unexpected property 'server'"),
        ("add nfs n2 --server 127.0.0.1", "export: property is missing and it is not optional"),
        (
            "add nfs n2 --server 127.0.0.1 --export /no",
            "mount.nfs: access denied by server while mounting 127.0.0.1:/no",
        ),
        ("remove nosuch", "delete storage failed: storage 'nosuch' does not exist"),
    ],
)
def test_what_pvesm_refuses(words: str, text: str) -> None:
    node = serving_node()
    ok(node, "pvesm", "add", "dir", "dd", "--path", "/srv/data")
    before = node.files.read("/etc/pve/storage.cfg")
    assert text in refused(node, "pvesm", *words.split())
    assert node.files.read("/etc/pve/storage.cfg") == before
