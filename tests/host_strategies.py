"""Hypothesis strategies of valid host documents; see strategies.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from hypothesis import strategies as st

from phoenix_hypervisor.simulator.hardware.nvidia.runfile import content

Json = dict[str, Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]

DRIVER = "580.76.05"
RUNFILE = f"https://us.download.nvidia.com/XFree86/Linux-x86_64/{DRIVER}/NVIDIA-Linux-x86_64-{DRIVER}.run"


@st.composite
def some(draw: Draw, /, **optional: st.SearchStrategy[Any]) -> Json:
    """An object with any of these fields."""
    return {name: draw(strategy) for name, strategy in optional.items() if draw(st.sampled_from((True, True, False)))}


def just(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


PROPERTIES = just("compression=lz4,recordsize=128K", {"compression": "zstd", "quota": "100G"}, {"atime": "off"}, "")
RULE = st.builds(
    lambda rest: {"type": "in", "action": "ACCEPT", **rest},
    some(
        source=just("10.0.0.0/24"),
        dest=just("10.0.0.5"),
        proto=just("tcp"),
        port=just("8000", 22, "80:85"),
        comment=just("ssh"),
    ),
)
RULES = st.lists(RULE, min_size=1, max_size=2)


def text_or_number(number: int) -> st.SearchStrategy[Any]:
    return just(number, str(number))


CORE_PATHS = some(
    lxc_config_file=just("/usr/local/phoenix_hypervisor/etc/phoenix_lxc_configs.json"),
    lxc_config_schema_file=just("/usr/local/phoenix_hypervisor/etc/phoenix_lxc_configs.schema.json"),
    hf_token_file=just("/usr/local/phoenix_hypervisor/etc/phoenix_hf_token.conf"),
    docker_token_file=just("/usr/local/phoenix_hypervisor/etc/phoenix_docker_token.conf"),
    docker_images_path=just("/usr/local/phoenix_hypervisor/etc/proxmox_docker_images"),
    hypervisor_marker_dir=just("/usr/local/phoenix_hypervisor/lib"),
    hypervisor_marker=just("/usr/local/phoenix_hypervisor/lib/.phoenix_hypervisor_initialized"),
)
USERS = st.builds(
    lambda rest: {"username": "phoenix_admin", **rest},
    some(
        password_hash=just("NOT_SET", {"env": "ADMIN_HASH"}),
        sudo_access=st.booleans(),
        ssh_public_key=just("", "ssh-ed25519 AAAA a@b", ["ssh-ed25519 AAAA a@b"]),
        shell=just("/bin/bash"),
        groups=just(["adm"]),
        pve_role=just("PVEAdmin", "PVEAuditor"),
        pve_path=just("/", "/vms"),
    ),
)
NETWORK = some(
    external_registry_url=just("docker.io/example"),
    portainer_server_ip=just("10.0.0.99"),
    portainer_server_port=text_or_number(9443),
    portainer_agent_port=text_or_number(9001),
    interfaces=st.builds(
        lambda rest: {"name": "vmbr0", "address": "10.0.0.2/24", **rest},
        some(gateway=just("10.0.0.1"), dns_nameservers=just("8.8.8.8", "8.8.8.8 1.1.1.1", ["9.9.9.9"])),
    ),
    default_subnet=just("10.0.0.0/24"),
    nfs_server=just("10.0.0.2"),
    fallback_dns=just("1.1.1.1", ["1.1.1.1", "9.9.9.9"]),
)
NVIDIA_DRIVER = st.builds(
    lambda rest: {"version": DRIVER, **rest},
    some(
        install=st.booleans(),
        runfile_url=just(RUNFILE),
        runfile_sha256=just(sha256(content(DRIVER).encode()).hexdigest()),
        cuda_version=just("12.8"),
        install_vllm_libs=st.booleans(),
    ),
)
FIREWALL = some(
    enabled=st.booleans(),
    default_input_policy=just("ACCEPT", "DROP"),
    default_output_policy=just("ACCEPT"),
    global_firewall_rules=RULES,
)
FOLDER: dict[str, Any] = {"owner": just("root"), "group": just("root"), "mode": just("0770")}
SHARE_REST = some(options=just("browseable=yes writable=yes"), valid_users=just(["ann"], ["ann", "bob"]), **FOLDER)
EXPORT_REST = some(
    **FOLDER,
    clients=just(["10.0.0.0/24"], ["*"], ["build.lab"]),
    options=just(["rw", "sync"], "rw,async,no_subtree_check"),
)
DEFAULTS_LXC = some(
    cores=just(1, 2),
    memory_mb=just(256, 512),
    network_config=just(
        "dhcp",
        {"name": "eth0", "bridge": "vmbr0", "ip": "dhcp", "nameservers": "8.8.8.8"},
        {"ip": "manual", "gw": "10.0.0.1", "vlan": 7, "mtu": 1400, "hwaddr": "52:54:00:00:01:00"},
    ),
    features=just("nesting=1", ""),
    security=just("default", "unconfined"),
    nesting=just(0, 1),
    cloning=just("snapshot"),
)


@dataclass(frozen=True)
class Storages:
    """The ids that containers can use, by what they hold."""

    rootdir: tuple[str, ...]
    default: str | None


@st.composite
def zfs_parts(draw: Draw) -> tuple[Json, Storages]:
    """The fields of the host document about storage, and the storages that they declare."""
    pools = draw(just(("tank",), ("tank", "fastData")))
    datasets: list[Json] = [
        {
            "name": "lxc-disks",
            "pool": "tank",
            "proxmox_storage_type": "zfspool",
            "proxmox_content_type": draw(just("rootdir", "images,rootdir")),
        },
        {
            "name": "iso",
            "pool": pools[-1],
            "proxmox_storage_type": "dir",
            "proxmox_content_type": draw(just("iso", "iso,vztmpl")),
        },
        {"name": "media", "pool": pools[-1]},
        {"name": "volumes", "pool": pools[-1], "proxmox_storage_type": "zfspool", "proxmox_content_type": "rootdir"},
    ]
    for dataset in datasets:
        dataset |= draw(some(properties=PROPERTIES, storage_class=just("fast")))
    alias = draw(st.booleans())
    first = "fast-lxc" if alias else "tank-lxc-disks"
    fields: Json = {
        "zfs": {
            **draw(some(arc_max_gb=just(4, 2.5))),
            "pools": [draw(pool(name)) for name in pools],
            "datasets": datasets,
        },
        **({"proxmox_storage_ids": {"tank_lxc_disks": first}} if alias else {}),
        **draw(some(mount_point_base=just("/mnt/pve"))),
    }
    default = draw(st.booleans())
    return fields, Storages((first, f"{pools[-1]}-volumes"), first if default else None)


def pool(name: str) -> st.SearchStrategy[Json]:
    disks = [f"/dev/disk/by-id/nvme-{name}-{index}" for index in range(2)]
    layouts = just(("mirror", disks), ("single", disks[:1]), ("stripe", disks))
    return st.builds(
        lambda layout, rest: {"name": name, "raid_level": layout[0], "disks": layout[1], **rest},
        layouts,
        some(ashift=just(12), autotrim=just("on"), compression=just("lz4")),
    )


@st.composite
def hosts(draw: Draw, ctids: Sequence[int]) -> tuple[Json, Storages]:
    """A host document, and the storages that it declares."""
    parts, storages = draw(zfs_parts())
    media = f"{parts['zfs']['datasets'][2]['pool']}/media"
    defaults = draw(DEFAULTS_LXC)
    document = draw(
        some(
            **{"$schema": just("./phoenix_hypervisor_config.schema.json")},
            version=just("1.0.0"),
            author=just("ann"),
            timezone=just("Europe/Berlin", "UTC"),
            locale=just("en_US.UTF-8", "C.UTF-8"),
            domain_name=just("lab.example"),
            repository=just("auto", "no-subscription", "enterprise"),
            core_paths=CORE_PATHS,
            users=USERS,
            network=NETWORK,
            docker=st.builds(
                lambda images, engine: {**images, **engine},
                some(
                    portainer_server_image=just("portainer/portainer-ce:2.21.0"),
                    portainer_agent_image=just("portainer/agent:2.21.0"),
                    portainer_admin_password=just({"env": "PORTAINER_PASSWORD"}, {"file": "portainer-password"}),
                    portainer_agent_secret=just({"credential": "portainer-agents"}),
                ),
                just({}, {"source": "docker", "version": "28.5.1"}, {"source": "distribution", "version": "26.1.5"}),
            ),
            nfs=st.builds(lambda rest: {"exports": [{"path": media, **rest}]}, EXPORT_REST),
            samba=st.builds(
                lambda rest, share, named: {**rest, "shares": [{"path": f"/mnt/pve/{media}", **named, **share}]},
                some(user=just("ann"), password=just({"env": "SAMBA_PASSWORD"}, {"credential": "samba"})),
                SHARE_REST,
                some(name=just("media")),
            ),
            behavior=some(rollback_on_failure=st.booleans(), debug_mode=st.booleans()),
            shared_volumes=shared_volumes(ctids),
            firewall=FIREWALL,
            vms=just([{"name": "vm", "cores": 2}]),
            vm_defaults=just({"cores": 2}),
        )
    )
    default_pool = {"zfs_lxc_pool": "tank/lxc-disks"} if storages.default else {}
    return {**document, **parts, "proxmox_defaults": {**default_pool, "lxc": defaults}}, storages


def shared_volumes(ctids: Sequence[int]) -> st.SearchStrategy[Json]:
    mounts = st.sets(st.sampled_from(ctids), max_size=3) if ctids else just(set())
    return st.builds(
        lambda chosen: {
            "media": {"host_path": "/srv/media", "mounts": {str(ctid): "/shared/media" for ctid in sorted(chosen)}}
        },
        mounts,
    )


@st.composite
def older_hosts(draw: Draw) -> Json:
    """A host document of the older name and shape."""
    names = ["tank/lxc-disks", "tank/iso", "tank/media"]
    datasets = [{"name": name, **draw(some(properties=just({"compression": "lz4"}, "quota=1G")))} for name in names]
    types = ["zfspool:rootdir", "dir:iso,vztmpl", "cifs:images"]
    return {
        "nvidia": draw(some(driver_version=just(DRIVER), runfile_url=just(RUNFILE))),
        "zfs": {
            "pools": [{"name": "tank"}],
            "datasets": datasets,
            "dataset_storage_types": [
                {"dataset": name, "storage_type": kind} for name, kind in zip(names, types, strict=True)
            ],
            **draw(some(arc_max=just("32212254720", 32212254720))),
        },
        "nfs": {"shares": [{"path": "tank/media", **draw(EXPORT_REST)}]},
        "samba": {
            "user": "ann",
            "shares": [{"path": "tank/media", **draw(SHARE_REST)}],
        },
        **draw(
            some(
                network=NETWORK,
                users=USERS,
                repository=just("enterprise"),
                proxmox_storage_ids=just({"tank_lxc_disks": "lxc"}),
                mount_point_base=just("/mnt/pve"),
            )
        ),
    }
