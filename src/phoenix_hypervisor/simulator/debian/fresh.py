"""What Debian's half of a freshly installed Proxmox VE node has: accounts, packages with their files and units."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from phoenix_hypervisor.simulator.debian import contents, dpkg, unittexts
from phoenix_hypervisor.simulator.debian.packages import ARCHIVE
from phoenix_hypervisor.simulator.debian.setup import listed
from phoenix_hypervisor.simulator.releases import Release
from phoenix_hypervisor.simulator.tree import Entry, Tree

_USERS = (
    ("root", 0, 0, "root", "/root", "/bin/bash"),
    ("daemon", 1, 1, "daemon", "/usr/sbin", ""),
    ("bin", 2, 2, "bin", "/bin", ""),
    ("sys", 3, 3, "sys", "/dev", ""),
    ("sync", 4, 65534, "sync", "/bin", "/bin/sync"),
    ("mail", 8, 8, "mail", "/var/mail", ""),
    ("www-data", 33, 33, "www-data", "/var/www", ""),
    ("backup", 34, 34, "backup", "/var/backups", ""),
    ("_apt", 42, 65534, "", "/nonexistent", ""),
    ("nobody", 65534, 65534, "nobody", "/nonexistent", ""),
    ("systemd-network", 998, 998, "systemd Network Management", "/", ""),
    ("postfix", 100, 102, "", "/var/spool/postfix", ""),
    ("_rpc", 101, 65534, "", "/run/rpcbind", ""),
    ("messagebus", 102, 104, "", "/nonexistent", ""),
    ("sshd", 103, 65534, "", "/run/sshd", ""),
    ("_chrony", 104, 106, "Chrony daemon", "/var/lib/chrony", ""),
    ("statd", 105, 65534, "", "/var/lib/nfs", ""),
    ("ceph", 64045, 64045, "Ceph storage service", "/var/lib/ceph", ""),
)
_GROUPS = (
    "root:0 daemon:1 bin:2 sys:3 adm:4 tty:5 disk:6 lp:7 mail:8 kmem:15 dialout:20 cdrom:24 tape:26 sudo:27 audio:29 "
    "www-data:33 backup:34 shadow:42 utmp:43 video:44 plugdev:46 staff:50 games:60 users:100 nogroup:65534 "
    "systemd-journal:999 systemd-network:998 crontab:997 input:996 sgx:995 kvm:993 render:992 postfix:102 "
    "postdrop:103 messagebus:104 _ssh:105 _chrony:106 gluster:994 ceph:64045"
)
_SHELLS = "# /etc/shells: valid login shells\n/bin/sh\n/usr/bin/sh\n/bin/bash\n/usr/bin/bash\n/bin/rbash\n/bin/dash\n"
_PACKAGES = (
    "adduser apparmor apt base-files base-passwd bash bsd-mailx bsdutils ca-certificates chrony coreutils cron curl "
    "dash dbus debconf debian-archive-keyring debianutils diffutils dosfstools dpkg e2fsprogs ethtool file findutils "
    "gdisk gpg grep gzip hdparm hostname ifupdown2 init init-system-helpers initramfs-tools iproute2 iputils-ping kmod "
    "less libc6 libpve-storage-perl locales login logrotate lvm2 lxc-pve lxcfs mawk mount nano ncurses-base netbase "
    "nfs-common nftables openssh-client openssh-server openssl passwd pciutils perl-base postfix procps "
    "proxmox-archive-keyring proxmox-backup-client proxmox-default-kernel proxmox-mail-forward proxmox-ve "
    "proxmox-widget-toolkit psmisc pve-cluster pve-container pve-docs pve-edk2-firmware pve-firewall pve-firmware "
    "pve-ha-manager pve-i18n pve-lxc-syscalld pve-manager pve-qemu-kvm python3 rpcbind rsync samba-common sed "
    "smartmontools smbclient socat sqlite3 systemd systemd-sysv tar traceroute tzdata ucf udev util-linux vim-tiny "
    "wget whiptail xfsprogs xz-utils zfs-initramfs zfs-zed zfsutils-linux zstd"
)
_UNITS = {"udev": ("systemd-udevd",), "systemd": ("systemd-journald", "systemd-logind"), "openssh-server": ("ssh",)}
_SYSCTLS = {
    "fs/inotify/max_user_instances": "512", "fs/inotify/max_user_watches": "65536", "kernel/panic": "0",
    "kernel/pid_max": "4194304", "net/ipv4/ip_forward": "0", "net/ipv4/conf/all/rp_filter": "2",
    "net/ipv6/conf/all/disable_ipv6": "0", "net/core/rmem_max": "212992", "net/core/wmem_max": "212992",
    "net/core/somaxconn": "4096", "vm/overcommit_memory": "0", "vm/swappiness": "60", "vm/max_map_count": "262144",
    "vm/dirty_ratio": "20", "vm/dirty_background_ratio": "10", "vm/nr_hugepages": "0",
    "fs/file-max": "9223372036854775807", "fs/aio-max-nr": "65536", "kernel/keys/maxkeys": "200",
    "net/bridge/bridge-nf-call-iptables": "0",
}  # fmt: skip


def put(tree: Tree, release: Release, name: str) -> None:
    """Put the files into a node's root file system."""
    for path, entry in _files(release):
        tree.put(path, entry)
    tree.put("/proc/sys/kernel/hostname", Entry("file", f"{name}\n"))


