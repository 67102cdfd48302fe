"""Hypothesis strategies of valid configurations that cover every field of specification section 9.

What they draw loads without an error. Storages, GPUs, tarballs and bridges are such as a fresh simulated node can be
fitted with; scripts belong into the configuration's folder.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import strategies as st

from host_strategies import (
    DRIVER,
    NVIDIA_DRIVER,
    RULES,
    RUNFILE,
    Draw,
    Json,
    Storages,
    hosts,
    just,
    older_hosts,
    some,
    text_or_number,
)
from phoenix_hypervisor.simulator.models.archives import published

TARBALLS = (
    "local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst",
    "/var/lib/vz/template/cache/ubuntu-24.04-standard_24.04-2_amd64.tar.zst",
)
SCRIPT = "#!/bin/sh\nexit 0\n"
NAMES = ("web", "db", "cache", "proxy", "build", "Mail", "n8n", "vllm-7b")
MORE_FEATURES = ("docker", "portainer", "vllm", "ollama", "llama_cpp")


@dataclass(frozen=True)
class Configuration:
    """Both documents as JSON values (None is absent), and the scripts that they name."""

    host: Json | None
    lxc: Json | None
    scripts: dict[str, str] = field(default_factory=dict)
    older: bool = False

    def write(self, folder: Path) -> Path:
        """Its files in a folder, which is made; returns the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        host_name = "hypervisor_config.json" if self.older else "phoenix_hypervisor_config.json"
        for name, document in ((host_name, self.host), ("phoenix_lxc_configs.json", self.lxc)):
            if document is not None:
                (folder / name).write_text(json.dumps(document, indent=2), encoding="utf-8")
        for name, text in self.scripts.items():
            (folder / name).write_text(text, encoding="utf-8")
        return folder


@dataclass
class Tree:
    """What was drawn so far, so that the next container fits to it."""

    storages: Storages
    unprivileged: bool
    bare_features: bool
    sizes: dict[int, int] = field(default_factory=dict)
    gpus: dict[int, bool] = field(default_factory=dict)
    drawn: list[int] = field(default_factory=list)
    configs: Json = field(default_factory=dict)
    scripts: dict[str, str] = field(default_factory=dict)


def plain_fields(index: int, script: str) -> st.SearchStrategy[Json]:
    """Fields that depend on no other container."""
    return some(
        memory_mb=just(128, 256, 1024),
        swap_mb=just(0, 256),
        cores=just(1, 4),
        pct_options=just([], ["cpuunits=50"], ["tty=2", "cmode=console"]),
        lxc_options=just(["lxc.environment = A=b"], ["lxc.cap.drop: sys_time"]),
        portainer_role=just("none", "infrastructure"),
        application_script=just(script),
        start_at_boot=st.booleans(),
        boot_order=just(0, 3),
        boot_delay=just(0, 5),
        ports=just(["8080:80"], [8080, "53:53/udp"]),
        tags=just(["lab"], ["b", "A"]),
        apparmor_profile=just("unconfined", "generated"),
        health_check=st.builds(
            lambda rest: {"command": "true", **rest}, some(retries=just(0, 3), interval=just(1, 0.5))
        ),
        firewall=some(enabled=st.booleans(), rules=RULES),
        cloning=just("snapshot"),
        ready_timeout=just(60, 120),
        ready_interval=just(1, 5),
        tests=just({"a": "b"}),
        integration_tests=just({"script": "run_tests.sh"}),
        run_integration_tests=st.booleans(),
        mount_points=st.builds(
            lambda rest: [{"host_path": f"/srv/data-{index}", "container_path": "/mnt/data", **rest}],
            some(owner_uid=just(1000), owner_gid=just(1000)),
        ),
    )


