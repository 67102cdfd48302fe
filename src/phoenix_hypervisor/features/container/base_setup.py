"""The base of a container: everyday packages, the site's locale and time zone."""

from __future__ import annotations

from collections.abc import Iterator

from phoenix_hypervisor.documents.types import LocaleName
from phoenix_hypervisor.resource import Feature, Resource, Slice
from phoenix_hypervisor.resources.locale import BUILT_IN, Locale
from phoenix_hypervisor.resources.package import PackageName, Packages
from phoenix_hypervisor.resources.timezone import Timezone, ZoneName

PACKAGES = ("ca-certificates", "curl", "gnupg", "jq", "tzdata")


class BaseSetup(Slice):
    """Packages to be installed; the locale and the time zone (each left alone when absent)."""

    packages: tuple[PackageName, ...] = PACKAGES
    locale: LocaleName | None = None
    timezone: ZoneName | None = None


def resources(piece: BaseSetup) -> Iterator[Resource]:
    """The packages first: time zones and locales come with some of them."""
    packages = piece.packages
    if piece.locale not in (None, BUILT_IN):
        packages = (*dict.fromkeys((*packages, "locales")),)
    if packages:
        yield Packages(name="base", packages=packages)
    if piece.locale:
        yield Locale(name=piece.locale)
    if piece.timezone:
        yield Timezone(name=piece.timezone)


feature = Feature(
    name="base_setup",
    summary="Everyday packages, the locale and the time zone.",
    scope="container",
    slice=BaseSetup,
    resources=resources,
    sources={"locale": "host.locale", "timezone": "host.timezone"},
    needs_names=True,
    touches=("/etc/default/locale", "/etc/locale.gen", "/etc/localtime", "/etc/timezone"),
)
