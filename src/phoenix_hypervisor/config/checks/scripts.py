"""Features, scripts, options of pct."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from phoenix_hypervisor.config import aliases
from phoenix_hypervisor.config.checks.view import Finding, Question, View, finds
from phoenix_hypervisor.config.site import Container
from phoenix_hypervisor.config.texts import did_you_mean, shown
from phoenix_hypervisor.proxmox.options import check_option
from phoenix_hypervisor.proxmox.properties import PropertyError, parse_properties

PCT_OPTIONS = frozenset(
    {
        *("arch", "cmode", "console", "cpulimit", "cpuunits", "debug", "entrypoint", "env", "hookscript"),
        *("ostype", "protection", "searchdomain", "timezone", "tty"),
    }
)
"""Options of ``pct set`` that no field of a container stands for. Source: contract of pct, PVE::LXC::Config."""
_MOUNT_KEYS = frozenset(
    {"volume", "mp", "acl", "backup", "keepattrs", "mountoptions", "quota", "replicate", "ro", "shared", "size"}
)
OWN_FIELD = {
    "hostname": "name",
    "memory": "memory_mb",
    "swap": "swap_mb",
    "cores": "cores",
    "rootfs": "storage_pool and storage_size_gb",
    "net0": "network_config",
    "nameserver": "network_config.nameservers",
    "tags": "tags",
    "onboot": "start_at_boot",
    "startup": "boot_order and boot_delay",
    "unprivileged": "unprivileged",
    "template": "is_template",
}
"""Options of ``pct set`` that a field stands for."""


@finds("feature-unknown", fields="features")
def feature_unknown(view: View) -> Iterator[Finding]:
    known = view.site.feature_names
    for container in view.containers.values():
        for index, name in enumerate(aliases.listed_features(view.document(container))):
            if name not in known:
                message = f"there is no feature {shown(name)}."
                hint = did_you_mean(name, known) or "Own ones have a manifest in features.d."
                yield container.places.problem("feature-unknown", message, f"features.{index}", hint=hint)
        yield from _pct_string(container, aliases.pct_string(view.document(container)))
    for name in _unknown_pct(view.site.host.proxmox_defaults.lxc.features):
        yield view.site.places.problem(
            "feature-unknown",
            _no_pct(name),
            "proxmox_defaults.lxc.features",
            hint=did_you_mean(name, aliases.PCT_FEATURES),
        )


def _pct_string(container: Container, text: str | None) -> Iterator[Finding]:
    for name in _unknown_pct(text):
        hint = did_you_mean(name, aliases.PCT_FEATURES) or "Names of Phoenix's features stand in a list."
        yield container.places.problem("feature-unknown", _no_pct(name), "features", hint=hint)


def _unknown_pct(text: str | None) -> list[str]:
    return [name for name in aliases.pct_pairs(text or "") if name not in aliases.PCT_FEATURES]


def _no_pct(name: str) -> str:
    return f"pct has no feature {shown(name)}."


@finds("script-missing", fields="application_script")
def script_missing(view: View) -> Iterator[Finding]:
    site = view.site
    judged = any(os.path.isdir(folder) for folder in site.script_folders[1:])  # noqa: PTH112 - never raises
    for container in view.containers.values():
        name = container.application_script
        if name is None or site.find_script(name) is not None:
            continue
        looked = ", ".join(map(str, site.script_folders))
        message = f"the script {shown(name)} of {container.ctid} is in none of {looked}."
        error = container.places.problem("script-missing", message, "application_script")
        doubt = f"the script {shown(name)} of {container.ctid} is not here; it must be on the node."
        hint = f"Put it into {site.script_folders[1]}, or on the node into {site.script_folders[-1]}."
        warning = container.places.problem("script-missing", doubt, "application_script", hint=hint, severity="warning")
        yield Question("script", name, unasked=error if judged else warning, no=error)


def _docker_lacks(view: View, feature: str) -> Iterator[Container]:
    """Containers with Docker for which the files do not switch a feature of pct on."""
    defaults = view.site.host.proxmox_defaults.lxc
    for container in view.containers.values():
        declared = aliases.declared_pct_features(view.document(container), defaults)
        if "docker" in container.features and feature not in declared:
            yield container


@finds("docker-without-nesting", fields="features pct_options", host="proxmox_defaults")
def docker_without_nesting(view: View) -> Iterator[Finding]:
    for container in _docker_lacks(view, "nesting"):
        message = f"Docker needs nesting in {container.ctid}; Phoenix sets nesting=1."
        yield container.places.problem("docker-without-nesting", message, "features", severity="warning")


@finds("docker-without-keyctl", fields="features pct_options unprivileged", host="proxmox_defaults")
def docker_without_keyctl(view: View) -> Iterator[Finding]:
    for container in _docker_lacks(view, "keyctl"):
        if container.unprivileged:
            message = f"Docker needs keyctl in the unprivileged {container.ctid}; Phoenix sets keyctl=1."
            yield container.places.problem("docker-without-keyctl", message, "features", severity="warning")


@finds("pct-options", fields="pct_options features")
def pct_options(view: View) -> Iterator[Finding]:
    """Options that pct does not have, or that a field stands for."""
    for container in view.containers.values():
        document = view.document(container)
        known = {*PCT_OPTIONS, *aliases.PCT_FEATURES}
        seen: dict[str, str] = {}
        for index, option in enumerate(document.pct_options):
            key, _, value = option.partition("=")
            if seen.setdefault(key, value) != value:
                message = f"{key} is given twice in pct_options, as {shown(seen[key])} and as {shown(value)}."
                yield container.places.problem("value", message, f"pct_options.{index}", hint="Leave one out.")
            elif key == "ostype" and container.source is not None:
                message = f"ostype is that of {container.source}, from which {container.ctid} is cloned."
                yield container.places.problem("value", message, f"pct_options.{index}", hint="Leave it out.")
            elif reason := _option_fault(key, value):
                hint = "" if key in known or key in OWN_FIELD else did_you_mean(key, known)
                yield container.places.problem("value", reason, f"pct_options.{index}", hint=hint)
        for name, value in aliases.pct_pairs(aliases.pct_string(document) or "").items():
            if name in aliases.PCT_FEATURES and (reason := _option_fault(name, value)):
                yield container.places.problem("value", reason, "features")


def _option_fault(key: str, value: str) -> str | None:
    if key in OWN_FIELD:
        return f"{shown(key)} has a field of its own: {OWN_FIELD[key]}."
    if key == "features":
        unknown = _unknown_pct(value)
        return f"pct has no feature {shown(unknown[0])}." if unknown else None
    if key in aliases.PCT_FEATURES:
        pattern = r"[a-z0-9]+(?:;[a-z0-9]+)*" if key == "mount" else "[01]"
        return None if re.fullmatch(pattern, value) else f"{key} cannot be {shown(value)}."
    if re.fullmatch(r"mp(?:[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])", key):
        fine = re.fullmatch(
            r"(?:volume=)?/[^,\s]*(?:,[a-z]+=[A-Za-z0-9/._;:\-]+)*,mp=/[^,\s]+(?:,[a-z]+=[A-Za-z0-9/._;:\-]+)*", value
        )
        if not fine or ".." in value:
            return "mpN takes a bind mount here, as mp0=/host/path,mp=/path; volumes stand in volumes."
        try:
            strange = set(parse_properties(value, "volume")) - _MOUNT_KEYS
        except PropertyError as error:
            return f"{key}: {error}."
        return f"a mount point has no property {shown(min(strange))}." if strange else None
    if key not in PCT_OPTIONS:
        return f"pct has no option {shown(key)} that can stand here."
    if not value or value.startswith("-"):
        return f"{key} cannot be {shown(value)}."
    reason = check_option(key, value)
    return f"{key} cannot be {shown(value)}: {reason}." if reason else None
