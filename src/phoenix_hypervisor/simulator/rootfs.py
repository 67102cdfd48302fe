"""What an OS tarball unpacks to: the files of a fresh Debian or Ubuntu that programs look at."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from phoenix_hypervisor.simulator.tarballs import System
from phoenix_hypervisor.simulator.tree import Entry, Tree

_FOLDERS = (
    "/boot", "/dev", "/etc/apt/apt.conf.d", "/etc/apt/sources.list.d", "/etc/default", "/etc/network", "/etc/profile.d",
    "/etc/ssh", "/etc/systemd/network", "/etc/systemd/system", "/home", "/media", "/mnt", "/opt", "/proc", "/root",
    "/run", "/srv", "/sys", "/usr/bin", "/usr/lib", "/usr/lib64", "/usr/local/bin", "/usr/local/sbin", "/usr/sbin",
    "/usr/lib/systemd", "/usr/share", "/var/cache/apt/archives", "/var/lib/apt/lists", "/var/lib/dpkg", "/var/log",
    "/var/opt",
)  # fmt: skip
_LINKS = {
    "/bin": "usr/bin",
    "/lib": "usr/lib",
    "/lib64": "usr/lib64",
    "/sbin": "usr/sbin",
    "/usr/sbin/init": "../lib/systemd/systemd",
}
_PACKAGES = (
    "apt base-files base-passwd bash bsdutils coreutils dash debconf debianutils diffutils dpkg findutils gpgv grep "
    "gzip hostname ifupdown init init-system-helpers iproute2 iputils-ping libc6 locales login mawk mount "
    "ncurses-base netbase passwd perl-base procps sed systemd systemd-sysv sysvinit-utils tar tzdata "
    "udev util-linux"
)
_NOT_IN_MINIMAL = ("openssh-client", "openssh-server")
_USERS = (
    ("root", 0, 0, "/root", "/bin/bash"),
    ("daemon", 1, 1, "/usr/sbin", "/usr/sbin/nologin"),
    ("www-data", 33, 33, "/var/www", "/usr/sbin/nologin"),
    ("sshd", 101, 65534, "/run/sshd", "/usr/sbin/nologin"),
    ("nobody", 65534, 65534, "/nonexistent", "/usr/sbin/nologin"),
)
_GROUPS = (
    ("root", 0), ("daemon", 1), ("adm", 4), ("tty", 5), ("sudo", 27), ("www-data", 33), ("video", 44), ("users", 100),
    ("nogroup", 65534),
)  # fmt: skip


@lru_cache(maxsize=16)
def _unpacked(name: str, owner: int) -> Tree:
    system, tree = System(name), Tree()
    for folder in _FOLDERS:
        tree.put(folder, Entry("directory", mode=0o755))
    for folder in ("/tmp", "/var/tmp"):  # noqa: S108
        tree.put(folder, Entry("directory", mode=0o1777))
    for path, target in _LINKS.items():
        tree.put(path, Entry("link", target, 0o777))
    for path, text in {**_release(system), **_accounts(), **_packages(system)}.items():
        tree.put(path, Entry("file", text, 0o640 if path == "/etc/shadow" else 0o644))
    for path, entry in tree.items():
        tree[path] = replace(entry, uid=owner + entry.uid, gid=owner + entry.gid)
    return tree


def unpacked(system: System, owner: int) -> Tree:
    """The root file system of a tarball; ``owner`` is whom the container's root is on the node."""
    return _unpacked(system.name, owner).copy()


def _release(system: System) -> dict[str, str]:
    title = {"ubuntu": "Ubuntu", "debian": "Debian GNU/Linux"}.get(system.distribution, system.distribution.title())
    like = "ID_LIKE=debian\n" if system.distribution == "ubuntu" else ""
    return {
        "/etc/hostname": "localhost\n",
        "/etc/hosts": "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n",
        "/etc/machine-id": "uninitialized\n",
        "/etc/debian_version": f"{system.version}\n",
        "/etc/os-release": f'PRETTY_NAME="{title} {system.version}"\nNAME="{title}"\nVERSION_ID="{system.version}"\n'
        f"VERSION_CODENAME={system.codename}\nID={system.distribution}\n{like}",
        "/etc/lsb-release": f"DISTRIB_ID={title.split()[0]}\nDISTRIB_RELEASE={system.version}\n"
        f"DISTRIB_CODENAME={system.codename}\n",
        "/etc/resolv.conf": "",
        "/etc/timezone": "Etc/UTC\n",
        "/etc/locale.gen": "# en_US.UTF-8 UTF-8\n",
        "/etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n",
    }


def _accounts() -> dict[str, str]:
    return {
        "/etc/passwd": "".join(f"{n}:x:{u}:{g}:{n}:{home}:{shell}\n" for n, u, g, home, shell in _USERS),
        "/etc/group": "".join(f"{name}:x:{number}:\n" for name, number in _GROUPS),
        "/etc/shadow": "".join(f"{user[0]}:*:20000:0:99999:7:::\n" for user in _USERS),
    }


def _packages(system: System) -> dict[str, str]:
    if system.ostype not in ("debian", "ubuntu"):
        return {}
    blocks = [
        f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {system.version}-1\n"
        f"Description: {name}\n"
        for name in sorted([*_PACKAGES.split(), *([] if "minimal" in system.name else _NOT_IN_MINIMAL)])
    ]
    host = "archive.ubuntu.com/ubuntu" if system.distribution == "ubuntu" else "deb.debian.org/debian"
    source = f"deb http://{host} {system.codename} main\n"
    return {"/var/lib/dpkg/status": "\n".join(blocks), "/etc/apt/sources.list": source}