@lru_cache(maxsize=4)
def _files(release: Release) -> tuple[tuple[str, Entry], ...]:
    found = {path: Entry("file", text, mode) for path, text, mode in _system(release)}
    found |= dict(_accounts())
    versions = _versions(release)
    blocks = []
    for package, version in sorted(versions.items()):
        for path, (text, mode) in {**contents.files(package), **contents.conffiles(package)}.items():
            found[path] = Entry("file", text, mode)
        fields = dpkg.entry(package, version)
        blocks.append("".join(f"{key}: {value}\n" for key, value in fields.items()) + _conffiles(package))
        shipped = ARCHIVE[package].units if package in ARCHIVE else ()
        for unit in _UNITS.get(package, shipped):
            found |= dict(_unit(unit))
    found["/var/lib/dpkg/status"] = Entry("file", "\n".join(blocks))
    found["/etc/localtime"] = Entry("link", "/usr/share/zoneinfo/Etc/UTC", 0o777)
    return tuple(found.items())


def _conffiles(package: str) -> str:
    text = listed(package)
    return f"Conffiles:{text}\n" if text else ""


def _versions(release: Release) -> dict[str, str]:
    """The packages of the installation and their versions."""
    names = _PACKAGES.split()
    found = {name: ARCHIVE[name].version if name in ARCHIVE else f"{release.debian}-1" for name in names}
    kernel, series = release.kernel.release, ".".join(release.kernel.release.split(".")[:2])
    found["pve-manager"] = release.manager.partition("/")[0]
    found |= dict.fromkeys(("zfsutils-linux", "zfs-initramfs", "zfs-zed"), release.zfs)
    found |= {f"proxmox-kernel-{kernel}-signed": kernel.removesuffix("-pve")}
    return found | {f"proxmox-kernel-{series}": kernel.removesuffix("-pve")}


def _system(release: Release) -> Iterator[tuple[str, str, int]]:
    """Plain files: time zone, locale, keys of archives, kernel settings."""
    yield "/etc/timezone", "Etc/UTC\n", 0o644
    yield "/etc/default/locale", "LANG=en_US.UTF-8\n", 0o644
    yield "/etc/locale.gen", "# de_DE.UTF-8 UTF-8\n# en_GB.UTF-8 UTF-8\nen_US.UTF-8 UTF-8\n", 0o644
    yield "/usr/lib/locale/en_US.utf8/LC_CTYPE", "simulated locale\n", 0o644
    yield "/etc/shells", _SHELLS, 0o644
    yield "/etc/skel/.bashrc", "# ~/.bashrc: executed by bash(1) for non-login shells.\n", 0o644
    yield "/etc/skel/.profile", "# ~/.profile: executed by the command interpreter for login shells.\n", 0o644
    yield "/etc/machine-id", "5b4f0d2c8e1a4c7d9f3b6a2e8c1d0f47\n", 0o444
    yield "/etc/sysctl.conf", "# See sysctl.conf(5).\n", 0o644
    yield (
        "/etc/apt/apt.conf.d/76pveconf",
        'DPkg::Pre-Install-Pkgs { "/usr/share/proxmox-ve/pve-apt-hook || true"; };\n',
        0o644,
    )
    yield "/etc/apt/trusted.gpg.d/debian-archive-keyring.gpg", "simulated keyring of debian\n", 0o644
    if not release.deb822:
        yield f"/etc/apt/trusted.gpg.d/proxmox-release-{release.codename}.gpg", "simulated keyring of proxmox\n", 0o644
    for key, value in _SYSCTLS.items():
        yield f"/proc/sys/{key}", f"{value}\n", 0o644


def _accounts() -> Iterator[tuple[str, Entry]]:
    nologin = "/usr/sbin/nologin"
    rows = (f"{name}:x:{uid}:{gid}:{text}:{home}:{shell or nologin}\n" for name, uid, gid, text, home, shell in _USERS)
    yield "/etc/passwd", Entry("file", "".join(rows))
    secrets = ("$y$j9T$simulated$installer" if user[0] == "root" else "*" for user in _USERS)
    rows = (f"{user[0]}:{secret}:20000:0:99999:7:::\n" for user, secret in zip(_USERS, secrets, strict=True))
    yield "/etc/shadow", Entry("file", "".join(rows), 0o640, gid=42)
    groups = [word.split(":") for word in _GROUPS.split()]
    yield "/etc/group", Entry("file", "".join(f"{name}:x:{gid}:\n" for name, gid in groups))
    yield "/etc/gshadow", Entry("file", "".join(f"{name}:*::\n" for name, _gid in groups), 0o640, gid=42)


def _unit(name: str) -> Iterator[tuple[str, Entry]]:
    """A service's file, and the links of its being enabled."""
    unit = name if "." in name else f"{name}.service"
    for path, text in unittexts.files(unit).items():
        yield path, Entry("file", text)
        for target in (line[9:] for line in text.splitlines() if line.startswith("WantedBy=")):
            yield f"/etc/systemd/system/{target}.wants/{unit}", Entry("link", path, 0o777)
        for alias in (line[6:] for line in text.splitlines() if line.startswith("Alias=")):
            yield f"/etc/systemd/system/{alias}", Entry("link", path, 0o777)
    for alias in unittexts.aliases(unit):
        yield f"/usr/lib/systemd/system/{alias}", Entry("link", unit, 0o777)
