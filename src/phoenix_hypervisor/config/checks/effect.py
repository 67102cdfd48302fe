"""Fields that nothing reads, or that stand where they do nothing (spec F5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from phoenix_hypervisor.config.checks.serving import arguments_of
from phoenix_hypervisor.config.checks.spelling import same_address
from phoenix_hypervisor.config.checks.view import Finding, View, finds
from phoenix_hypervisor.config.site import DEFAULT_ETC, Container, Places
from phoenix_hypervisor.config.source import Steps
from phoenix_hypervisor.config.storages import LOCAL_TYPES
from phoenix_hypervisor.config.texts import shown

CODE = "field-without-effect"
HOST_FIELDS = {
    "core_paths.lxc_config_schema_file": "Phoenix carries its own schemas; see phoenix schema.",
    "core_paths.docker_images_path": "Images come from their registry.",
    "core_paths.hypervisor_marker_dir": "The node itself is asked, not a marker.",
    "core_paths.hypervisor_marker": "The node itself is asked, not a marker.",
    "vms": "Virtual machines are not managed.",
    "vm_defaults": "Virtual machines are not managed.",
}
CONTAINER_FIELDS = {
    "tests": "Use health_check.",
    "integration_tests": "Use health_check.",
    "run_integration_tests": "Use health_check.",
}
SERVERS = {"ollama": "Ollama", "llama_cpp": "llama.cpp"}
"""Features with fields of their own that do not imply them."""


def _idle(places: Places, field: str, why: str, hint: str = "") -> Finding:
    return places.problem(
        CODE, f"{field.rpartition('.')[2]} has no effect: {why}.", field, hint=hint, severity="warning"
    )


def _stands(places: Places, field: str) -> bool:
    return places.find(field) in places.source.offsets


def _value(places: Places, field: str) -> Any:
    """What stands in the file; None where the field does not stand."""
    found: Any = places.source.data
    for step in places.find(field):
        found = found.get(step) if isinstance(found, dict) else None
    return found


@finds(
    CODE,
    fields="template static_ip network_config id_maps unprivileged features vllm_args",
    host="zfs shared_volumes core_paths vms",
)
def field_without_effect(view: View) -> Iterator[Finding]:
    places = view.site.places
    for field, hint in HOST_FIELDS.items():
        if _value(places, field):
            yield _idle(places, field, "nothing reads it", hint)
    if _stands(places, "proxmox_defaults.lxc.network_config.hwaddr"):
        yield _idle(places, "proxmox_defaults.lxc.network_config.hwaddr", "each container has a MAC address of its own")
    if _stands(places, "core_paths.lxc_config_file") and view.site.etc != DEFAULT_ETC:
        yield _idle(places, "core_paths.lxc_config_file", f"it counts in {DEFAULT_ETC} only")
    yield from _datasets(view)
    yield from _shared_volumes(view)
    for container in view.containers.values():
        yield from _container(view, container)


def _datasets(view: View) -> Iterator[Finding]:
    places, zfs = view.site.places, view.site.host.zfs
    for index, dataset in enumerate(zfs.datasets if zfs else ()):
        field = f"zfs.datasets.{index}"
        if dataset.storage_class is not None:
            yield _idle(places, f"{field}.storage_class", "nothing reads it")
        if dataset.proxmox_storage_type is None and dataset.proxmox_content_type is not None:
            why = "without a proxmox_storage_type the dataset has no storage"
            yield _idle(places, f"{field}.proxmox_content_type", why)
        elif dataset.proxmox_storage_type is not None and dataset.proxmox_storage_type not in LOCAL_TYPES:
            why = f"{dataset.proxmox_storage_type} cannot stand on the dataset {dataset.full_name} of this node"
            yield _idle(places, f"{field}.proxmox_storage_type", why, "Take zfspool or dir, or share it with samba.")


def _shared_volumes(view: View) -> Iterator[Finding]:
    source = view.site.places.source
    if view.lxc_lost or not view.documents.lxc_source.offsets:
        return
    for name, volume in view.site.shared_volumes.items():
        for ctid in volume.mounts:
            if ctid not in view.known:
                steps: Steps = ("shared_volumes", name, "mounts", str(ctid))
                message = f"{ctid} is not declared, so nothing is mounted there."
                yield source.problem(CODE, message, steps, severity="warning", key=True)


def _container(view: View, container: Container) -> Iterator[Finding]:
    document, places = view.document(container), container.places
    for field, hint in CONTAINER_FIELDS.items():
        if _stands(places, field):
            yield _idle(places, field, "nothing reads it", hint)
    if document.template is not None and container.source is not None:
        yield _idle(
            places, "template", f"{container.ctid} is cloned from {container.source}, not created from a tarball"
        )
    own = document.network_config
    if document.static_ip and own and own.ip and same_address(document.static_ip, own.ip):
        yield _idle(places, "static_ip", "network_config says the same")
    if document.static_ip and own is None and container.network is None:
        yield _idle(places, "static_ip", "without a network_config the container has no network")
    if document.mac_address and container.network is None:
        yield _idle(places, "mac_address", "without a network_config the container has no network")
    if document.id_maps and not container.unprivileged:
        yield _idle(places, "id_maps", "the ids of a privileged container are those of the node")
    if container.vllm and "vllm" not in container.features:
        field = next(iter(container.vllm))
        yield _idle(places, field, "the container has no vLLM", "Give it a vllm_model or a vllm_engine_config.")
    for feature, called in SERVERS.items():
        for field in sorted(document.model_fields_set) if feature not in container.features else ():
            if field.startswith(f"{feature}_"):
                yield _idle(places, field, f"the container has no {called}", f'Add "{feature}" to its features.')
    for field, argument in arguments_of(container).overridden.items():
        yield _idle(places, field, f"vllm_args says {argument}")


@finds("misplaced-field", host="shared_volumes")
def misplaced_field(view: View) -> Iterator[Finding]:
    """A field that is read, but stands where it does not belong."""
    if view.site.host.shared_volumes.firewall is not None:
        message = f"{shown('firewall')} belongs to the top of the document; it is read as if it stood there."
        yield view.site.places.problem(
            "misplaced-field", message, "shared_volumes.firewall", severity="warning", key=True
        )
