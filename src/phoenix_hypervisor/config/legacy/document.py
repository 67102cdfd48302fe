"""Which field of the host document each legacy variable is (spec section 9)."""

from __future__ import annotations

from phoenix_hypervisor.config.legacy import storage
from phoenix_hypervisor.config.legacy.draft import Told, Tree, put
from phoenix_hypervisor.config.legacy.shelf import Shelf

FIELDS = {
    "TIMEZONE": "timezone",
    "DOMAIN_NAME": "domain_name",
    "HF_TOKEN_FILE": "core_paths.hf_token_file",
    "DOCKER_TOKEN_FILE": "core_paths.docker_token_file",
    "ADMIN_USER": "users.username",
    "ADMIN_USERNAME": "users.username",
    "ADMIN_SSH_PUBLIC_KEY": "users.ssh_public_key",
    "SSH_PUBLIC_KEY": "users.ssh_public_key",
    "EXTERNAL_REGISTRY_URL": "network.external_registry_url",
    "PORTAINER_SERVER_IP": "network.portainer_server_ip",
    "PORTAINER_SERVER_PORT": "network.portainer_server_port",
    "PORTAINER_AGENT_PORT": "network.portainer_agent_port",
    "DEFAULT_SUBNET": "network.default_subnet",
    "PROXMOX_NFS_SERVER": "network.nfs_server",
    "NFS_SERVER": "network.nfs_server",
    "SMB_USER": "samba.user",
    "SAMBA_USER": "samba.user",
    "MOUNT_POINT_BASE": "mount_point_base",
    "ZFS_LXC_POOL": "proxmox_defaults.zfs_lxc_pool",
    "PHOENIX_NVIDIA_DRIVER_VERSION": "nvidia_driver.version",
    "NVIDIA_DRIVER_VERSION": "nvidia_driver.version",
    "PHOENIX_NVIDIA_RUNFILE_URL": "nvidia_driver.runfile_url",
    "NVIDIA_RUNFILE_URL": "nvidia_driver.runfile_url",
    "NVIDIA_DRIVER_URL": "nvidia_driver.runfile_url",
    "CUDA_VERSION": "nvidia_driver.cuda_version",
}
"""Variable to field, in the order of the document; where two name one field, the first that is set counts."""
PORTS = frozenset({"PORTAINER_SERVER_PORT", "PORTAINER_AGENT_PORT"})
SHARES = ("SAMBA_DATASET", "SMB_DATASET")


def translate(shelf: Shelf) -> Tree:
    """The document that the variables make, not yet judged."""
    tree: Tree = {}
    filled: dict[str, str] = {}
    for name, field in FIELDS.items():
        if name not in shelf.values or (told := shelf.text(name)) is None:
            continue
        if field in filled:
            shelf.tell(told.place, "not-carried-over", f"{name} says the same as {filled[field]}, which counts.")
            continue
        filled[field] = name
        number = name in PORTS and told.value.isascii() and told.value.isdigit()
        put(tree, field, Told(int(told.value[:18]), told.place) if number else told)
    shared = {"NFS_DATASET", *SHARES}
    storage.translate(shelf, tree, shared)
    _entries(shelf, tree, "NFS_DATASET", "nfs.exports")
    for prefix in SHARES:
        _entries(shelf, tree, prefix, "samba.shares")
    shelf.left_over()
    return tree


def _entries(shelf: Shelf, tree: Tree, prefix: str, field: str) -> None:
    """``PREFIX_LIST`` of datasets and ``PREFIX_OPTIONS[dataset]``."""
    options = shelf.table(f"{prefix}_OPTIONS")
    entries = []
    for path in shelf.words(f"{prefix}_LIST"):
        said = options.pop(path.value, None)
        entry: Tree = {"path": path}
        if said is not None:
            listed = [part.strip() for part in said.value.split(",") if part.strip()]
            entry["options"] = Told(listed, said.place) if field == "nfs.exports" else said
        entries.append(entry)
    for key, said in options.items():
        shelf.tell(said.place, "not-carried-over", f"{prefix}_LIST does not hold {key!r}, so its options have no use.")
    room, _, last = field.partition(".")
    if entries:
        tree.setdefault(room, {}).setdefault(last, []).extend(entries)
