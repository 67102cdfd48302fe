"""The files that packages bring, as far as somebody looks at them; configuration files stay when a package goes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from phoenix_hypervisor.simulator.debian import accountfiles as book
from phoenix_hypervisor.simulator.process import Machine

Files = Mapping[str, tuple[str, int]]

_SUDOERS = """\
#
# This file MUST be edited with the 'visudo' command as root.
#
Defaults\tenv_reset
Defaults\tmail_badpass
Defaults\tsecure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Defaults\tuse_pty

# User privilege specification
root\tALL=(ALL:ALL) ALL

# Allow members of group sudo to execute any command
%sudo\tALL=(ALL:ALL) ALL

@includedir /etc/sudoers.d
"""
_SUDOERS_README = """\
#
# Files in this directory are read by sudo unless their names end in '~' or contain a '.'.
# Their mode has to be 0440.
#
"""
_CHRONY = """\
# Welcome to the chrony configuration file. See chrony.conf(5) for more
# information about usable directives.

# Include configuration files found in /etc/chrony/conf.d.
confdir /etc/chrony/conf.d

# Use Debian vendor zone.
pool 2.debian.pool.ntp.org iburst

# Use time sources from DHCP.
sourcedir /run/chrony-dhcp

# Use NTP sources found in /etc/chrony/sources.d.
sourcedir /etc/chrony/sources.d

keyfile /etc/chrony/chrony.keys
driftfile /var/lib/chrony/chrony.drift
ntsdumpdir /var/lib/chrony
logdir /var/log/chrony
maxupdateskew 100.0
rtcsync
makestep 1 3
leapseclist /usr/share/zoneinfo/leap-seconds.list
"""
_LOGROTATE = """\
# see "man logrotate" for details

# global options do not affect preceding include directives

# rotate log files weekly
weekly

# keep 4 weeks worth of backlogs
rotate 4

# create new (empty) log files after rotating old ones
create

# packages drop log rotation information into this directory
include /etc/logrotate.d
"""
_EXPORTS = """\
# /etc/exports: the access control list for filesystems which may be exported
#\t\tto NFS clients.  See exports(5).
#
"""
_CHAT = (
    r"*Enter\snew\s*\spassword:* %n\n *Retype\snew\s*\spassword:* %n\n "
    r"*password\supdated\ssuccessfully* ."
)
_SMB = """\
#======================= Global Settings =======================

[global]
   workgroup = WORKGROUP
   log file = /var/log/samba/log.%m
   max log size = 1000
   logging = file
   panic action = /usr/share/samba/panic-action %d
   server role = standalone server
   obey pam restrictions = yes
   unix password sync = yes
   passwd program = /usr/bin/passwd %u
   passwd chat = @CHAT@
   pam password change = yes
   map to guest = bad user
   usershare allow guests = yes

#======================= Share Definitions =======================

[homes]
   comment = Home Directories
   browseable = no
   read only = yes
   create mask = 0700
   directory mask = 0700
   valid users = %S

[printers]
   comment = All Printers
   browseable = no
   path = /var/tmp
   printable = yes
   guest ok = no
   read only = yes
   create mask = 0700

[print$]
   comment = Printer Drivers
   path = /var/lib/samba/printers
   browseable = yes
   read only = yes
   guest ok = no
""".replace("@CHAT@", _CHAT)
_NFS = """\
[general]
pipefs-directory=/run/rpc_pipefs

[nfsd]

[mountd]
manage-gids=y
"""

_TOOLKIT = """\
#accept-nvidia-visible-devices-as-volume-mounts = false
disable-require = false

[nvidia-container-cli]
environment = []
#no-cgroups = false
load-kmods = true

