"""``pct create``. Source: PVE::API2::LXC create_vm, PVE::LXC::Create."""

from __future__ import annotations

from collections.abc import Generator, Mapping

from phoenix_hypervisor.proxmox.guest import GuestConfig, Section
from phoenix_hypervisor.simulator import durations, setup, tarballs
from phoenix_hypervisor.simulator.call import Call, Handler, Work
from phoenix_hypervisor.simulator.contract import keys_of, split_properties
from phoenix_hypervisor.simulator.failures import PveError
from phoenix_hypervisor.simulator.idmap import IdMap
from phoenix_hypervisor.simulator.pct import power
from phoenix_hypervisor.simulator.pct.values import normalised
from phoenix_hypervisor.simulator.pct.volumes import (
    NEW,
    POINT,
    MountPoint,
    allocate,
    check_storage,
    made,
    mount_point,
    root_of,
)
from phoenix_hypervisor.simulator.storage import ZfsFailure
from phoenix_hypervisor.simulator.tarballs import Tarball

_NOT_OPTIONS = frozenset(
    {"vmid", "ostemplate", "storage", "password", "ssh-public-keys", "start", "force", "restore", "unique", "pool"}
    | {"bwlimit", "ignore-unpack-errors", "ha-managed", "lock", "description", "rootfs"}
)
_DEFAULT_GIGABYTES = 4


def create(call: Call) -> Work:
    ctid = call.ctid
    call.guests.check_free(ctid)
    points = _mount_points(call)
    _check_places(call, points)
    call.save(GuestConfig(Section({"lock": "create"})))
    with (yield from call.lock_configuration()):
        made_volumes: list[str] = []
        try:
            options = yield from _build(call, points, made_volumes)
        except PveError as failure:
            for volume in made_volumes:
                call.node.storages.free(volume)
            call.guests.remove(ctid)
            if isinstance(failure, ZfsFailure):
                call.process.say(failure.before)
            raise PveError(f"unable to create CT {ctid} - {failure.text}") from failure
        description = call.get("description")
        call.save(GuestConfig(Section(options, description=description)))
    if call.flag("start"):
        try:
            yield from power.launch(call)
        except PveError as failure:
            call.say(failure.text)
    return 0


def _mount_points(call: Call) -> list[MountPoint]:
    """What the call asks for; the root on the default storage, 4 GB large, where it does not say."""
    parameters = call.parameters
    default = parameters.get("storage", "local")
    points = [mount_point(key, text) for key, text in parameters.items() if POINT.match(key)]
    if not any(point.key == "rootfs" for point in points):
        points.append(MountPoint("rootfs", {"volume": f"{default}:{_DEFAULT_GIGABYTES}"}))
    return sorted(points, key=lambda point: -1 if point.key == "rootfs" else int(point.key[2:]))


def _check_places(call: Call, points: list[MountPoint]) -> None:
    """What dies before the worker: storages that are not there, or hold no containers."""
    template = call.parameters["ostemplate"]
    if not template.startswith("/"):
        call.node.storages.get(template.partition(":")[0])
    for point in points:
        if point.is_volume:
            check_storage(call, point.volume.partition(":")[0])


def _build(call: Call, points: list[MountPoint], made_volumes: list[str]) -> Generator[float, None, dict[str, str]]:
    tarball, path = _tarball(call)
    options = _options(call)
    for point in points:
        if not point.is_volume:
            options[point.key] = point.text()
        elif NEW.match(point.volume):
            volume = yield from allocate(call, point.volume, call.ctid, root_of(Section(options)))
            made_volumes.append(volume.id)
            options[point.key] = made(point, volume, call.node.storages)
        else:
            options[point.key] = made(point, call.node.storages.volume(point.volume), call.node.storages)
    yield from _unpack(call, tarball, path, options)
    yield from _set_up(call, options)
    return options


def _tarball(call: Call) -> tuple[Tarball, str]:
    template, files = call.parameters["ostemplate"], call.node.files
    path = template if template.startswith("/") else call.node.storages.path(template)
    if not files.exists(path):
        missing = f"can't find file '{template}'" if template.startswith("/") else f"volume '{template}' does not exist"
        call.say(missing)
        raise PveError(missing)
    found = tarballs.read(files.read(path))
    if found is None:
        raise PveError(
            f"command 'tar xpf - --zstd --totals --one-file-system -p --sparse --numeric-owner -C "
            f"/var/lib/lxc/{call.ctid}/rootfs' failed: exit code 2"
        )
    return found, path


def _options(call: Call) -> dict[str, str]:
    options = {
        key: normalised(call, key, value)
        for key, value in call.parameters.items()
        if key not in _NOT_OPTIONS and not POINT.match(key)
    }
    options.setdefault("arch", "amd64")
    options.setdefault("unprivileged", "1" if call.node.release.unprivileged else "0")
    if options["unprivileged"] == "0":
        del options["unprivileged"]
    return options


def _unpack(call: Call, tarball: Tarball, path: str, options: Mapping[str, str]) -> Generator[float, None, None]:
    call.say(f"extracting archive '{path}'")
    seconds = durations.unpack(tarball.unpacked)
    yield seconds
    root = split_properties(options["rootfs"], keys_of("rootfs"))[0]["volume"]
    content = call.node.storages.volume(root).content
    call.node.unpack(tarball, path, content.tree, IdMap.of(options, ()).root[0])
    content.bulk, content.system = tarball.unpacked, tarball.system.name
    mebibytes = tarball.unpacked / (1 << 20)
    call.say(f"Total bytes read: {tarball.unpacked} ({mebibytes:.0f}MiB, {mebibytes / seconds:.0f}MiB/s)")
    call.say("Detected container architecture: amd64")


def _set_up(call: Call, options: dict[str, str]) -> Generator[float, None, None]:
    """What PVE writes into the fresh root file system, and the defaults it fills in."""
    root = split_properties(options["rootfs"], keys_of("rootfs"))[0]["volume"]
    node, tree = call.node, call.node.storages.volume(root).tree
    ostype, systemd = setup.detect(tree)
    options.setdefault("ostype", ostype)
    hostname = options.get("hostname", "localhost")
    call.save(GuestConfig(Section(dict(options), description=call.get("description"))))  # as create_vm does: no lock
    yield durations.SETUP
    files = setup.Root(tree, node.clock, IdMap.of(options, ()).root[0])
    setup.write_names(files, {**options, "hostname": hostname}, call.ctid)
    setup.write_resolver(files, options, node.files)
    setup.write_networks(files, options, options["ostype"])
    setup.clear_machine_id(files, "uninitialized\n")
    setup.write_preset(files, options["ostype"], systemd)
    if password := call.get("password"):
        setup.write_password(files, password)
    if keys := call.get("ssh-public-keys"):
        setup.write_authorized_keys(files, node.files.read(keys) if node.files.exists(keys) else keys)
    for kind in setup.HOST_KEYS:
        call.say(f"Creating SSH host key 'ssh_host_{kind}_key' - this may take some time ...")
        yield durations.HOST_KEY
        fingerprint = node.write_host_key(files, kind, hostname)
        call.say(f"done: {fingerprint} root@{hostname}")
    power.warn_of_nesting(call, options, systemd)
    options.setdefault("hostname", f"CT{call.ctid}")
    options.setdefault("memory", "512")
    options.setdefault("swap", "512")


HANDLERS: Mapping[str, Handler] = {"create": create}
