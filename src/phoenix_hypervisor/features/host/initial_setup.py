"""The base of the node: package sources, tools, time, names, its address."""

from __future__ import annotations

from collections.abc import Iterator

from phoenix_hypervisor.documents.host import DomainName, HostInterface
from phoenix_hypervisor.resource import Feature, Resource, Slice
from phoenix_hypervisor.resources.file import HEADER, File, NoFile
from phoenix_hypervisor.resources.hosts import HostsEntry
from phoenix_hypervisor.resources.kernel import NewestKernel
from phoenix_hypervisor.resources.nameservers import Nameservers
from phoenix_hypervisor.resources.network import InterfaceAddress
from phoenix_hypervisor.resources.package import Packages
from phoenix_hypervisor.resources.repository import Repository, Use
from phoenix_hypervisor.resources.service import Service
from phoenix_hypervisor.resources.timezone import Timezone, ZoneName
from phoenix_hypervisor.resources.upgrade import Upgrade

TOOLS = (
    "ca-certificates", "chrony", "curl", "gnupg", "htop", "iotop", "jq", "logrotate", "lsof", "pciutils", "rsync",
    "smartmontools", "tmux", "tzdata", "wget",
)  # fmt: skip
LOGROTATE = "/etc/logrotate.d/phoenix_hypervisor"
_ROTATION = f"""\
# {HEADER}
/var/log/phoenix_hypervisor.log {{
\tweekly
\trotate 12
\tcompress
\tdelaycompress
\tmissingok
\tnotifempty
\tcreate 0600 root root
}}
"""


class InitialSetup(Slice):
    """Repository, time zone, domain and address of the node; each is left alone when absent.

    ``upgrade`` asks for the newest version of every package.
    """

    repository: Use | None = None
    timezone: ZoneName | None = None
    domain_name: DomainName | None = None
    interfaces: HostInterface | None = None
    upgrade: bool = False


def resources(piece: InitialSetup) -> Iterator[Resource]:
    """The address first, as all that is fetched comes over it, then sources, packages, and what they bring.

    Where the address cannot be had, the old one is back, and what does not need the new one goes on.
    """
    if piece == InitialSetup():
        yield NoFile(name=LOGROTATE)
        return
    if (own := piece.interfaces) is not None:
        yield InterfaceAddress(name=own.name, address=own.address, gateway=own.gateway)
    link = (f"interface:{own.name}",) if own else ()
    if own and own.dns_nameservers:
        yield Nameservers(servers=own.dns_nameservers, after=link)
        link = (*link, "nameservers:resolv.conf")
    address = own.address.partition("/")[0] if own else None
    yield HostsEntry(domain=piece.domain_name, address=address, after=link)
    if piece.repository:
        yield Repository(name=piece.repository, follows=link)
    sources = (f"repository:{piece.repository}",) if piece.repository else ()
    if piece.upgrade:
        yield Upgrade(after=sources, follows=link)
    before = (*sources, *(("upgrade:packages",) * piece.upgrade))
    yield Packages(name="initial_setup", packages=TOOLS, after=before, follows=link)
    tools = ("package:initial_setup",)
    if piece.timezone:
        yield Timezone(name=piece.timezone, after=tools)
    yield Service(name="chrony.service", after=tools)
    yield File(name=LOGROTATE, text=_ROTATION, check=("logrotate", "-d", "{}"), after=tools)
    yield NewestKernel(after=tools)


feature = Feature(
    name="initial_setup",
    summary="Package sources, everyday tools, time, the node's entry in /etc/hosts, and its address where declared.",
    scope="host",
    slice=InitialSetup,
    resources=resources,
    sources={
        "repository": "host.repository",
        "timezone": "host.timezone",
        "domain_name": "host.domain_name",
        "interfaces": "host.network.interfaces",
        "upgrade": "request.upgrade",
    },
    needs_names=True,
    touches=(
        "/etc/apt/sources.list",
        "/etc/apt/sources.list.d",
        "/etc/hosts",
        "/etc/localtime",
        "/etc/timezone",
        LOGROTATE,
        "/etc/network/interfaces",
        "/etc/resolv.conf",
        "chrony.service",
    ),
)
