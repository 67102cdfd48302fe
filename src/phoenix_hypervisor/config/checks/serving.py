"""Model servers in containers, and the GPUs that they have."""

from __future__ import annotations

from collections.abc import Iterator

from phoenix_hypervisor.config.checks.view import Finding, View, finds
from phoenix_hypervisor.config.site import Container
from phoenix_hypervisor.documents import ContainerDocument
from phoenix_hypervisor.features.container.llama_cpp.arguments import grouped, secrets_of
from phoenix_hypervisor.features.container.vllm.arguments import Arguments, arguments

_FIELDS = tuple(name for name in ContainerDocument.model_fields if name.startswith("vllm_"))
_READ = " ".join(("features", "gpu_assignment", "is_template", "template_snapshot_name", *_FIELDS))
SECRET_PLACES = ("vllm_args", "vllm_parameters", "vllm_engine_config", "llama_cpp_args")


def arguments_of(container: Container) -> Arguments:
    """What the container's ``vllm_*`` make of the command line."""
    return arguments({name.removeprefix("vllm_"): value for name, value in container.vllm.items()})


def _servers(view: View) -> Iterator[tuple[Container, Arguments]]:
    """The containers in which vLLM is to serve a model."""
    for container in view.containers.values():
        if "vllm" in container.features and not container.is_template:
            found = arguments_of(container)
            if found.model is not None:
                yield container, found


@finds("vllm-needs-more-gpus", fields=_READ)
def vllm_needs_more_gpus(view: View) -> Iterator[Finding]:
    for container, found in _servers(view):
        has, wants = len(container.gpus), found.cards
        if has and wants is not None and wants > has:
            message = f"vLLM is to share the model among {wants} GPUs, and {container.ctid} has {has}."
            hint = "Assign more GPUs to it, or make vllm_tensor_parallel_size smaller."
            yield container.places.problem("vllm-needs-more-gpus", message, _place(view, container), hint=hint)


@finds("vllm-without-gpu", fields=_READ)
def vllm_without_gpu(view: View) -> Iterator[Finding]:
    for container, _ in _servers(view):
        if not container.gpus:
            message = f"vLLM is to serve a model in {container.ctid}, which has no GPU; it does not start without one."
            place = _place(view, container)
            hint = "Give it a gpu_assignment."
            yield container.places.problem("vllm-without-gpu", message, place, hint=hint, severity="warning")


@finds("secret-argument", fields=f"{_READ} llama_cpp_args")
def secret_argument(view: View) -> Iterator[Finding]:
    """A key among the arguments: the service gets it in a file of its own, but it stands in this one."""
    for container in view.containers.values():
        found = [name for name in SECRET_PLACES if _says_secret(view.document(container), name)]
        for name in found:
            message = "a secret stands among the arguments."
            hint = "It shows nowhere else; keep this file private: chmod 600."
            yield container.places.problem("secret-argument", message, name, hint=hint, severity="warning")


def _says_secret(document: ContainerDocument, name: str) -> bool:
    value = getattr(document, name)
    if name == "llama_cpp_args":
        return bool(secrets_of(grouped(value)))
    return bool(arguments({name.removeprefix("vllm_"): value}).secrets)


def _place(view: View, container: Container) -> str:
    """The field that shows it best of those that stand there."""
    names = ("vllm_tensor_parallel_size", "vllm_args", "vllm_model", "vllm_engine_config", "vllm_parameters")
    there = view.document(container).model_fields_set
    return next(name for name in names if name in there)
