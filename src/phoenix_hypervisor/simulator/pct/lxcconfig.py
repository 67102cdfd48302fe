"""The configuration that Proxmox writes for LXC at each start: ``/var/lib/lxc/ID/config``."""

from __future__ import annotations

from collections.abc import Mapping

from phoenix_hypervisor.proxmox.guest import Section
from phoenix_hypervisor.proxmox.properties import parse_properties
from phoenix_hypervisor.simulator.call import Call
from phoenix_hypervisor.simulator.contract import keys_of, split_properties
from phoenix_hypervisor.simulator.failures import PveError
from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.pct.values import check_device


def path(ctid: int) -> str:
    return f"/var/lib/lxc/{ctid}/config"


def write(call: Call, section: Section) -> None:
    """Write the file; a template has none. Raises PveError where the node lacks a device or bridge."""
    files, ctid = call.node.files, call.ctid
    if section.get("template") == "1":
        if files.exists(path(ctid)):
            files.remove(path(ctid))
        return
    try:
        for key in sorted(key for key in section.options if key.startswith("dev")):
            check_device(call, key, section.options[key])
    except PveError as missing:
        raise PveError(missing.text) from missing
    for key in sorted(key for key in section.options if key.startswith("net")):
        check_bridge(call, section.options[key])
    files.mkdir(f"/var/lib/lxc/{ctid}/rootfs", parents=True)
    files.write(path(ctid), "".join(f"{key} = {value}\n" for key, value in _lines(ctid, section)))


def forget(files: Filesystem, ctid: int) -> None:
    """Remove the container's folder; what is still mounted in it stays."""
    folder = f"/var/lib/lxc/{ctid}"
    if files.exists(path(ctid)):
        files.remove(path(ctid))
    if files.exists(folder) and not any(mount.path.startswith(f"{folder}/") for mount in files.mounts):
        files.remove(folder, recursive=True)


def _lines(ctid: int, section: Section) -> list[tuple[str, str]]:
    options = section.options
    features = split_properties(options.get("features", ""), keys_of("features"))[0]
    ostype = options.get("ostype", "debian")
    mapped = any(key == "lxc.idmap" for key, _value in section.raw)
    unprivileged = options.get("unprivileged") == "1" or mapped
    memory, swap = int(options.get("memory", "512")) << 20, int(options.get("swap", "512")) << 20
    lines = [
        ("lxc.cgroup.relative", "0"),
        ("lxc.cgroup.dir.monitor", f"lxc.monitor/{ctid}"),
        ("lxc.cgroup.dir.container", f"lxc/{ctid}"),
        ("lxc.cgroup.dir.container.inner", "ns"),
        ("lxc.arch", options.get("arch", "amd64")),
        ("lxc.include", f"/usr/share/lxc/config/{ostype}.common.conf"),
    ]
    if unprivileged:
        lines.append(("lxc.include", f"/usr/share/lxc/config/{ostype}.userns.conf"))
        lines.append(("lxc.seccomp.profile", f"/var/lib/lxc/{ctid}/rules.seccomp"))
    lines += [("lxc.apparmor.profile", "generated"), ("lxc.apparmor.raw", "allow mqueue,")]
    if features.get("nesting") == "1":
        lines += [("lxc.apparmor.allow_nesting", "1"), ("lxc.apparmor.raw", "allow userns,")]
    lines += [("lxc.mount.auto", "sys:mixed"), ("lxc.monitor.unshare", "1")]
    if unprivileged and not mapped:
        lines += [("lxc.idmap", "u 0 100000 65536"), ("lxc.idmap", "g 0 100000 65536")]
    lines += [
        ("lxc.tty.max", options.get("tty", "2")),
        ("lxc.environment", "TERM=linux"),
        ("lxc.uts.name", options.get("hostname", f"CT{ctid}").partition(".")[0]),
        ("lxc.cgroup2.memory.max", str(memory)),
        ("lxc.cgroup2.memory.high", str(memory // 4096 * 1016 // 1024 * 4096)),
        ("lxc.cgroup2.memory.swap.max", str(swap)),
        ("lxc.rootfs.path", f"/var/lib/lxc/{ctid}/rootfs"),
    ]
    for key in sorted(key for key in options if key.startswith("net")):
        lines += _net(ctid, key[3:], parse_properties(options[key]))
    return [*lines, ("lxc.cgroup2.cpuset.cpus", ""), *section.raw]


def check_bridge(call: Call, net: str) -> None:
    """Raise where the bridge of a ``netN`` is not on the node."""
    bridge = parse_properties(net).get("bridge")
    if bridge and not call.node.files.exists(f"/sys/class/net/{bridge}"):
        raise PveError(f"bridge '{bridge}' does not exist")


def _net(ctid: int, number: str, net: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (f"lxc.net.{number}.type", "veth"),
        (f"lxc.net.{number}.veth.pair", f"veth{ctid}i{number}"),
        (f"lxc.net.{number}.hwaddr", net.get("hwaddr", "")),
        (f"lxc.net.{number}.name", net["name"]),
        (f"lxc.net.{number}.mtu", net.get("mtu", "1500")),
        (f"lxc.net.{number}.script.up", "/usr/share/lxc/lxcnetaddbr"),
    ]
