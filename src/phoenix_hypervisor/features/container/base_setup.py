"""The base of a container: everyday packages and the site's time zone."""

from __future__ import annotations

from collections.abc import Iterator

from phoenix_hypervisor.resource import Feature, Resource, Slice
from phoenix_hypervisor.resources.package import PackageName, Packages
from phoenix_hypervisor.resources.timezone import Timezone, ZoneName

PACKAGES = ("ca-certificates", "curl", "gnupg", "jq", "tzdata")


class BaseSetup(Slice):
    """Packages to be installed, and the time zone (left alone when absent)."""

    packages: tuple[PackageName, ...] = PACKAGES
    timezone: ZoneName | None = None


def resources(piece: BaseSetup) -> Iterator[Resource]:
    """The packages first: the time zones come with one of them."""
    if piece.packages:
        yield Packages(name="base", packages=piece.packages)
    if piece.timezone:
        yield Timezone(name=piece.timezone)


feature = Feature(
    name="base_setup",
    summary="Everyday packages and the time zone.",
    scope="container",
    slice=BaseSetup,
    resources=resources,
    sources={"timezone": "host.timezone"},
    needs_names=True,
)
