"""Packages, services, network and locales of a simulated Debian answer as recorded."""

from __future__ import annotations

import json

import pytest

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.simulator.process import Address
from simulator.box import Box

SOURCES = """\
deb http://deb.debian.org/debian trixie main
deb [signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/debian trixie stable
"""


def debian(**options: object) -> Box:
    box = Box(**options)  # type: ignore[arg-type]
    names = ("bash", "openssh-server", "systemd")
    blocks = [
        f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0-1\nDescription: {name}\n"
        for name in names
    ]
    box.put("/var/lib/dpkg/status", "\n".join(blocks))
    box.put("/etc/resolv.conf", "nameserver 10.0.0.1\n")
    box.put("/etc/apt/sources.list", SOURCES)
    box.put("/etc/apt/keyrings/docker.asc", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n")
    if box.addresses:
        assert box.run("apt-get", "update").rc == 0
    return box


FORMAT = "${binary:Package}\\t${Version}\\t${db:Status-Status}\\n"


def test_what_dpkg_knows_is_listed_and_the_rest_named() -> None:
    result = debian().run("dpkg-query", "-W", "-f", FORMAT, "openssh-server", "bash", "nosuchpkg")
    assert result == Result(
        1,
        "bash\t1.0-1\tinstalled\nopenssh-server\t1.0-1\tinstalled\n",
        "dpkg-query: no packages found matching nosuchpkg\n",
    )
    assert debian().run("dpkg-query", "-W", "-f=${Package;10}|", "bash").stdout == "      bash|"
    assert debian().run("dpkg-query", "-W", "bash").stdout == "bash\t1.0-1\n"
    assert debian().run("dpkg", "--print-architecture").stdout == "amd64\n"


def test_installing_brings_packages_dependencies_and_services() -> None:
    box = debian()
    result = box.run("apt-get", "install", "-y", "-q", "--no-install-recommends", "-o", "K=V", "docker-ce", "jq")
    assert (result.rc, result.stderr) == (0, "")
    query = box.run("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", "jq", "containerd.io", "docker-ce")
    assert query == Result(0, "containerd.io installed\ndocker-ce installed\njq installed\n")
    assert box.run("systemctl", "is-active", "docker", "containerd").stdout == "active\nactive\n"
    assert box.run("systemctl", "is-enabled", "docker").stdout == "enabled\n"
    again = box.run("apt-get", "install", "-y", "jq")
    assert "jq is already the newest version" in again.stdout
    assert again.seconds < result.seconds
    assert box.run("apt-get", "remove", "-y", "docker-ce").rc == 0
    assert box.run("dpkg-query", "-W", "-f", "${db:Status-Status}\n", "docker-ce").stdout == "config-files\n"
    assert box.run("systemctl", "is-enabled", "docker").stdout == "not-found\n"


def test_an_unknown_package_is_refused_as_recorded() -> None:
    box = debian()
    before = box.files.read("/var/lib/dpkg/status")
    result = box.run("apt-get", "install", "-y", "jq", "nosuchpkg")
    reading = "Reading package lists...\nBuilding dependency tree...\nReading state information...\n"
    assert result == Result(100, reading, "E: Unable to locate package nosuchpkg\n")
    assert box.files.read("/var/lib/dpkg/status") == before


def test_an_installation_that_is_cut_off_is_not_installed() -> None:
    box = debian()
    assert box.run("apt-get", "install", "-y", "build-essential", limit=12).rc == -1
    state = box.run("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", "gcc", "g++", "build-essential")
    assert state.stdout == "g++ unpacked\ngcc installed\n"
    assert box.run("apt-get", "install", "-y", "build-essential").rc == 0
    assert box.run("dpkg-query", "-W", "-f", "${db:Status-Status}\n", "build-essential").stdout == "installed\n"


def test_apt_needs_an_address_a_nameserver_and_the_lock() -> None:
    box = debian(addresses=())
    assert box.run("apt-get", "install", "-y", "jq").rc == 100
    assert "Temporary failure resolving 'deb.debian.org'" in box.run("apt-get", "update").stderr
    box = debian()
    box.files.locks.add("/var/lib/dpkg/lock-frontend")
    held = box.run("apt-get", "install", "-y", "jq", "-o", "DPkg::Lock::Timeout=3")
    assert (held.rc, held.seconds > 3, "Could not get lock" in held.stderr) == (100, True, True)
    assert box.run("apt-get", "frobnicate").stderr == "E: Invalid operation frobnicate\n"


def test_services_answer_as_recorded() -> None:
    box = debian()
    box.run("apt-get", "install", "-y", "nfs-kernel-server", "samba")
    shown = box.run(
        "systemctl",
        "show",
        "-p",
        "Id,LoadState,ActiveState,SubState,UnitFileState",
        "nfs-server",
        "smbd",
        "nosuch.service",
    )
    assert shown.stdout == (
        "Id=nfs-server.service\nLoadState=loaded\nActiveState=active\nSubState=exited\nUnitFileState=enabled\n\n"
        "Id=smbd.service\nLoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\n\n"
        "Id=nosuch.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\nUnitFileState=\n"
    )
    assert box.run("systemctl", "is-active", "nfs-server", "nosuch") == Result(0, "active\ninactive\n")
    assert box.run("systemctl", "is-enabled", "nfs-server", "nosuch") == Result(0, "enabled\nnot-found\n")
    missing = box.run("systemctl", "enable", "--now", "nosuch.service")
    assert missing == Result(1, "", "Failed to enable unit: Unit nosuch.service does not exist\n")
    restarted = box.run("systemctl", "restart", "nosuch")
    assert restarted == Result(5, "", "Failed to restart nosuch.service: Unit nosuch.service not found.\n")
    assert box.run("systemctl", "reload", "nfs-server") == Result(0)
    assert box.run("systemctl", "is-active", "nosuch").rc == 4


def test_enabling_and_starting_are_two_things() -> None:
    box = debian()
    box.put(
        "/etc/systemd/system/own.service",
        "[Service]\nExecStart=/usr/bin/sleep 100000\n[Install]\nWantedBy=multi-user.target\n",
    )

    def state() -> tuple[str, str]:
        return (
            box.run("systemctl", "is-enabled", "own").stdout.strip(),
            box.run("systemctl", "is-active", "own").stdout.strip(),
        )

    seen = [state()]
    for command in (
        ["enable"],
        ["start"],
        ["disable"],
        ["stop"],
        ["enable", "--now"],
        ["disable", "--now"],
    ):
        assert box.run("systemctl", *command, "own").rc == 0
        seen.append(state())
    assert seen == [
        ("disabled", "inactive"),
        ("enabled", "inactive"),
        ("enabled", "active"),
        ("disabled", "active"),
        ("disabled", "inactive"),
        ("enabled", "active"),
        ("disabled", "inactive"),
    ]


def test_a_masked_service_is_not_started() -> None:
    box = debian()
    box.run("apt-get", "install", "-y", "nginx")
    box.run("systemctl", "stop", "nginx")
    assert box.run("systemctl", "mask", "nginx").rc == 0
    assert box.run("systemctl", "is-enabled", "nginx") == Result(1, "masked\n")
    assert box.run("systemctl", "start", "nginx").stderr == (
        "Failed to start nginx.service: Unit nginx.service is masked.\n"
    )
    assert box.run("systemctl", "unmask", "nginx").rc == 0
    assert box.run("systemctl", "start", "nginx").rc == 0


def test_what_is_enabled_runs_again_after_a_start() -> None:
    box = debian()
    box.run("apt-get", "install", "-y", "nginx")
    box.run("systemctl", "stop", "nginx")
    assert box.run("systemctl", "is-active", "nginx").stdout == "inactive\n"
    box.files.remove("/run", recursive=True)
    assert box.run("systemctl", "is-active", "nginx").stdout == "active\n"
    assert box.run("systemctl", "is-active", "ssh").stdout == "active\n"
    assert box.run("systemctl", "is-system-running") == Result(0, "running\n")


def test_the_time_zone_is_set_as_recorded() -> None:
    box = debian()
    assert "Timezone=Etc/UTC\n" in box.run("timedatectl", "show").stdout
    assert box.run("timedatectl", "set-timezone", "Europe/Berlin") == Result(0)
    assert box.run("timedatectl", "show", "-p", "Timezone", "--value").stdout == "Europe/Berlin\n"
    assert box.run("readlink", "/etc/localtime").stdout == "../usr/share/zoneinfo/Europe/Berlin\n"
    wrong = box.run("timedatectl", "set-timezone", "Mars/Base")
    assert wrong == Result(1, "", "Failed to set time zone: Invalid or not installed time zone 'Mars/Base'\n")


def test_addresses_are_the_machines() -> None:
    box = debian(addresses=(Address("eth0", "10.0.0.5/24", "10.0.0.1", "BC:24:11:00:00:01"), Address("eth1")))
    line = box.run("ip", "-o", "addr", "show", "dev", "eth0", "scope", "global").stdout
    assert line.startswith("2: eth0    inet 10.0.0.5/24 brd 10.0.0.255 scope global eth0")
    assert box.run("ip", "-o", "addr", "show", "dev", "eth1", "scope", "global") == Result(0)
    assert box.run("ip", "addr", "show", "nope").stderr == 'ip: Device "nope" does not exist.\n'
    found = json.loads(box.run("ip", "-j", "addr").stdout)
    assert [(one["ifname"], len(one["addr_info"])) for one in found] == [("lo", 1), ("eth0", 1), ("eth1", 0)]
    assert found[1]["addr_info"][0]["local"] == "10.0.0.5"
    assert box.run("ip", "route").stdout.splitlines()[0] == "default via 10.0.0.1 dev eth0 "
    assert json.loads(box.run("ip", "-j", "route").stdout)[1]["dst"] == "10.0.0.0/24"
    assert box.run("hostname", "-I").stdout == "10.0.0.5 \n"


def test_names_resolve_with_an_address_and_a_nameserver() -> None:
    box = debian()
    box.put("/etc/hosts", "127.0.0.1 localhost\n10.0.0.9 nas nas.lan\n")
    assert box.run("getent", "hosts", "deb.debian.org").rc == 0
    box.put("/etc/resolv.conf", "")
    assert box.run("getent", "hosts", "deb.debian.org") == Result(2)
    assert box.run("getent", "hosts", "nas").stdout.split() == ["10.0.0.9", "nas"]
    assert debian(addresses=()).run("getent", "hosts", "deb.debian.org").rc == 2
    assert box.run("getent", "passwd", "root", "nosuchuser").rc == 2
    assert box.run("getent", "group", "adm").stdout == "adm:x:4:www-data\n"


@pytest.mark.parametrize(
    ("argv", "status"), [(["curl", "-fsSL", "https://get.docker.com/x"], 6), (["wget", "http://a.b/c"], 4)]
)
def test_nothing_is_fetched_and_it_says_so(argv: list[str], status: int) -> None:
    result = debian().run(*argv)
    assert (result.rc, "no internet" in result.stderr) == (status, True)


def test_locales_are_generated_before_they_are_used() -> None:
    box = debian()
    assert box.run("update-locale", "LANG=de_DE.UTF-8").rc == 1
    assert box.run("locale-gen", "de_DE.UTF-8").rc == 0
    assert box.run("update-locale", "LANG=de_DE.UTF-8").rc == 0
    assert box.files.read("/etc/default/locale") == "LANG=de_DE.UTF-8\n"
    assert "de_DE.utf8" in box.run("locale", "-a").stdout
