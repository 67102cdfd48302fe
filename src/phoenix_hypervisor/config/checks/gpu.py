"""GPUs and their driver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from phoenix_hypervisor.config.aliases import gpu_indices
from phoenix_hypervisor.config.checks.lineage import SOURCE
from phoenix_hypervisor.config.checks.view import Finding, Question, View, finds
from phoenix_hypervisor.config.texts import listing, shown


@finds("gpu-list-spelling", fields="gpu_assignment")
def gpu_list_spelling(view: View) -> Iterator[Finding]:
    for container in view.containers.values():
        text = view.document(container).gpu_assignment
        if text is not None and any(character.isspace() for character in text):
            message = f"{shown(text)} holds spaces."
            hint = f"Write {shown(','.join(part.strip() for part in text.split(',')))}."
            yield container.places.problem(
                "gpu-list-spelling", message, "gpu_assignment", hint=hint, severity="warning"
            )


@finds("gpu-dropped-from-source", fields=f"{SOURCE} gpu_assignment")
def gpu_dropped_from_source(view: View) -> Iterator[Finding]:
    for container in view.containers.values():
        source = view.source(container)
        if source is not None and source.gpus and not container.gpus:
            message = f"{container.ctid} is cloned from {source.ctid}, which has a GPU, and has none itself."
            hint = "The driver in it is of no use; clone from a template without GPU, or assign one."
            field = "gpu_assignment" if view.document(container).gpu_assignment is not None else "clone_from_ctid"
            yield container.places.problem("gpu-dropped-from-source", message, field, hint=hint, severity="warning")


@finds("gpu-not-on-node", fields="gpu_assignment")
def gpu_not_on_node(view: View) -> Iterator[Finding]:
    for container in view.containers.values():
        for gpu in container.gpus:
            message = f"{container.ctid} is to have GPU {gpu}, which the node does not have."
            problem = container.places.problem("gpu-not-on-node", message, "gpu_assignment")
            yield Question("gpu", str(gpu), no=problem, ctid=container.ctid)


@finds("gpu-without-nvidia", fields="gpu_assignment", host="nvidia_driver nvidia")
def gpu_without_nvidia(view: View) -> Iterator[Finding]:
    if view.site.nvidia.version is not None or ("nvidia_driver_version",) in view.lxc_damage:
        return
    for container in view.containers.values():
        if container.gpus:
            message = f"{container.ctid} has a GPU, but no file declares a driver version."
            hint = "Give the container file an nvidia_driver_version."
            yield container.places.problem("gpu-without-nvidia", message, "gpu_assignment", hint=hint)


@finds("cuda-without-packages", fields="gpu_assignment", host="nvidia_driver nvidia")
def cuda_without_packages(view: View) -> Iterator[Finding]:
    driver = view.site.nvidia
    if driver.repo_url is not None or ("nvidia_repo_url",) in view.lxc_damage:
        return
    if driver.cuda_version is not None and any(each.gpus for each in view.containers.values()):
        message = f"CUDA {driver.cuda_version} is declared, but not where its packages are; no container gets it."
        hint = "Give the container file an nvidia_repo_url, or take cuda_version out."
        field = "nvidia_driver.cuda_version"
        yield view.site.places.problem("cuda-without-packages", message, field, hint=hint, severity="warning")


@finds("vfio-conflict", fields="gpu_assignment", host="vms")
def vfio_conflict(view: View) -> Iterator[Finding]:
    """A GPU that a declared virtual machine takes for itself, and a container is to have."""
    for index, machine in enumerate(view.site.host.vms):
        shared = [str(each.ctid) for each in view.containers.values() if set(each.gpus) & _passed_through(machine)]
        if shared:
            message = f"this virtual machine takes a GPU for itself (vfio) that {listing(shared)} is to have."
            yield view.site.places.problem("vfio-conflict", message, f"vms.{index}.gpu_assignment")


def _passed_through(machine: dict[str, Any]) -> frozenset[int]:
    text = machine.get("gpu_assignment")
    try:
        return frozenset(gpu_indices(text)) if isinstance(text, str) else frozenset()
    except ValueError:
        return frozenset()
