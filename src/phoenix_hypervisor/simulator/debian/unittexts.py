"""The unit files that packages ship, as far as their behaviour shows: type, reload, order, aliases."""

from __future__ import annotations

from dataclasses import dataclass

_FOLDER = "/usr/lib/systemd/system"
_HUP = "/bin/kill -HUP $MAINPID"
_NFT = "/usr/sbin/nft -f /etc/nftables.conf"
_NFSD = "/usr/sbin/rpc.nfsd\nExecStartPre=-/usr/sbin/exportfs -r\nExecStopPost=-/usr/sbin/exportfs -au"


@dataclass(frozen=True)
class _Told:
    description: str
    start: str
    reload: str = ""
    kind: str = "notify"
    alias: str = ""
    """Aliases by [Install], made when the unit is enabled."""
    shipped: tuple[str, ...] = ()
    """Aliases that the package has as links."""
    more: str = ""
    wanted: str = "multi-user.target"


_ORDER = "After=pveproxy.service ssh.service pve-storage.target networking.service\nWants=pveproxy.service\n"
_KNOWN = {
    "chrony": _Told("chrony, an NTP client/server", "/usr/sbin/chronyd $DAEMON_OPTS", "", "forking", "chronyd.service"),
    "containerd": _Told("containerd container runtime", "/usr/bin/containerd"),
    "cron": _Told("Regular background program processing daemon", "/usr/sbin/cron -f $EXTRA_OPTS", "", "simple"),
    "docker": _Told("Docker Application Container Engine", "/usr/bin/dockerd -H fd://", "/bin/kill -s HUP $MAINPID"),
    "lxcfs": _Told("FUSE filesystem for LXC", "/usr/bin/lxcfs /var/lib/lxcfs", "/bin/kill -USR1 $MAINPID", "simple"),
    "networking": _Told("Network initialization", "/usr/share/ifupdown2/sbin/start-networking start",
                        "/usr/share/ifupdown2/sbin/start-networking reload", "oneshot", wanted="network-online.target"),
    "nfs-server": _Told("NFS server and services", _NFSD, "-/usr/sbin/exportfs -r", "oneshot", "",
                        ("nfs-kernel-server.service",)),
    "nfs-client.target": _Told("NFS client services", ""),
    "nftables": _Told("nftables", _NFT, _NFT, "oneshot"),
    "nginx": _Told("A high performance web server and a reverse proxy server", "/usr/sbin/nginx", _HUP, "forking"),
    "nmbd": _Told("Samba NMB Daemon", "/usr/sbin/nmbd --foreground --no-process-group $NMBDOPTIONS", _HUP),
    "nvidia-persistenced": _Told("NVIDIA Persistence Daemon", "/usr/bin/nvidia-persistenced", "", "forking"),
    "postfix": _Told("Postfix Mail Transport Agent", "/usr/sbin/postfix start", "/usr/sbin/postfix reload", "forking"),
    "pve-cluster": _Told("The Proxmox VE cluster filesystem", "/usr/bin/pmxcfs", "", "forking"),
    "pve-guests": _Told("PVE guests", "/usr/bin/pvesh --nooutput create /nodes/localhost/startall", "", "oneshot",
                        more=_ORDER),
    "pvedaemon": _Told("PVE API Daemon", "/usr/bin/pvedaemon start", "/usr/bin/pvedaemon restart", "forking"),
    "pveproxy": _Told("PVE API Proxy Server", "/usr/bin/pveproxy start", "/usr/bin/pveproxy restart", "forking"),
    "pvestatd": _Told("PVE Status Daemon", "/usr/bin/pvestatd start", "/usr/bin/pvestatd restart", "forking"),
    "rpcbind": _Told("RPC bind portmap service", "/sbin/rpcbind -f -w $OPTIONS"),
    "smartmontools": _Told("Self Monitoring and Reporting Technology (SMART) Daemon", "/usr/sbin/smartd -n", _HUP,
                           "notify", "smartd.service"),
    "smbd": _Told("Samba SMB Daemon", "/usr/sbin/smbd --foreground --no-process-group $SMBDOPTIONS", _HUP),
    "ssh": _Told("OpenBSD Secure Shell server", "/usr/sbin/sshd -D $SSHD_OPTS", _HUP, "notify", "sshd.service"),
    "zfs-mount": _Told("Mount ZFS filesystems", "/sbin/zfs mount -a", "", "oneshot", wanted="zfs.target"),
    "zfs-import-cache": _Told("Import ZFS pools by cache file", "/sbin/zpool import -c /etc/zfs/zpool.cache -aN", "",
                              "oneshot", wanted="zfs-import.target"),
    "ufw": _Told("Uncomplicated firewall", "/usr/lib/ufw/ufw-init start quiet", "/usr/lib/ufw/ufw-init reload",
                 "oneshot"),
}  # fmt: skip
_RELOADABLE = frozenset(
    ["pvefw-logger", "spiceproxy", "pve-firewall", "pve-ha-lrm", "pve-ha-crm", "pvescheduler", "fail2ban", "dbus"]
)
ALWAYS = ("systemd-journald", "systemd-logind", "systemd-udevd", "dbus", "systemd-sysctl", "systemd-modules-load")
"""Services that others pull in: they run whatever is enabled."""


def _told(unit: str) -> _Told:
    name = unit if unit.endswith(".target") else unit.rpartition(".")[0]
    reload = _HUP if name in _RELOADABLE else ""
    return _KNOWN.get(name, _Told(name, f"/usr/sbin/{name}", reload, "simple"))


def files(unit: str) -> dict[str, str]:
    """The unit file that a package has for a unit."""
    told = _told(unit)
    text = f"[Unit]\nDescription={told.description}\n{told.more}\n"
    if told.start:
        text += f"[Service]\nType={told.kind}\n" + ("RemainAfterExit=yes\n" if told.kind == "oneshot" else "")
        text += f"ExecStart={told.start}\n" + (f"ExecReload={told.reload}\n" if told.reload else "") + "\n"
    if unit.rpartition(".")[0] not in ALWAYS:
        text += f"[Install]\nWantedBy={told.wanted}\n" + (f"Alias={told.alias}\n" if told.alias else "")
    return {f"{_FOLDER}/{unit}": text}


def aliases(unit: str) -> tuple[str, ...]:
    """The aliases that the package has as links beside the unit's file."""
    return _told(unit).shipped
