"""Proxmox's package repositories, as apt's sources name them: one-line lists and deb822 stanzas (sources.list(5))."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.machine import Fact, Facts
from phoenix_hypervisor.resource import Obstacle, Resource, Verdict
from phoenix_hypervisor.resources.contents import contents_of
from phoenix_hypervisor.resources.file import Seen, difference, write
from phoenix_hypervisor.resources.sources import Entry, entries, switched

Use = Literal["auto", "no-subscription", "enterprise"]
"""``auto`` is no-subscription; on a node with an active subscription the sources stay as they are."""
_MIXED = (
    "the node has an active subscription, and apt takes the newer packages of pve-no-subscription, too: declare the "
    "repository enterprise, or none"
)
_FOLDER = "/etc/apt/sources.list.d"
_SOURCES = contents_of("/etc/apt/sources.list", f"{_FOLDER}/*.list", f"{_FOLDER}/*.sources", "/etc/os-release")
_SUBSCRIPTION = contents_of("/etc/subscription")
_HOSTS = {"no-subscription": "http://download.proxmox.com", "enterprise": "https://enterprise.proxmox.com"}
_ENTERPRISE = re.compile(r"(?:^|[/@.])enterprise\.proxmox\.com(?:[:/]|$)")
_CODENAME = re.compile(r'^VERSION_CODENAME="?([a-z]+)"?$', re.MULTILINE)
_ONE_LINE = ("buster", "bullseye", "bookworm")
"""Releases of Debian on which Proxmox VE names its archives in one-line lists; later ones have stanzas."""
_KEYRING = "/usr/share/keyrings/proxmox-archive-keyring.gpg"


def _is_enterprise(entry: Entry) -> bool:
    return "pve-enterprise" in entry.components or any(_ENTERPRISE.search(uri) for uri in entry.uris)


def _has_subscription(seen: Mapping[str, Seen]) -> bool:
    """Whether /etc/subscription (key, checksum, base64 of JSON) says that one is active."""
    lines = [line for each in seen.values() for line in (each.text or "").splitlines()]
    try:
        return bool(json.loads(base64.b64decode("".join(lines[2:])))["status"].lower() == "active")
    except (ValueError, AttributeError, LookupError, TypeError):
        return False


class Repository(Resource):
    """Which of Proxmox VE's repositories apt uses; ``name`` is Proxmox's word for it, or auto.

    With no-subscription the enterprise ones, Ceph's included, are switched off where the node has no subscription. Only
    the entries in question change, in whatever file they stand and however they are spelled; all else stays.
    """

    kind: ClassVar[str] = "repository"
    locks: ClassVar[frozenset[str]] = frozenset({"apt"})
    name: Use

    @property
    def _use(self) -> Literal["no-subscription", "enterprise"]:
        return "no-subscription" if self.name == "auto" else self.name

    @property
    def _component(self) -> str:
        return f"pve-{self._use}"

    def facts(self) -> Iterator[Fact[Any]]:
        yield _SOURCES
        yield _SUBSCRIPTION

    def _is_wanted(self, entry: Entry, codename: str) -> bool:
        return self._component in entry.components and codename in entry.suites and "deb" in entry.types

    def _wanted(self, facts: Facts) -> dict[str, str]:
        """Path to text, of the files as they ought to be."""
        seen = dict(facts[_SOURCES])
        codename = _codename(seen.pop("/etc/os-release", None))
        texts = {path: each.text or "" for path, each in seen.items()}
        if self.name == "auto" and _has_subscription(facts[_SUBSCRIPTION]):
            return texts
        found = [(path, entry) for path, text in texts.items() for entry in entries(path, text)]
        wanted = [(path, entry) for path, entry in found if self._is_wanted(entry, codename)]
        if codename and not any(entry.enabled for _, entry in wanted):
            if wanted:
                path, entry = wanted[0]
                texts[path] = switched(path, texts[path], entry, on=True)
            else:
                path, text = self._new(codename)
                before = texts.get(path, "")
                gap = "\n" if path.endswith(".sources") and before else ""
                texts[path] = f"{before}{'' if before.endswith(chr(10)) or not before else chr(10)}{gap}{text}"
        if self._use == "no-subscription" and not _has_subscription(facts[_SUBSCRIPTION]):
            for path, text in texts.items():
                of_subscribers = [each for each in entries(path, text) if each.enabled and _is_enterprise(each)]
                for entry in reversed([each for each in of_subscribers if not _is_mixed(each)]):
                    texts[path] = switched(path, texts[path], entry, on=False)
        return texts

    def _new(self, codename: str) -> tuple[str, str]:
        """The file and the entry that Proxmox's documentation has for it."""
        uri = f"{_HOSTS[self._use]}/debian/pve"
        if codename in _ONE_LINE:
            return f"{_FOLDER}/{self._component}.list", f"deb {uri} {codename} {self._component}\n"
        text = f"Types: deb\nURIs: {uri}\nSuites: {codename}\nComponents: {self._component}\nSigned-By: {_KEYRING}\n"
        return f"{_FOLDER}/{'proxmox' if self._use == 'no-subscription' else self._component}.sources", text

    def change(self, facts: Facts) -> Iterator[Command]:
        seen = facts[_SOURCES]
        for path, text in self._wanted(facts).items():
            before = seen.get(path)
            if before is None:
                yield write(path, text, None)
            elif text != before.text:
                yield write(path, text, before, owner=before.owner, group=before.group, mode=before.mode)

    def verdict(self, facts: Facts) -> Verdict:
        seen = dict(facts[_SOURCES])
        if not _codename(seen.pop("/etc/os-release", None)):
            return Verdict(obstacles=(Obstacle("/etc/os-release does not say which Debian this is"),))
        before = {path: each.text or "" for path, each in seen.items()}
        after = self._wanted(facts)
        detail = "\n".join(difference(path, before.get(path, ""), text) for path, text in after.items()).strip("\n")
        notes = (_MIXED,) if self.name == "no-subscription" and _has_subscription(facts[_SUBSCRIPTION]) else ()
        obstacles = tuple(self._obstacles(facts))
        return Verdict(reason=self._reason(before, after), detail=detail, obstacles=obstacles, notes=notes)

    def _reason(self, before: Mapping[str, str], after: Mapping[str, str]) -> str:
        changed = sorted(path for path, text in after.items() if before.get(path) != text)
        return f"not so in {', '.join(changed)}"

    def _obstacles(self, facts: Facts) -> Iterator[Obstacle]:
        if self._use != "no-subscription" or _has_subscription(facts[_SUBSCRIPTION]):
            return
        for path, seen in facts[_SOURCES].items():
            for entry in entries(path, seen.text or ""):
                if entry.enabled and _is_enterprise(entry) and _is_mixed(entry):
                    reason = f"one entry in {path} names the enterprise repository and another"
                    yield Obstacle(reason, "Make two entries of it.")

    def __str__(self) -> str:
        return f"repository {self._use}"


def _is_mixed(entry: Entry) -> bool:
    """Whether an entry of the enterprise repository would take another with it when it is switched off."""
    others = [name for name in entry.components if name not in ("pve-enterprise", "enterprise")]
    return bool(others) or (not all(_ENTERPRISE.search(uri) for uri in entry.uris) and len(entry.uris) > 1)


def _codename(seen: Seen | None) -> str:
    found = _CODENAME.search(seen.text or "") if seen is not None else None
    return found[1] if found else ""
