"""The raw ``lxc.*`` keys that Proxmox lets through, and what it says of others. Source: PVE::LXC::Config."""

from __future__ import annotations

import re
from collections.abc import Iterator

_VALID = """
apparmor.profile apparmor.allow_incomplete apparmor.allow_nesting apparmor.raw selinux.context include arch uts.name
signal.halt signal.reboot signal.stop init.cmd init.cwd init.uid init.gid init.groups pty.max console.logfile
console.path tty.max devtty.dir hook.autodev autodev kmsg mount.fstab mount.entry mount.auto rootfs.mount cap.drop
cap.keep seccomp.profile seccomp.notify.proxy seccomp.notify.cookie idmap hook.pre-start hook.pre-mount hook.mount
hook.start hook.stop hook.post-stop hook.clone hook.destroy hook.version log.level log.file start.auto start.delay
start.order group environment environment.runtime environment.hooks sysctl.fs.mqueue sysctl.kernel.msgmax
sysctl.kernel.msgmnb sysctl.kernel.msgmni sysctl.kernel.sem sysctl.kernel.shmall sysctl.kernel.shmmax
sysctl.kernel.shmmni sysctl.kernel.shm_rmid_forced
"""
"""Without ``lxc.`` before them."""
_KNOWN = frozenset(_VALID.split())
_VALID_PREFIXES = ("lxc.cgroup2.", "lxc.prlimit.", "lxc.net.")
_REFUSED = {
    "lxc.rootfs.path": "lxc.rootfs.path is auto generated from rootfs",
    "lxc.rootfs.options": 'lxc.rootfs.options is not supported, please use mount point options in the "rootfs" key',
}
_RENAMED = {
    "lxc.aa_profile": "lxc.apparmor.profile",
    "lxc.aa_allow_incomplete": "lxc.apparmor.allow_incomplete",
    "lxc.console": "lxc.console.path",
    "lxc.devttydir": "lxc.tty.dir",
    "lxc.haltsignal": "lxc.signal.halt",
    "lxc.id_map": "lxc.idmap",
    "lxc.init_cmd": "lxc.init.cmd",
    "lxc.loglevel": "lxc.log.level",
    "lxc.logfile": "lxc.log.file",
    "lxc.mount": "lxc.mount.fstab",
    "lxc.network.hwaddr": "lxc.net.INDEX.hwaddr",
    "lxc.network.link": "lxc.net.INDEX.link",
    "lxc.network.name": "lxc.net.INDEX.name",
    "lxc.network.type": "lxc.net.INDEX.type",
    "lxc.pts": "lxc.pty.max",
    "lxc.rebootsignal": "lxc.signal.reboot",
    "lxc.se_context": "lxc.selinux.context",
    "lxc.seccomp": "lxc.seccomp.profile",
    "lxc.stopsignal": "lxc.signal.stop",
    "lxc.tty": "lxc.tty.max",
    "lxc.utsname": "lxc.uts.name",
}
_RAW = re.compile(r"^(lxc\.[a-z0-9_\-.]+)(?::|\s*=)\s*(.*?)\s*$")
_OTHER = re.compile(r"^(\s*|#.*|\[[a-zA-Z][a-zA-Z0-9_\-]+\]\s*|\[pve:pending\]\s*|[a-z][a-z_]*\d*:\s*.+?\s*)$")


def is_kept(key: str) -> bool:
    """Whether Proxmox keeps a line of that key; it drops others when it reads the file."""
    known = key.removeprefix("lxc.") in _KNOWN or key in _RENAMED or key.startswith(("lxc.limit.", "lxc.cgroup."))
    return known or key.startswith(_VALID_PREFIXES)


def complaints(ctid: int, text: str) -> Iterator[str]:
    """What Proxmox warns of when it reads a configuration file."""
    for line in text.splitlines():
        match = _RAW.match(line)
        if match is None:
            if not _OTHER.match(line):
                yield f"vm {ctid} - unable to parse config: {line}"
            continue
        key = match[1]
        if key in _REFUSED:
            yield f"vm {ctid} - {key}: {_REFUSED[key]}"
        elif key in _RENAMED:
            yield f"vm {ctid} - {key} is deprecated and was renamed to {_RENAMED[key]}"
        elif key.startswith("lxc.limit."):
            yield f"vm {ctid} - {key}: lxc.limit.* was renamed to lxc.prlimit.*"
        elif key.startswith("lxc.cgroup."):
            yield f"vm {ctid} - {key} is deprecated, this will be a hard error in the future!"
        elif not is_kept(key):
            yield f"vm {ctid} - unable to parse config: {line}"
