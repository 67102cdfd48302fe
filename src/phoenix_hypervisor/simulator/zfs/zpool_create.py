"""``zpool create``, ``add``, ``destroy`` and ``labelclear``."""

from __future__ import annotations

import getopt
from collections.abc import Mapping, Sequence

from phoenix_hypervisor.simulator.process import Process
from phoenix_hypervisor.simulator.zfs import checks, lifecycle, naming, pools, vdevs
from phoenix_hypervisor.simulator.zfs.datasets import Zfs
from phoenix_hypervisor.simulator.zfs.model import ZfsError
from phoenix_hypervisor.simulator.zfs.vdevs import Wanted

CREATE_USAGE = (
    "usage:\n\tcreate [-fnd] [-o property=value] ... \n\t    [-O file-system-property=value] ... \n"
    "\t    [-m mountpoint] [-R root] <pool> <vdev> ..."
)
_ADD_USAGE = "usage:\n\tadd [-afgLnP] [-o property=value] <pool> <vdev> ..."


def create(zfs: Zfs, process: Process) -> None:
    """Make a pool of devices."""
    given, words = getopt.getopt(process.argv[2:], "fndo:O:m:R:")
    options = dict(given)
    if not words:
        raise ZfsError(f"missing pool name argument\n{CREATE_USAGE}", 2)
    name, rest = words[0], words[1:]
    if not rest:
        raise ZfsError(f"missing vdev specification\n{CREATE_USAGE}", 2)
    own, root = _properties(given, name, zfs.version)
    groups = _checked(zfs, process, rest, "-f" in options)
    naming.check_pool(name, "create")
    if root.get("mountpoint", "/") not in ("none", "legacy"):
        _check_place(process, options, root.get("mountpoint", f"/{name}"))
    if "-n" in options:
        process.say(f"would create '{name}' with the following layout:\n\n\t{name}\n{_drawn(groups)}")
        return
    if name in zfs.pools:
        raise ZfsError(f"cannot create '{name}': pool already exists")
    if "-d" in options:
        own = {**dict.fromkeys((f"feature@{one}" for one in pools.FEATURES), "disabled"), **own}
    lifecycle.create(zfs, lifecycle.Order(name, groups, own, root, options.get("-R", "")))


def _properties(given: Sequence[tuple[str, str]], name: str, version: str) -> tuple[dict[str, str], dict[str, str]]:
    """The pool's properties and those of its root, as they read back."""
    own: dict[str, str] = {}
    root: dict[str, str] = {}
    for option, text in given:
        if option not in ("-o", "-O"):
            continue
        key, equals, value = text.partition("=")
        if not equals:
            raise ZfsError(f"missing '=' for property=value argument\n{CREATE_USAGE}", 2)
        if option == "-o" and not pools.is_known(key):
            raise ZfsError(f"property '{key}' is not a valid pool or vdev property")
        if key in (own if option == "-o" else root):
            raise ZfsError(f"property '{key}' specified multiple times", 2)
        (own if option == "-o" else root)[key] = value
    try:
        own = {key: pools.normalised(key, value, birth=True) for key, value in own.items()}
    except ZfsError as refused:
        raise ZfsError(f"cannot create '{name}': {refused.text}") from refused
    place = dict(given).get("-m")
    if place is not None:
        if not place.startswith("/") and place not in ("none", "legacy"):
            raise ZfsError(f"invalid mountpoint '{place}': must be an absolute path, 'legacy', or 'none'")
        root["mountpoint"] = place
    return own, lifecycle.checked(root, name, version)


def _checked(zfs: Zfs, process: Process, words: Sequence[str], force: bool) -> list[Wanted]:
    groups = checks.located(zfs, vdevs.parsed(words), process.files.exists)
    checks.check(zfs, groups, force=force)
    return groups


def _check_place(process: Process, options: Mapping[str, str], place: str) -> None:
    path = options.get("-R", "").rstrip("/") + place
    if process.files.exists(path) and (not process.files.is_dir(path) or process.files.list(path)):
        how = "\nprovide a different default" if "-m" in options else "\nuse '-m' option to provide a different default"
        raise ZfsError(f"mountpoint '{path}' exists and is not empty{how}")


def _drawn(groups: Sequence[Wanted]) -> str:
    lines, role = [], ""
    for one in groups:
        if one.role != role:
            role = one.role
            lines.append(f"\t{role}\n")
        indent = "\t    " if one.kind else "\t  "
        lines += [f"\t  {one.kind}\n"] if one.kind else []
        lines += [f"{indent}{path.rpartition('/')[2]}\n" for path in one.names]
    return "".join(lines)


def add(zfs: Zfs, process: Process) -> None:
    """Give a pool more groups of devices."""
    given, words = getopt.getopt(process.argv[2:], "fnLPgo:")
    options = dict(given)
    if not words:
        raise ZfsError(f"missing pool name argument\n{_ADD_USAGE}", 2)
    if not words[1:]:
        raise ZfsError(f"missing vdev specification\n{_ADD_USAGE}", 2)
    pool = zfs.pools.get(words[0])
    if pool is None:
        raise ZfsError(f"cannot open '{words[0]}': no such pool")
    groups = _checked(zfs, process, words[1:], "-f" in options)
    there = next((group.kind for group in pool.groups if not group.role), "")
    for one in groups:
        kinds = [kind.rstrip("123") or "disk" for kind in (there, one.kind)]
        if not one.role and kinds[0] != kinds[1] and "-f" not in options:
            raise ZfsError(
                "invalid vdev specification\nuse '-f' to override the following errors:\n"
                f"mismatched replication level: pool uses {kinds[0]} and new vdev is {kinds[1]}"
            )
    if "-n" in options:
        process.say(f"would update '{pool.name}' to the following configuration:\n\n\t{pool.name}\n{_drawn(groups)}")
        return
    lifecycle.add_groups(zfs, pool, groups)


def destroy(zfs: Zfs, process: Process) -> None:
    """Destroy a pool; what is on its devices stays until it is overwritten."""
    _given, words = getopt.getopt(process.argv[2:], "f")
    if not words:
        raise ZfsError("missing pool argument\nusage:\n\tdestroy [-f] <pool>", 2)
    if words[1:]:
        raise ZfsError("too many arguments\nusage:\n\tdestroy [-f] <pool>", 2)
    lifecycle.leave(zfs, words[0], "destroyed", "destroy")


def labelclear(zfs: Zfs, process: Process) -> None:
    """Overwrite the labels of a device."""
    given, words = getopt.getopt(process.argv[2:], "f")
    if not words:
        raise ZfsError("missing vdev name\nusage:\n\tlabelclear [-f] <vdev>", 2)
    if words[1:]:
        raise ZfsError("too many arguments\nusage:\n\tlabelclear [-f] <vdev>", 2)
    path = words[0]
    device = zfs.disks.at(path if path.startswith("/") else f"/dev/{path}")
    if device is None:
        raise ZfsError(f"failed to open {path}: No such file or directory")
    if not path.startswith("/") and device.parts:
        device = device.parts[0]
    label = device.find("zfs_member")
    if label is None:
        raise ZfsError(f"failed to read label from {path}")
    state, name = lifecycle.label_state(zfs, device)
    if state == "active":
        raise ZfsError(f'{path} is a member (ACTIVE) of pool "{name}"')
    if state and ("-f", "") not in given:
        raise ZfsError(f"use '-f' to override the following error:\n{path} is a member of {state} pool \"{name}\"")
    for offset in label.offsets:
        zfs.disks.erase(device, offset)