VLLM = st.builds(
    lambda rest: {"vllm_model": "Qwen/Qwen2.5-7B-Instruct-AWQ", **rest},
    some(
        vllm_served_model_name=just("qwen2.5"),
        vllm_model_type=just("chat", "embedding"),
        vllm_port=text_or_number(8000),
        vllm_tensor_parallel_size=just(1, 2),
        vllm_gpu_memory_utilization=just(0.85, 1),
        vllm_max_model_len=just(1024),
        vllm_quantization=just("awq_marlin"),
        vllm_trust_remote_code=st.booleans(),
        vllm_parameters=just({"dtype": "float16"}),
        vllm_args=just(["--max-num-seqs", "1"]),
        vllm_engine_config=just({"max_model_len": 1024}),
        vllm_version=just("0.11.0"),
        vllm_start_timeout=just(600),
    ),
)
OLLAMA_ARCHIVE = "https://github.com/ollama/ollama/releases/download/v0.14.1/ollama-linux-amd64.tar.zst"
OLLAMA_PINNED = {
    "ollama_version": "0.14.1",
    "ollama_sha256": hashlib.sha256((published(OLLAMA_ARCHIVE) or "").encode()).hexdigest(),
}
OLLAMA = some(
    ollama_port=text_or_number(8434),
    ollama_models_path=just("/srv/models"),
    ollama_models=just(["qwen3:8b", "nomic-embed-text"]),
)
OLLAMA_WHOLE = {"ollama_port": 8434, "ollama_models_path": "/srv/models", "ollama_models": ["qwen3:8b"]}
LLAMA_CPP = some(
    llama_cpp_model=just("ggml-org/gemma-3-4b-it-GGUF"),
    llama_cpp_port=text_or_number(8081),
    llama_cpp_args=just(["--ctx-size", "4096"]),
    llama_cpp_version=just("b11211"),
)
LLAMA_CPP_WHOLE = {
    "llama_cpp_model": "ggml-org/gemma-3-4b-it-GGUF",
    "llama_cpp_port": 8081,
    "llama_cpp_args": ["--ctx-size", "4096"],
}
LLAMA_CPP_URL = "https://github.com/ggml-org/llama.cpp/releases/download/b8133/llama-b8133-bin-ubuntu-x64.tar.gz"
LLAMA_CPP_PINNED = {
    "llama_cpp_version": "8133",
    "llama_cpp_url": LLAMA_CPP_URL,
    "llama_cpp_sha256": hashlib.sha256((published(LLAMA_CPP_URL) or "").encode()).hexdigest(),
}


@st.composite
def networks(draw: Draw, index: int) -> Json:
    """Fields about the network: the address and the MAC address are the index's own."""
    if draw(just(*[False] * 5, True)):
        return {}
    address = draw(just(f"10.0.0.{index + 20}/24", f"fd00::{index + 20}/64", "dhcp"))
    gateway = {"1": "10.0.0.1", "f": "fd00::1"}.get(address[0])
    mac = f"52:54:00:00:00:{index + 16:02X}"
    fields: Json = {}
    if gateway and draw(st.booleans()):
        fields["network_config"] = f"{address},{gateway},{draw(just('8.8.8.8', '8.8.8.8 1.1.1.1'))}"
    else:
        fields["network_config"] = {
            **draw(some(name=just("eth0", "lan0"), bridge=just("vmbr0", "vmbr1"))),
            "ip": address,
            **({"gw": gateway} if gateway else {}),
            **draw(
                some(
                    nameservers=just("8.8.8.8", ["8.8.8.8", "1.1.1.1"]), vlan=just(7), mtu=just(1400), hwaddr=just(mac)
                )
            ),
        }
    if address != "dhcp":
        fields |= draw(some(static_ip=just(address)))
    return {**fields, **draw(some(mac_address=just(mac, mac.lower())))}


def features(with_more: bool) -> st.SearchStrategy[Json]:
    """The ``features`` field in each of its spellings, or none."""
    names = ("base_setup", *(MORE_FEATURES if with_more else ()))
    lists = st.lists(st.sampled_from(names), unique=True, max_size=2)
    strings = just("", "fuse=1", *(("nesting=1", "nesting=1,keyctl=1") if with_more else ()))
    return some(features=st.one_of(lists, strings))


@st.composite
def lineage(draw: Draw, tree: Tree, ctid: int) -> Json:
    """Where the container comes from: fields about source, tarball, storage, size."""
    templates = sorted(tree.sizes)
    source = draw(st.sampled_from(templates)) if templates and draw(just(True, True, True, False)) else None
    fields: Json = {}
    if source is not None:
        spelling = draw(just("clone_from_ctid", "clone_from_template_ctid"))
        fields[spelling] = draw(text_or_number(source))
        if draw(st.booleans()):
            fields["storage_size_gb"] = tree.sizes[source] + draw(just(0, 1, 4))
        fields |= draw(some(template=just(TARBALLS[0])))
    else:
        fields |= {"template": draw(just(*TARBALLS)), "storage_size_gb": draw(just(2, 4))}
    if tree.storages.default is None or draw(st.booleans()):
        fields["storage_pool"] = tree.storages.rootdir[0]
    if source is None or draw(just(True, False, False)):
        fields |= draw(
            just(
                {"is_template": True},
                {"template_snapshot_name": "ready"},
                {"is_template": True, "template_snapshot_name": "base-1"},
            )
        )
        tree.sizes[ctid] = fields.get("storage_size_gb", tree.sizes.get(source or 0, 4))
    return fields


