"""Every code of specification section 8: what brings it about, where it stands, and what only looks like it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from phoenix_hypervisor.config.checks import CHECKS
from phoenix_hypervisor.config.load import load
from sites import TARBALL, Json, container, loaded, lxc, place, template, zfs


@dataclass(frozen=True)
class Case:
    """Documents that have the code at exactly these paths, and documents that nearly have it."""

    code: str
    bad: Json
    paths: tuple[str, ...]
    fine: Json = field(default_factory=lambda: lxc())
    severity: str = "error"
    host: Json | None = None
    fine_host: Json | None = None
    hint: str = ""


BASE = template("base")


def tree(**fields: Any) -> Json:
    """A template 900 and its clone 901."""
    return lxc({900: BASE, 901: container("web", clone_from_ctid=900, **fields)})


def pair(one: Json, other: Json) -> Json:
    """A template 900 and two clones, 901 and 902."""
    return lxc(
        {
            900: BASE,
            901: container("one", clone_from_ctid=900, **one),
            902: container("two", clone_from_ctid=900, **other),
        }
    )


def network(ip: str, **fields: Any) -> Json:
    return {"network_config": {"name": "eth0", "bridge": "vmbr0", "ip": ip, **fields}}


def volume(mount_point: str, pool: str = "tank-lxc") -> Json:
    return {"name": f"data{len(mount_point)}", "pool": pool, "size_gb": 1, "mount_point": mount_point}


def id_map(kind: str, first: int) -> Json:
    return {"type": kind, "host_id": first, "container_id": first, "size": 10}


def owned(uid: int) -> Json:
    return {"mount_points": [{"host_path": "/srv/a", "container_path": "/a", "owner_uid": uid}]}


def dataset(name: str, kind: str = "zfspool", content: str = "rootdir", pool: str = "tank", **fields: Any) -> Json:
    return {"name": name, "pool": pool, "proxmox_storage_type": kind, "proxmox_content_type": content, **fields}


HOST = {"zfs": zfs()}
A, B = "lxc_configs.901", "lxc_configs.902"
GPU_TEMPLATE = {**BASE, "gpu_assignment": "0"}
SERVER = {**template("server", is_template=False), "vllm_model": "a/b"}
GPU_SERVER = {**SERVER, "gpu_assignment": "0"}
MAC, MULTICAST = "52:54:00:AA:BB:CC", "53:54:00:AA:BB:CC"
DRIVER = {"nvidia_driver_version": "580.76.05"}


def runfile(version: str) -> str:
    return f"https://us.download.nvidia.com/XFree86/Linux-x86_64/{version}/NVIDIA-Linux-x86_64-{version}.run"


CASES = [
    # the document itself
    Case("unknown-field", tree(memroy_mb=512), (f"{A}.memroy_mb",), tree(memory_mb=512), hint='"memory_mb"'),
    Case("missing-field", lxc({901: {"unprivileged": True}}), ("lxc_configs.901.name",), tree()),
    Case("missing-field", lxc({900: {**BASE, "template": None}}), ("lxc_configs.900",), lxc({900: BASE})),
    Case(
        "missing-field", lxc({901: container("web", template=TARBALL)}), (A,), lxc({900: BASE, 901: container("web")})
    ),
    Case("type", tree(memory_mb="512"), (f"{A}.memory_mb",), tree(clone_from_template_ctid="900")),
    Case("type", tree(unprivileged="yes"), (f"{A}.unprivileged",), tree(unprivileged=True)),
    Case("type", tree(features=3), (f"{A}.features",), tree(features=[])),
    Case("value", tree(memory_mb=15), (f"{A}.memory_mb",), tree(memory_mb=16)),
    Case("value", tree(cloning="quick"), (f"{A}.cloning",), tree(cloning="full")),
    Case("value", tree(pct_options=["memory=5"]), (f"{A}.pct_options.0",), tree(pct_options=["cpuunits=50"])),
    Case("value", tree(pct_options=["bogus=5"]), (f"{A}.pct_options.0",), tree(pct_options=["nesting=1"])),
    Case("value", tree(pct_options=["cpulimit=abc"]), (f"{A}.pct_options.0",), tree(pct_options=["cpulimit=2"])),
    Case("value", tree(pct_options=["tty=99"]), (f"{A}.pct_options.0",), tree(pct_options=["tty=6"])),
    Case("value", tree(pct_options=["protection=maybe"]), (f"{A}.pct_options.0",), tree(pct_options=["protection=1"])),
    Case("value", tree(pct_options=["mp0=/a,mp=/b,foo=1"]), (f"{A}.pct_options.0",), tree(pct_options=["debug=no"])),
    Case("value", tree(features="nesting=2"), (f"{A}.features",), tree(features="nesting=1")),
    Case(
        "value",
        tree(gpu_assignment="0,0"),
        (f"{A}.gpu_assignment",),
        lxc({901: template("a", gpu_assignment="0,1")}, **DRIVER),
    ),
    Case(
        "value",
        tree(**network("10.0.0.5/24", gw="fd00::1")),
        (f"{A}.network_config.gw",),
        tree(**network("fd00::5/64", gw="fd00::1")),
    ),
    Case(
        "value",
        tree(),
        ("zfs.pools.0.disks",),
        tree(),
        host={"zfs": {"pools": [{"name": "t", "raid_level": "mirror", "disks": ["/dev/sda"]}]}},
        fine_host={"zfs": {"pools": [{"name": "t", "raid_level": "mirror", "disks": ["/dev/sda", "/dev/sdb"]}]}},
    ),
    Case(
        "value",
        tree(),
        ("zfs.datasets.2.name",),
        tree(),
        host={"zfs": zfs(dataset("a"), dataset("a"))},
        fine_host={"zfs": zfs(dataset("a"), dataset("b"))},
    ),
    Case(
        "alias-conflict",
        tree(clone_from_template_ctid=902),
        (f"{A}.clone_from_template_ctid",),
        tree(clone_from_template_ctid="900"),
    ),
    Case(
        "alias-conflict",
        tree(static_ip="10.0.0.6/24", **network("10.0.0.5/24")),
        (f"{A}.static_ip",),
        tree(static_ip="10.0.0.5/24", **network("10.0.0.5/24")),
    ),
    Case(
        "alias-conflict",
        tree(mac_address="52:54:00:AA:BB:DD", **network("dhcp", hwaddr=MAC)),
        (f"{A}.mac_address",),
        tree(mac_address=MAC.lower(), **network("dhcp", hwaddr=MAC)),
    ),
    Case(
        "alias-conflict",
        tree(),
        ("shared_volumes.firewall",),
        tree(),
        host={"firewall": {"enabled": False}, "shared_volumes": {"firewall": {"enabled": True}}},
        fine_host={"firewall": {"enabled": True}, "shared_volumes": {"firewall": {"enabled": True}}},
    ),
    # lineage
    Case(
        "clone-source-missing",
        lxc({900: BASE, 901: container("web", clone_from_ctid="990")}),
        (f"{A}.clone_from_ctid",),
        tree(),
        hint="900",
    ),
    Case(
        "clone-cycle",
        lxc({901: template("a", clone_from_ctid=902), 902: template("b", clone_from_ctid=901)}),
        (f"{A}.clone_from_ctid",),
        pair({}, {}),
    ),
    Case("clone-cycle", lxc({901: template("a", clone_from_ctid=901)}), (f"{A}.clone_from_ctid",), tree()),
    Case(
        "clone-source-not-a-template",
        lxc({900: {**BASE, "is_template": False}, 901: container("web", clone_from_ctid=900)}),
        (f"{A}.clone_from_ctid",),
        lxc(
            {
                900: {**BASE, "is_template": None, "template_snapshot_name": "ready"},
                901: container("web", clone_from_ctid=900),
            }
        ),
    ),
    Case(
        "privilege-differs-from-source",
        tree(unprivileged=False),
        (f"{A}.unprivileged",),
        lxc({900: {**BASE, "unprivileged": False}, 901: container("web", clone_from_ctid=900, unprivileged=False)}),
    ),
    Case("rootfs-smaller-than-source", tree(storage_size_gb=7), (f"{A}.storage_size_gb",), tree(storage_size_gb=8)),
    Case(
        "rootfs-smaller-than-source",
        lxc(
            {
                900: BASE,
                902: template("b", clone_from_ctid=900, storage_size_gb=None),
                901: container("web", clone_from_ctid=902, storage_size_gb=4),
            }
        ),
        (f"{A}.storage_size_gb",),
        tree(),
    ),
    Case("dependency-missing", tree(dependencies=["953"]), (f"{A}.dependencies.0",), tree(dependencies=["900"])),
    Case(
        "dependency-cycle",
        pair({"dependencies": [902]}, {"dependencies": ["901"]}),
        (f"{A}.dependencies.0",),
        pair({"dependencies": [902]}, {}),
    ),
    Case(
        "dependency-cycle",
        lxc({900: {**BASE, "dependencies": [901]}, 901: container("web", clone_from_ctid=900)}),
        ("lxc_configs.900.dependencies.0",),
        tree(),
    ),
    Case(
        "unprivileged-not-given",
        lxc({900: BASE, 901: {"name": "web", "clone_from_ctid": 900}}),
        (A,),
        tree(),
        "warning",
    ),
    # names
    Case("ctid-out-of-range", lxc({99: BASE}), ("lxc_configs.99",), lxc({100: BASE})),
    Case(
        "ctid-out-of-range",
        lxc({"1000000000": BASE, "web": BASE, "0901": BASE, "٩٠١": BASE}),
        tuple(f"lxc_configs.{key}" for key in ("1000000000", "web", "0901", "٩٠١")),
        lxc({"999999999": BASE}),
    ),
    Case("bad-hostname", tree(name="web_1"), (f"{A}.name",), tree(name="Web-1.Example"), hint='"web-1"'),
    Case(
        "bad-snapshot-name",
        lxc({900: {**BASE, "template_snapshot_name": "current"}}),
        ("lxc_configs.900.template_snapshot_name",),
        lxc({900: {**BASE, "template_snapshot_name": "Current2"}}),
    ),
    Case("bad-storage-id", tree(storage_pool="9tank"), (f"{A}.storage_pool",), tree(storage_pool="tank9")),
    Case(
        "bad-storage-id",
        tree(volumes=[volume("/a", pool="x y")]),
        (f"{A}.volumes.0.pool",),
        tree(volumes=[volume("/a")]),
    ),
    Case(
        "bad-storage-id",
        tree(),
        ("zfs.datasets.1.name",),
        tree(),
        host={"zfs": zfs(dataset("a/b"))},
        fine_host={"zfs": zfs(dataset("a/b")), "proxmox_storage_ids": {"tank_a/b": "tank-a-b"}},
    ),
    Case(
        "duplicate-name",
        lxc({900: BASE, 901: container("web"), 902: container("WEB")}),
        (f"{A}.name", f"{B}.name"),
        pair({}, {}),
        "warning",
    ),
    # network
    Case(
        "duplicate-address",
        pair(network("10.0.0.5/24"), network("10.0.0.5/16")),
        (f"{A}.network_config.ip", f"{B}.network_config.ip"),
        pair(network("dhcp"), network("dhcp")),
    ),
    Case(
        "duplicate-address",
        pair(network("fd00::5/64"), network("fd00:0::0005/64")),
        (f"{A}.network_config.ip", f"{B}.network_config.ip"),
        pair(network("fd00::5/64"), network("fd00::6/64")),
    ),
    Case(
        "duplicate-address",
        pair({}, {}),
        ("lxc_configs.900", A, B),
        pair(network("10.0.0.6/24"), network("10.0.0.7/24")),
        host={"proxmox_defaults": {"lxc": {"network_config": "10.0.0.5/24,10.0.0.1,8.8.8.8"}}},
    ),
    Case(
        "duplicate-address",
        tree(**network("10.0.0.13/24")),
        (f"{A}.network_config.ip",),
        tree(**network("10.0.0.14/24")),
        host={"network": {"interfaces": {"name": "vmbr0", "address": "10.0.0.13/24"}}},
    ),
    Case(
        "duplicate-mac",
        pair({"mac_address": MAC, **network("dhcp")}, network("dhcp", hwaddr=MAC.lower())),
        (f"{A}.mac_address", f"{B}.network_config.hwaddr"),
        pair({"mac_address": MAC, **network("dhcp")}, network("dhcp", hwaddr="52:54:00:AA:BB:CD")),
    ),
    Case(
        "multicast-mac",
        tree(mac_address=MULTICAST, **network("dhcp")),
        (f"{A}.mac_address",),
        tree(mac_address=MAC, **network("dhcp")),
        hint="52:54",
    ),
    Case(
        "firewall-without-rules",
        tree(firewall={"enabled": True}),
        (f"{A}.firewall",),
        tree(firewall={"enabled": False}),
        "warning",
    ),
    Case(
        "firewall-without-rules",
        tree(),
        ("firewall",),
        tree(),
        "warning",
        host={"firewall": {"enabled": True, "default_input_policy": "DROP"}},
        fine_host={
            "firewall": {
                "enabled": True,
                "default_input_policy": "DROP",
                "global_firewall_rules": [{"type": "in", "action": "ACCEPT"}],
            }
        },
    ),
    # storages
    Case(
        "storage-not-declared",
        tree(storage_pool="tank-lx"),
        (f"{A}.storage_pool",),
        tree(storage_pool="tank-lxc"),
        host=HOST,
        hint='"tank-lxc"',
    ),
    Case(
        "storage-not-declared",
        tree(storage_pool="local-zfs"),
        (f"{A}.storage_pool",),
        tree(storage_pool="local"),
        host=HOST,
    ),
    Case(
        "storage-not-declared",
        tree(),
        ("proxmox_defaults.zfs_lxc_pool",),
        tree(),
        host={**HOST, "proxmox_defaults": {"zfs_lxc_pool": "tank/other"}},
        fine_host={**HOST, "proxmox_defaults": {"zfs_lxc_pool": "tank/lxc"}},
    ),
    Case(
        "storage-without-rootdir",
        tree(storage_pool="tank-vm", volumes=[volume("/a", "tank-vm")]),
        (f"{A}.storage_pool",),
        tree(storage_pool="tank-lxc"),
        host={"zfs": zfs(dataset("vm", content="images"))},
    ),
    Case(
        "storage-without-vztmpl",
        pair({}, {})
        | lxc(
            {
                900: {**BASE, "template": "tank-iso:vztmpl/a.tar.zst"},
                903: template("b", template="tank-iso:vztmpl/a.tar.zst"),
            }
        ),
        ("lxc_configs.900.template",),
        lxc({900: {**BASE, "template": "tank-tmpl:vztmpl/a.tar.zst"}}),
        host={"zfs": zfs(dataset("iso", "dir", "iso"), dataset("tmpl", "dir", "iso,vztmpl"))},
    ),
    Case(
        "zfspool-content",
        tree(),
        ("zfs.datasets.1.proxmox_content_type",),
        tree(),
        host={"zfs": zfs(dataset("b", content="backup,iso"))},
        fine_host={"zfs": zfs(dataset("b", "dir", "backup,iso"))},
    ),
    Case(
        "storage-alias-unused",
        tree(),
        ("proxmox_storage_ids.TANK_lxc",),
        tree(),
        "warning",
        host={**HOST, "proxmox_storage_ids": {"TANK_lxc": "x1"}},
        fine_host={**HOST, "proxmox_storage_ids": {"tank_lxc": "tank-lxc"}},
    ),
    Case(
        "value",
        tree(pct_options=["cpuunits=5", "cpuunits=6", "mp0=/srv", "nesting=2"]),
        (f"{A}.pct_options.1", f"{A}.pct_options.2", f"{A}.pct_options.3"),
        tree(pct_options=["cpuunits=5", "cpuunits=5"]),
    ),
    Case(
        "duplicate-volume-name",
        tree(volumes=[volume("/a"), volume("/b")]),
        (f"{A}.volumes",),
        tree(volumes=[volume("/a"), volume("/bc")]),
    ),
    Case(
        "id-maps-overlap",
        tree(id_maps=[id_map("u", 1000), id_map("both", 1009)]),
        (f"{A}.id_maps",),
        tree(id_maps=[id_map("u", 1000), id_map("u", 1010), id_map("g", 1000)]),
    ),
    Case("mount-owner-conflict", pair(owned(1), owned(2)), (f"{B}.mount_points",), pair(owned(1), owned(1))),
    Case(
        "cloning-conflict",
        pair({"cloning": "native"}, {"cloning": "snapshot"}),
        (f"{A}.cloning",),
        pair({"cloning": "native"}, {"cloning": "full"}),
    ),
    Case(
        "duplicate-mount-point",
        tree(volumes=[volume("/a")], zfs_volumes=[volume("/a/")]),
        (f"{A}.zfs_volumes.0.mount_point",),
        tree(volumes=[volume("/a"), volume("/a/b")]),
    ),
    Case(
        "duplicate-mount-point",
        tree(mount_points=[{"host_path": "/srv", "container_path": "/"}]),
        (f"{A}.mount_points.0.container_path",),
        tree(mount_points=[{"host_path": "/srv", "container_path": "/srv"}]),
    ),
    Case(
        "duplicate-mount-point",
        tree(volumes=[volume("/m")]),
        (f"{A}.volumes.0.mount_point",),
        tree(volumes=[volume("/n")]),
        host={"shared_volumes": {"s": {"host_path": "/srv", "mounts": {"901": "/m"}}}},
    ),
    Case(
        "bind-mount-blocks-snapshot",
        tree(pct_options=["mp0=/srv,mp=/srv"]),
        (f"{A}.pct_options",),
        tree(mount_points=[{"host_path": "/srv", "container_path": "/srv"}]),
        "warning",
    ),
    Case(
        "bind-mount-blocks-snapshot",
        lxc({900: {**BASE, "pct_options": ["mp0=/srv,mp=/srv"]}}),
        ("lxc_configs.900.pct_options",),
        lxc({900: BASE}),
    ),
    # host
    Case(
        "disk-used-twice",
        tree(),
        ("zfs.pools.1.disks.0",),
        tree(),
        host={"zfs": {"pools": [{"name": "a", "disks": ["/dev/sda"]}, {"name": "b", "disks": ["/dev/sda"]}]}},
        fine_host={"zfs": {"pools": [{"name": "a", "disks": ["/dev/sda"]}, {"name": "b", "disks": ["/dev/sdb"]}]}},
    ),
    Case(
        "pool-unknown",
        tree(),
        ("zfs.datasets.1.pool",),
        tree(),
        host={"zfs": zfs(dataset("b", pool="tnk"))},
        fine_host={"zfs": {"datasets": [dataset("lxc"), dataset("b", pool="tnk")]}},
        hint='"tank"',
    ),
    Case(
        "share-path-unknown",
        tree(),
        ("samba.shares.0.path",),
        tree(),
        host={**HOST, "samba": {"shares": [{"path": "tank/lx"}]}},
        fine_host={
            **HOST,
            "samba": {
                "shares": [
                    {"path": "tank/lxc/sub"},
                    {"name": "b", "path": "/mnt/pve/tank/lxc"},
                    {"name": "c", "path": "tank"},
                ]
            },
        },
    ),
    Case(
        "export-path-unknown",
        tree(),
        ("nfs.exports.1.path",),
        tree(),
        host={**HOST, "nfs": {"exports": [{"path": "/tank/lxc"}, {"path": "tank/sub"}]}},
        fine_host={
            "zfs": zfs(dataset("m", properties={"mountpoint": "/srv/m"})),
            "nfs": {"exports": [{"path": "/srv/m/x"}]},
        },
    ),
    # features, scripts, GPUs
    Case(
        "feature-unknown",
        tree(features=["dokcer"]),
        (f"{A}.features.0",),
        tree(features=["ollama", "llama_cpp", "base_setup"]),
        hint='"docker"',
    ),
    Case(
        "feature-unknown", tree(features="nestng=1"), (f"{A}.features",), tree(features="nesting=1"), hint='"nesting"'
    ),
    Case("script-missing", tree(application_script="absent.sh"), (f"{A}.application_script",), tree(), "warning"),
    Case(
        "docker-without-nesting",
        tree(features=["docker"]),
        (f"{A}.features",),
        tree(features=["docker"]),
        "warning",
        fine_host={"proxmox_defaults": {"lxc": {"nesting": 1}}},
    ),
    Case(
        "docker-without-keyctl",
        tree(features="nesting=1"),
        (f"{A}.features",),
        tree(features="nesting=1,keyctl=1"),
        "warning",
    ),
    Case(
        "gpu-list-spelling",
        lxc({901: template("a", gpu_assignment="0, 1")}, **DRIVER),
        (f"{A}.gpu_assignment",),
        lxc({901: template("a", gpu_assignment="0,1")}, **DRIVER),
        "warning",
        hint='"0,1"',
    ),
    Case(
        "gpu-dropped-from-source",
        lxc({900: GPU_TEMPLATE, 901: container("a", clone_from_ctid=900)}, **DRIVER),
        (f"{A}.clone_from_ctid",),
        lxc({900: GPU_TEMPLATE, 901: container("a", clone_from_ctid=900, gpu_assignment="1")}, **DRIVER),
        "warning",
    ),
    Case(
        "gpu-without-nvidia",
        lxc({901: template("a", gpu_assignment="0")}),
        (f"{A}.gpu_assignment",),
        lxc({901: template("a", gpu_assignment="0")}),
        fine_host={"nvidia_driver": {"version": "580.76.05"}},
    ),
    Case(
        "cuda-without-packages",
        lxc({901: template("a", gpu_assignment="0")}, **DRIVER),
        ("nvidia_driver.cuda_version",),
        lxc({901: template("a", gpu_assignment="0")}, **DRIVER, nvidia_repo_url="https://example.org/cuda/"),
        "warning",
        host={"nvidia_driver": {"version": "580.76.05", "cuda_version": "12.8"}},
        fine_host={"nvidia_driver": {"version": "580.76.05", "cuda_version": "12.8"}},
    ),
    Case(
        "vllm-needs-more-gpus",
        lxc({901: GPU_SERVER | {"vllm_tensor_parallel_size": 2}}, **DRIVER),
        (f"{A}.vllm_tensor_parallel_size",),
        lxc({901: GPU_SERVER | {"vllm_tensor_parallel_size": 2, "gpu_assignment": "0,1"}}, **DRIVER),
    ),
    Case(
        "secret-argument",
        lxc({901: template("a", llama_cpp_args=["--api-key", "hunter2"], vllm_parameters={"api_key": "hunter2"})}),
        (f"{A}.llama_cpp_args", f"{A}.vllm_parameters"),
        lxc({901: template("a", llama_cpp_args=["--api-key-file", "/key"], vllm_args=["--port", "1"])}),
        "warning",
    ),
    Case("vllm-without-gpu", lxc({901: SERVER}), (f"{A}.vllm_model",), lxc({901: GPU_SERVER}, **DRIVER), "warning"),
    Case(
        "driver-versions-disagree",
        lxc(**DRIVER),
        ("nvidia_driver_version",),
        lxc(**DRIVER),
        host={"nvidia_driver": {"version": "580.76.06"}},
        fine_host={"nvidia_driver": {"version": "580.76.05"}},
    ),
    Case(
        "driver-versions-disagree",
        lxc(nvidia_runfile_url=runfile("570.1"), **DRIVER),
        ("nvidia_runfile_url",),
        lxc(nvidia_runfile_url=runfile("580.76.05"), **DRIVER),
    ),
    Case(
        "vfio-conflict",
        lxc({901: template("a", gpu_assignment="0")}, **DRIVER),
        ("vms.0.gpu_assignment",),
        lxc({901: template("a", gpu_assignment="1")}, **DRIVER),
        host={"vms": [{"name": "vm", "gpu_assignment": "0"}]},
        fine_host={"vms": [{"name": "vm", "gpu_assignment": "0"}]},
    ),
    # secrets and effect
    Case(
        "literal-secret",
        tree(),
        ("samba.password",),
        tree(),
        "warning",
        host={"samba": {"user": "ann", "password": "hunter2"}},
        fine_host={"samba": {"user": "ann", "password": {"env": "SMB"}}},
    ),
    Case(
        "literal-secret",
        tree(),
        ("users.password_hash",),
        tree(),
        "warning",
        host={"users": {"username": "ann", "password_hash": "$y$x"}},
        fine_host={"users": {"username": "ann", "password_hash": "NOT_SET"}},
    ),
    Case("field-without-effect", tree(template=TARBALL), (f"{A}.template",), tree(), "warning"),
    Case(
        "field-without-effect",
        tree(vllm_port=8000),
        (f"{A}.vllm_port",),
        tree(vllm_model="a/b", vllm_port=8000),
        "warning",
    ),
    Case("field-without-effect", tree(tests={"a": 1}), (f"{A}.tests",), tree(), "warning"),
    Case(
        "field-without-effect",
        tree(),
        ("vms", "zfs.datasets.0.storage_class"),
        tree(),
        "warning",
        host={"vms": [{}], "zfs": {"datasets": [dataset("a", storage_class="fast")]}},
        fine_host={"vms": []},
    ),
    Case(
        "field-without-effect",
        tree(),
        ("shared_volumes.s.mounts.999",),
        tree(),
        "warning",
        host={"shared_volumes": {"s": {"host_path": "/srv", "mounts": {"999": "/m"}}}},
        fine_host={"shared_volumes": {"s": {"host_path": "/srv", "mounts": {"901": "/m"}}}},
    ),
    Case(
        "misplaced-field",
        tree(),
        ("shared_volumes.firewall",),
        tree(),
        "warning",
        host={"shared_volumes": {"firewall": {"enabled": False}}},
        fine_host={"firewall": {"enabled": False}},
    ),
]


def _id(case: Case) -> str:
    return f"{case.code}-{case.paths[0]}"


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_it_is_found_where_it_stands(case: Case, tmp_path: Path) -> None:
    found = loaded(tmp_path, case.host, case.bad)
    told = [problem for problem in found.problems if problem.code == case.code]
    assert sorted(problem.path for problem in told) == sorted(case.paths), found.problems
    assert {problem.severity for problem in told} == {case.severity}
    assert all(case.hint in problem.hint for problem in told)
    lines = {
        problem.place.file: (tmp_path / Path(problem.place.file).name).read_text().splitlines() for problem in told
    }
    for problem in told:
        line = lines[problem.place.file][problem.place.line - 1]
        assert 1 <= problem.place.column <= len(line)
        named = [part for part in problem.path.split(".") if not part.isdigit() or len(part) > 2]
        if not problem.path.split(".")[-1].isdigit() and problem.code != "missing-field":
            assert named[-1] in line, (line, problem)


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_what_nearly_has_it_has_it_not(case: Case, tmp_path: Path) -> None:
    host = case.host if case.fine_host is None else case.fine_host
    found = loaded(tmp_path, host, case.fine)
    assert [problem for problem in found.problems if problem.code == case.code] == []
    assert found.errors == ()


WITHOUT_A_FUNCTION = {"unknown-field", "missing-field", "type"}
"""Codes of the models; ``creation`` tells missing-field too."""
NEEDS_A_NODE = {"gpu-not-on-node"}
SAME_CODE = {
    "pct-options": "value",
    "gateway-family": "value",
    "pool-layout": "value",
    "storage-unmounted": "value",
    "declared-twice": "value",
    "secret-file": "value",
    "folder-owners": "value",
    "share-names": "value",
    "share-options": "value",
    "export-clients": "value",
    "export-options": "value",
    "creation": "missing-field",
    "own-features": "value",
    "own-address": "value",
    "driver-without-version": "field-without-effect",
}
"""Checks that tell of a code that the models have as well."""


def test_every_check_has_its_case() -> None:
    covered = {case.code for case in CASES}
    assert {SAME_CODE.get(name, name) for name in CHECKS} - covered <= NEEDS_A_NODE
    assert covered - {SAME_CODE.get(name, name) for name in CHECKS} <= WITHOUT_A_FUNCTION


@pytest.mark.parametrize("case", [case for case in CASES if case.code in CHECKS], ids=_id)
def test_a_check_can_be_left_out(case: Case, tmp_path: Path) -> None:
    others = [check for check in CHECKS.values() if check.code != case.code]
    found = load(place(tmp_path, case.host, case.bad), others)
    paths = {problem.path for problem in found.problems if problem.code == case.code}
    assert not paths & set(case.paths) or case.code == "value"
