"""What a configuration asks for and nothing establishes yet. It is said in every plan, and never taken as done."""

from __future__ import annotations

from collections.abc import Mapping

from phoenix_hypervisor.config.site import Site


def unmanaged(site: Site, host: bool) -> Mapping[str, tuple[str, ...]]:
    """Name of the field to the targets that ask for it."""
    return {"firewall": ("host",)} if host and site.firewall is not None else {}