@st.composite
def containers(draw: Draw, tree: Tree, ctid: int) -> Json:
    """One container that fits to those drawn before; the tree remembers it."""
    index = len(tree.drawn)
    script = f"app-{ctid}.sh"
    fields = {
        "name": f"{draw(st.sampled_from(NAMES))}-{ctid}",
        "unprivileged": tree.unprivileged,
        **draw(lineage(tree, ctid)),
        **draw(plain_fields(index, script)),
        **draw(networks(index)),
        **draw(features(not tree.bare_features)),
    }
    if "network_config" not in fields and isinstance(fields.get("features"), list):
        fields["features"] = [name for name in fields["features"] if name != "base_setup"]  # it needs a network
    if isinstance(fields.get("features"), list) and not tree.bare_features and draw(st.booleans()):
        fields["features"] = [*fields["features"], "greeting"]
        fields["feature_config"] = {"greeting": {"text": draw(just("Hello.", "Welcome."))}}
    if tree.unprivileged and draw(just(True, False, False, False)):
        del fields["unprivileged"]
    if tree.unprivileged:
        fields |= draw(some(id_maps=just([{"type": "both", "host_id": 1000, "container_id": 1000, "size": 1}])))
    volume = {"name": "data", "pool": tree.storages.rootdir[1], "size_gb": 1, "mount_point": "/var/lib/data"}
    fields |= draw(just({}, {}, {"volumes": [volume]}, {"zfs_volumes": [volume]}))
    fields |= (
        draw(
            some(
                dependencies=st.lists(st.sampled_from(tree.drawn), unique=True, max_size=2).map(
                    lambda ids: [str(each) for each in ids]
                )
            )
        )
        if tree.drawn
        else {}
    )
    if not tree.bare_features:
        fields |= draw(
            st.one_of(just({}), just({}), VLLM, just({"portainer_role": "agent"}, {"portainer_role": "server"}))
        )
        fields |= draw(some(gpu_assignment=just("none", "0", "0,1", "0, 1")))
        if "ollama" in (fields.get("features") or ()):
            fields |= draw(st.one_of(OLLAMA, just(OLLAMA_WHOLE))) | draw(just({}, OLLAMA_PINNED))
        if "llama_cpp" in (fields.get("features") or ()):
            fields |= draw(st.one_of(LLAMA_CPP, just(LLAMA_CPP_WHOLE))) | draw(just({}, LLAMA_CPP_PINNED))
        if "vllm_model" in fields:
            fields["gpu_assignment"] = "0,1"  # vLLM serves nothing without
        fields.setdefault("network_config", f"10.0.0.{index + 20}/24,10.0.0.1,8.8.8.8")  # packages come over it
    if fields.get("application_script"):
        tree.scripts[script] = SCRIPT
    if draw(just(True, False, False)):
        tree.scripts[f"phoenix_hypervisor_setup_{ctid}.sh"] = SCRIPT
    tree.drawn.append(ctid)
    return fields


@st.composite
def configurations(draw: Draw, max_containers: int = 8, bare_features: bool = False) -> Configuration:
    """A host document and a container document that fit to one another.

    ``bare_features``: with no feature but base_setup and scripts.
    """
    ctids = draw(st.lists(st.integers(100, 9999), min_size=1, max_size=max_containers, unique=True))
    host, storages = draw(hosts(ctids))
    tree = Tree(storages, draw(just(True, True, True, False)), bare_features)
    for ctid in ctids:
        tree.configs[str(ctid)] = draw(containers(tree, ctid))
    lxc: Json = {
        **draw(
            some(
                **{"$schema": just("./phoenix_lxc_configs.schema.json")},
                nvidia_repo_url=just("https://developer.download.nvidia.com/compute/cuda/repos/debian12/x86_64/"),
                nvidia_runfile_url=just(RUNFILE),
            )
        ),
        **draw(just({"nvidia_driver_version": DRIVER})),
        "lxc_configs": tree.configs,
    }
    host |= draw(some(nvidia_driver=NVIDIA_DRIVER))
    return Configuration(host, lxc, dict(tree.scripts))


@st.composite
def older_configurations(draw: Draw) -> Configuration:
    """A host document of the older name and shape, alone."""
    return Configuration(draw(older_hosts()), None, older=True)
