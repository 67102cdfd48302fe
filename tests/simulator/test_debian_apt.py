"""apt-get knows what the sources give it, and says with apt's words what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from phoenix_hypervisor.simulator.node import Node
from simulator import recordings

PARTS = "/etc/apt/sources.list.d"
PROXMOX = """\
Types: deb
URIs: http://download.proxmox.com/debian/pve
Suites: trixie
Components: pve-no-subscription
Signed-By: /usr/share/keyrings/proxmox-archive-keyring.gpg
"""
LINE = "deb http://download.proxmox.com/debian/pve bookworm pve-no-subscription\n"
READING = "Reading package lists...\nBuilding dependency tree...\nReading state information...\n"


def _node(version: int = 9) -> Node:
    """A node whose sources are Debian's and Proxmox's without a subscription."""
    node = Node.new(version=version)
    for path in node.files.glob(f"{PARTS}/*"):
        if not path.endswith("debian.sources"):
            node.files.remove(path)
    if version == 8:
        node.files.write(f"{PARTS}/pve.list", LINE)
    else:
        node.files.write(f"{PARTS}/proxmox.sources", PROXMOX)
    return node


@pytest.mark.parametrize("version", [8, 9])
def test_a_fresh_node_is_refused_by_the_enterprise_archive(version: int) -> None:
    node = Node.new(version=version)
    code = node.release.codename
    result = node.run(("apt-get", "update"))
    assert result.rc == 100
    place = f"https://enterprise.proxmox.com/debian/pve/dists/{code}/InRelease"
    assert f"E: Failed to fetch {place}  401  Unauthorized" in result.stderr
    assert (
        f"E: The repository 'https://enterprise.proxmox.com/debian/pve {code} InRelease' is not signed."
        in result.stderr
    )
    assert node.run(("apt-get", "install", "-y", "pve-headers")).stderr == "E: Unable to locate package pve-headers\n"


@pytest.mark.parametrize("version", [8, 9])
def test_without_a_subscription_the_other_archive_answers(version: int) -> None:
    node = _node(version)
    missing = node.run(("apt-get", "install", "-y", "htop"))
    assert (missing.rc, missing.stderr) == (100, "E: Unable to locate package htop\n")
    updated = node.run(("apt-get", "update", "-o", "APT::Update::Error-Mode=any"))
    assert (updated.rc, updated.stderr) == (0, "")
    assert node.run(("apt-get", "install", "-y", "htop", f"proxmox-headers-{node.kernel.release}")).ok
    assert node.files.exists(f"/usr/src/linux-headers-{node.kernel.release}/Makefile")
    assert node.run(("apt-get", "-s", "install", "pve-headers")).ok == (version == 8)


def test_a_disabled_stanza_and_a_login_are_heeded() -> None:
    node = _node()
    text = PROXMOX.replace("download", "enterprise").replace("no-subscription", "enterprise").replace("http:", "https:")
    node.files.write(f"{PARTS}/pve-enterprise.sources", f"# off\nEnabled: no\n{text}")
    assert node.run(("apt-get", "update")).ok
    node.files.write(f"{PARTS}/pve-enterprise.sources", text)
    assert node.run(("apt-get", "update")).rc == 100
    node.files.mkdir("/etc/apt/auth.conf.d", parents=True)
    node.files.write(
        "/etc/apt/auth.conf.d/pve.conf", "machine enterprise.proxmox.com/debian/pve login pve2c-1 password x\n"
    )
    assert node.run(("apt-get", "update")).ok


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("x.list", "deb\n", f"E: Malformed entry 1 in list file {PARTS}/x.list (URI)\n"),
        ("x.list", "\ndeb nowhere trixie main\n", f"E: Malformed entry 2 in list file {PARTS}/x.list (URI parse)\n"),
        ("x.list", "deb http://a.b/debian\n", f"E: Malformed entry 1 in list file {PARTS}/x.list (Suite)\n"),
        ("x.list", "deb http://a.b/debian trixie\n", f"E: Malformed entry 1 in list file {PARTS}/x.list (Component)\n"),
        ("x.list", "dep http://a.b/debian trixie main\n", "E: Type 'dep' is not known on line 1 in source list"),
        ("x.sources", "URIs: http://a.b\n", f"E: Malformed stanza 1 in source list {PARTS}/x.sources (type)\n"),
        ("x.sources", "Types: deb\nSuites: x\n", f"E: Malformed stanza 1 in source list {PARTS}/x.sources (URI)\n"),
        ("x.sources", "Types: deb\nURIs: http://a.b\nSuites: x\n", "x.sources (Component)\n"),
        (
            "x.sources",
            PROXMOX.replace("keyrings/proxmox-archive", "keyrings/other"),
            "E: Conflicting values set for option Signed-By regarding source http://download.proxmox.com/debian/pve/ ",
        ),
    ],
)
def test_sources_that_cannot_be_read_stop_everything(name: str, text: str, words: str) -> None:
    node = _node()
    assert node.run(("apt-get", "update")).ok
    node.files.write(f"{PARTS}/{name}", text)
    for argv in (("apt-get", "update"), ("apt-get", "install", "-y", "htop")):
        result = node.run(argv)
        assert result.rc == 100
        assert words in result.stderr
        assert result.stderr.endswith("E: The list of sources could not be read.\n")


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        (PROXMOX.replace("trixie", "buzz"), 100, "buzz Release' does not have a Release file.\n"),
        (PROXMOX.replace("pve\n", "pvx\n"), 100, "trixie Release' does not have a Release file.\n"),
        (PROXMOX.replace("no-subscription", "nothing"), 0, "doesn't have the component 'pve-nothing'"),
        (PROXMOX.replace("proxmox-archive", "nosuch"), 100, "NO_PUBKEY A7BCD1420BFE778E"),
        (PROXMOX.replace("proxmox-archive", "debian-archive"), 100, "trixie InRelease' is not signed."),
        (
            PROXMOX + "\n" + PROXMOX,
            0,
            "W: Target Packages (pve-no-subscription/binary-amd64/Packages) is configured multi",
        ),
    ],
)
def test_what_an_update_says_of_an_archive(text: str, status: int, words: str) -> None:
    node = _node()
    node.files.write(f"{PARTS}/proxmox.sources", text)
    result = node.run(("apt-get", "update"))
    assert result.rc == status
    assert words in result.stderr


def test_files_with_other_endings_are_not_read() -> None:
    node = _node()
    node.files.write(f"{PARTS}/x.list.bak", "nonsense\n")
    node.files.write(f"{PARTS}/x.txt", "nonsense\n")
    result = node.run(("apt-get", "update"))
    assert result.rc == 0
    assert result.stderr == (
        f"N: Ignoring file 'x.txt' in directory '{PARTS}/' as it has an invalid filename extension\n"
    )


def test_the_recorded_answers(transcripts: Path) -> None:
    node = Node.new()
    for path in node.files.glob(f"{PARTS}/*"):
        node.files.remove(path)
    node.files.write("/etc/apt/sources.list", "deb http://mirror.example/debian trixie main\n")
    node.files.write("/etc/debian_version", "13.7\n")
    assert node.run(("apt-get", "update")).ok
    assert node.run(("apt-get", "install", "-y", "bash", "samba", "nfs-kernel-server")).ok
    count = 0
    for record in recordings.read(transcripts, "node-a-host.jsonl"):
        if record.id.startswith(("h-apt", "h-dpkg")):
            result = node.run(record.argv)
            assert (record.id, result.rc, result.stdout, result.stderr) == (
                record.id, record.rc, record.stdout, record.stderr,
            )  # fmt: skip
            count += 1
    assert count == 6


def test_configuration_files_outlive_their_package_and_are_not_brought_back() -> None:
    node = _node()
    assert node.run(("apt-get", "update")).ok
    install = ("apt-get", "install", "-y", "-o", "Dpkg::Options::=--force-confold", "samba", "sudo")
    assert node.run(install).ok
    node.files.write("/etc/sudoers", "changed\n")
    node.files.remove("/etc/sudoers.d/README")
    assert node.run(("apt-get", "remove", "-y", "sudo")).ok
    assert node.files.read("/etc/sudoers") == "changed\n"
    assert node.run(install).ok
    assert node.files.read("/etc/sudoers") == "changed\n"
    assert not node.files.exists("/etc/sudoers.d/README")
    assert node.run(("apt-get", "purge", "-y", "sudo")).ok
    assert not node.files.exists("/etc/sudoers")
    assert node.run(("dpkg-query", "-W", "sudo")).rc == 1


def test_a_file_that_was_there_before_needs_an_answer() -> None:
    node = _node()
    assert node.run(("apt-get", "update")).ok
    node.files.write("/etc/exports", "/srv *(ro)\n")
    asked = node.run(("apt-get", "install", "-y", "nfs-kernel-server"))
    assert asked.rc == 100
    assert "end of file on stdin at conffile prompt" in asked.stderr
    assert node.run(("dpkg", "--configure", "-a", "--force-confold")).ok
    assert node.files.read("/etc/exports") == "/srv *(ro)\n"
    assert node.run(("systemctl", "is-active", "nfs-server")).ok


def test_upgrades_come_on_request_and_spare_what_is_held(tmp_path: Path) -> None:
    node = _node()
    assert node.run(("apt-get", "update")).ok
    assert "0 upgraded" in node.run(("apt-get", "-s", "dist-upgrade")).stdout
    with pytest.raises(ValueError, match="no archive has it"):
        node.add_upgrade("nosuch", "1")
    for name, version in (("curl", "8.14.1-2+deb13u1"), ("chrony", "4.6.1-4")):
        node.add_upgrade(name, version)
    assert "0 upgraded" in node.run(("apt-get", "-s", "dist-upgrade")).stdout
    assert node.run(("apt-get", "update")).ok
    assert node.run(("apt-mark", "hold", "chrony")).stdout == "chrony set on hold.\n"
    assert node.run(("apt-mark", "showhold")).stdout == "chrony\n"
    told = node.run(("apt-get", "-s", "dist-upgrade")).stdout
    assert "The following packages have been kept back:\n  chrony\n" in told
    assert "Inst curl [8.14.1-2] (8.14.1-2+deb13u1 Debian:13.2/stable [amd64])\n" in told
    assert node.run(("apt-get", "full-upgrade", "-y")).ok
    shown = node.run(("dpkg-query", "-W", "-f", "${Package} ${Version}\n", "curl", "chrony")).stdout
    assert shown == "chrony 4.6.1-3\ncurl 8.14.1-2+deb13u1\n"
    assert node.run(("apt-mark", "unhold", "chrony")).ok
    node.save(tmp_path / "node")
    again = Node.load(tmp_path / "node")
    assert again.run(("apt-get", "dist-upgrade", "-y")).ok
    assert again.run(("dpkg-query", "-W", "-f", "${Version}", "chrony")).stdout == "4.6.1-4"


def test_what_nobody_needs_any_more_goes() -> None:
    node = _node()
    assert node.run(("apt-get", "update")).ok
    assert node.run(("apt-get", "install", "-y", "build-essential")).ok
    assert node.run(("apt-get", "remove", "-y", "build-essential")).ok
    assert "gcc" in node.run(("apt-get", "-s", "autoremove")).stdout
    assert node.run(("apt-get", "autoremove", "-y")).ok
    assert node.run(("dpkg-query", "-W", "gcc")).rc == 1


@pytest.mark.parametrize(
    ("relation", "holds"),
    [
        ("1.0~rc1 lt 1.0", True),
        ("1:1.0 gt 2.0", True),
        ("2.0-10 gt 2.0-9", True),
        ("1.0+b1 gt 1.0", True),
        ("1.0 eq 1.0-0", True),
        ("1.10 lt 1.9", False),
    ],
)
def test_versions_are_ordered_as_dpkg_orders_them(relation: str, holds: bool) -> None:
    assert Node.new().run(("dpkg", "--compare-versions", *relation.split())).ok == holds
