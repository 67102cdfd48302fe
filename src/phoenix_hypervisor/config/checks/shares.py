"""What NFS and Samba serve: options, names, clients."""

from __future__ import annotations

from collections.abc import Iterator

from phoenix_hypervisor.config.checks.view import Finding, View, finds
from phoenix_hypervisor.config.texts import shown
from phoenix_hypervisor.documents import exports, smbconf
from phoenix_hypervisor.documents.places import place_of
from phoenix_hypervisor.documents.shares import Nfs, NfsExport, Samba, SambaShare


def _nfs(view: View) -> Nfs:
    return view.site.host.nfs or Nfs()


def _samba(view: View) -> Samba:
    return view.site.host.samba or Samba()


@finds("export-options", host="nfs")
def export_options(view: View) -> Iterator[Finding]:
    """One problem per option that exports(5) does not have."""
    for index, export in enumerate(_nfs(view).exports):
        for option in dict.fromkeys(export.options):
            field = f"nfs.exports.{index}.options"
            if exports.of_mount(option):
                why = "it is an option of mount(8), for clients"
                message = f"the option {shown(option)} has no effect: {why}."
                yield view.site.places.problem("field-without-effect", message, field, severity="warning")
            elif not exports.is_option(option):
                message = f"{shown(option)} is no option of exports(5)."
                yield view.site.places.problem("value", message, field)


@finds("export-clients", host="nfs network zfs mount_point_base")
def export_clients(view: View) -> Iterator[Finding]:
    """Exports for nobody, and folders that stand twice for one client."""
    host = view.site.host
    seen: set[tuple[str, str]] = set()
    for index, export in enumerate(_nfs(view).exports):
        clients = export.clients or tuple(filter(None, (host.network.default_subnet,)))
        if not clients:
            message = f"the export of {shown(export.path)} has no effect: it is for nobody."
            hint = "Give it clients, or the network a default_subnet."
            field = f"nfs.exports.{index}.path"
            yield view.site.places.problem("field-without-effect", message, field, hint=hint, severity="warning")
        path = place_of(export.path, host.zfs, host.mount_point_base).path
        spelled_alike = any(export.path == other.path for other in _nfs(view).exports[:index])
        for client in dict.fromkeys(clients):
            if (path, client) in seen and not spelled_alike:
                message = f"{shown(path)} is exported to {shown(client)} already."
                yield view.site.places.problem("value", message, f"nfs.exports.{index}.path")
            seen.add((path, client))


@finds("share-options", host="samba")
def share_options(view: View) -> Iterator[Finding]:
    """One problem per share: what Samba would not take, or take as something else."""
    for index, share in enumerate(_samba(view).shares):
        if fault := smbconf.share_fault(share.name, share.path, share.options, bool(share.valid_users)):
            field = f"samba.shares.{index}"
            name = shown(smbconf.share_name(share.name, share.path))
            yield view.site.places.problem("value", f"the share {name}: {fault}.", field)


@finds("share-names", host="samba")
def share_names(view: View) -> Iterator[Finding]:
    """Shares of one name, as Samba compares names; ones that are written alike are found elsewhere."""
    seen: dict[str, str | None] = {}
    for index, share in enumerate(_samba(view).shares):
        name = smbconf.share_name(share.name, share.path)
        if name.lower() in seen and (share.name is None or seen[name.lower()] != share.name):
            message = f"a share is called {shown(name)} already."
            hint = "Give it a name of its own." if share.name is None else ""
            yield view.site.places.problem("value", message, f"samba.shares.{index}", hint=hint)
        seen.setdefault(name.lower(), share.name)


@finds("folder-owners", host="nfs samba zfs mount_point_base")
def folder_owners(view: View) -> Iterator[Finding]:
    """A folder that is served twice has one owner, one group, one mode."""
    host = view.site.host
    served: list[tuple[str, NfsExport | SambaShare]] = [
        (f"nfs.exports.{index}", each) for index, each in enumerate(_nfs(view).exports)
    ]
    served += [(f"samba.shares.{index}", each) for index, each in enumerate(_samba(view).shares)]
    seen: dict[tuple[str, str], str] = {}
    for field, each in served:
        path = place_of(each.path, host.zfs, host.mount_point_base).path
        for name in ("owner", "group", "mode"):
            value = getattr(each, name)
            if value is not None and seen.setdefault((path, name), value) != value:
                message = f"{shown(path)} is served with the {name} {shown(seen[path, name])} already."
                yield view.site.places.problem("value", message, f"{field}.{name}")