[nvidia-container-runtime]
runtimes = ["docker-runc", "runc"]
"""


def _rotated(path: str, *lines: str) -> tuple[str, int]:
    return f"{path} {{\n" + "".join(f"\t{line}\n" for line in lines) + "}\n", 0o644


_CONFFILES: dict[str, Files] = {
    "sudo": {"/etc/sudoers": (_SUDOERS, 0o440), "/etc/sudoers.d/README": (_SUDOERS_README, 0o440)},
    "chrony": {
        "/etc/chrony/chrony.conf": (_CHRONY, 0o644),
        "/etc/chrony/conf.d/README": ("Directives in files named *.conf here are read by chronyd.\n", 0o644),
        "/etc/chrony/sources.d/README": ("Time sources in files named *.sources here are read by chronyd.\n", 0o644),
        "/etc/default/chrony": ('DAEMON_OPTS="-F 1"\n', 0o644),
        "/etc/logrotate.d/chrony": _rotated("/var/log/chrony/*.log", "missingok", "nocreate", "sharedscripts"),
    },
    "logrotate": {
        "/etc/logrotate.conf": (_LOGROTATE, 0o644),
        "/etc/logrotate.d/wtmp": _rotated("/var/log/wtmp", "missingok", "monthly", "create 0664 root utmp", "rotate 1"),
    },
    "apt": {
        "/etc/logrotate.d/apt": _rotated("/var/log/apt/term.log", "rotate 12", "monthly", "compress", "missingok"),
    },
    "nfs-kernel-server": {"/etc/exports": (_EXPORTS, 0o644)},
    "nfs-common": {"/etc/nfs.conf": (_NFS, 0o644), "/etc/default/nfs-common": ("NEED_STATD=\nNEED_GSSD=\n", 0o644)},
    "samba": {"/etc/default/samba": ("# Options for smbd and nmbd.\n", 0o644)},
    "samba-common": {"/etc/samba/smb.conf": (_SMB, 0o644)},
    "smartmontools": {"/etc/smartd.conf": ("DEVICESCAN -d removable -n standby -m root\n", 0o644)},
    "unattended-upgrades": {
        "/etc/apt/apt.conf.d/50unattended-upgrades": ("Unattended-Upgrade::Origins-Pattern {\n};\n", 0o644)
    },
    "locales": {"/etc/locale.gen": ("# de_DE.UTF-8 UTF-8\n# en_GB.UTF-8 UTF-8\n# en_US.UTF-8 UTF-8\n", 0o644)},
    "openssh-server": {
        "/etc/ssh/sshd_config": ("Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\nX11Forwarding yes\n", 0o644)
    },
}
_HEADERS = re.compile(r"proxmox-headers-([0-9].*-pve)$")
_KERNEL = re.compile(r"proxmox-kernel-([0-9.]+-[0-9]+-pve)-signed$")
_SERIES = re.compile(r"proxmox-kernel-[0-9]+\.[0-9]+$")
_GROUPS = {"sudo": "sudo", "samba-common": "sambashare", "postfix": "postdrop"}
_USERS = {"chrony": "_chrony", "nfs-common": "statd", "rpcbind": "_rpc"}


def conffiles(name: str) -> Files:
    """The configuration files of a package, with text and mode."""
    return _CONFFILES.get(name, {})


def files(name: str) -> Files:
    """The other files of a package."""
    if found := _HEADERS.match(name):
        return {
            f"/usr/src/linux-headers-{found[1]}/Makefile": ("# Kernel headers\n", 0o644),
            f"/usr/lib/modules/{found[1]}/build/Makefile": ("# Kernel headers\n", 0o644),
        }
    if found := _KERNEL.match(name):
        return {f"/boot/vmlinuz-{found[1]}": ("kernel\n", 0o644), f"/boot/initrd.img-{found[1]}": ("initrd\n", 0o644)}
    if name in ("docker.io", "docker-ce"):
        return {"/usr/bin/docker-init": ("\x7fELF tini version 0.19.0\n", 0o755)}
    if name == "nvidia-container-toolkit":
        return {"/etc/nvidia-container-runtime/config.toml": (_TOOLKIT, 0o644)}
    if name in ("debian-archive-keyring", "proxmox-archive-keyring"):
        vendor = name.partition("-")[0]
        return {f"/usr/share/keyrings/{name}.gpg": (f"simulated keyring of {vendor}\n", 0o644)}
    return {}


def after(machine: Machine, name: str) -> None:
    """What a package's set-up changes beside its files: users, groups, a newer kernel's files."""
    book_files = machine.files
    group = _GROUPS.get(name)
    taken = book.numbers(book.groups(book_files))
    if group and book.group(book_files, group) is None:
        book.add_group(book_files, group, 27 if group == "sudo" and 27 not in taken else book.free(taken, True))
    user = _USERS.get(name)
    if user and book.row(book_files, book.PASSWD, user) is None:
        uid = str(book.free(book.numbers(book.users(book_files)), True))
        shell = "/usr/sbin/nologin"
        book.replace(book_files, book.PASSWD, user, [user, "x", uid, "65534", "", f"/var/lib/{name}", shell])
        book.replace(book_files, book.SHADOW, user, [user, "!", "20000", "", "", "", "", "", ""])
