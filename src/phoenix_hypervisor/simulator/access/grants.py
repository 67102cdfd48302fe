"""Roles and access control lists: ``pveum role``, ``pveum acl``. Source: PVE::API2::Role, PVE::API2::ACL."""

from __future__ import annotations

import re
from collections.abc import Mapping

from phoenix_hypervisor.simulator.access import usercfg
from phoenix_hypervisor.simulator.access.changing import changing, checked, listing
from phoenix_hypervisor.simulator.access.listing import Row
from phoenix_hypervisor.simulator.access.privileges import built_in
from phoenix_hypervisor.simulator.access.usercfg import UserCfg, split
from phoenix_hypervisor.simulator.call import Call, Handler, Steps
from phoenix_hypervisor.simulator.failures import ParameterError, PveError

_ID = r"[A-Za-z0-9.\-_]+"
_PATHS = re.compile(
    rf"/|/(access|nodes|pool|sdn|sdn/zones|storage|vms|mapping)|/access/(groups|realm)(/{_ID})?|/(nodes|pool|storage)/{_ID}"
    rf"|/pool/{_ID}(/{_ID}){{1,2}}|/sdn/zones/{_ID}(/{_ID}(/[1-9][0-9]{{0,3}})?)?|/sdn/(controllers|fabrics|ipams|dns)"
    rf"(/{_ID})?|/vms/[1-9][0-9]{{2,}}|/mapping/{_ID}(/{_ID})?"
)


def forget(found: UserCfg, who: set[tuple[str, str]]) -> None:
    """Take away all that is granted to some, by type and name."""
    for key in [key for key in found.acl if key[1:] in who]:
        del found.acl[key]


# -- roles


def _add_role(call: Call, found: UserCfg) -> None:
    name = call.parameters["roleid"]
    if name in found.roles:
        raise PveError(f"role '{name}' already exists")
    found.roles[name] = frozenset(split(call.get("privs")))


def _role(call: Call, found: UserCfg) -> str:
    name = call.parameters["roleid"]
    if name not in found.roles:
        raise PveError(f"role '{name}' does not exist")
    return name


def _modify_role(call: Call, found: UserCfg) -> None:
    name = _role(call, found)
    before = found.roles[name] if call.flag("append") else frozenset[str]()
    found.roles[name] = before | frozenset(split(call.get("privs")))


def _delete_role(call: Call, found: UserCfg) -> None:
    del found.roles[_role(call, found)]


def _guarded(handler: Handler, doing: str) -> Handler:
    """A verb for roles that are not built in."""

    def run(call: Call) -> Steps:
        name = call.parameters["roleid"]
        if doing == "added" and name.lower().startswith("pve"):
            text = "cannot use role ID starting with the (case-insensitive) 'PVE' namespace"
            raise ParameterError({"roleid": text})
        if doing != "added" and name in built_in(call.node.release.version):
            raise PveError(f"auto-generated role '{name}' cannot be {doing}")
        yield from handler(call)

    return run


def _roles(call: Call, found: UserCfg) -> list[Row]:
    special = built_in(call.node.release.version)
    return [
        {"roleid": name, "privs": ",".join(sorted(words)), "special": int(name in special)}
        for name, words in sorted(found.roles.items())
    ]


# -- access control lists


def _acl(call: Call, found: UserCfg, delete: bool) -> None:
    path = usercfg.normalized(call.parameters["path"]) or ""
    lists = (("group", "groups"), ("user", "users"), ("token", "tokens"))
    for role in split(call.parameters["roles"]):
        if role not in found.roles:
            raise PveError(f"role '{role}' does not exist")
        for kind, option in lists:
            for name in split(call.get(option)):
                _check_known(found, kind, name)
                roles = found.acl.setdefault((path, kind, name), {})
                if delete:
                    roles.pop(role, None)
                else:
                    roles[role] = int(call.get("propagate", "1"))


def _check_known(found: UserCfg, kind: str, name: str) -> None:
    if kind == "token":
        user, _, token = name.partition("!")
        tokens = found.users[user].tokens if user in found.users else []
        if not any(line.partition(":")[0] == name for line in tokens):
            raise PveError(f"no such token '{token}' for user '{user}'")
    elif name not in (found.groups if kind == "group" else found.users):
        raise PveError(f"{kind} '{name}' does not exist")


def _acl_verb(delete: bool) -> Handler:
    verb = "acl delete" if delete else "acl modify"
    change = changing(verb, "ACL update failed", lambda call, found: _acl(call, found, delete))

    def run(call: Call) -> Steps:
        checked(call, verb)
        if not any(call.get(name) for name in ("users", "groups", "tokens")):
            text = "either 'users', 'groups' or 'tokens' is required."
            raise ParameterError(dict.fromkeys(("users", "groups", "tokens"), text))
        path = usercfg.normalized(call.parameters["path"])
        if path is None or not (delete or _PATHS.fullmatch(path)):
            raise ParameterError({"path": f"invalid ACL path '{call.parameters['path']}'"})
        yield from change(call)

    return run


def _acls(_call: Call, found: UserCfg) -> list[Row]:
    return [
        {"path": path, "type": kind, "ugid": name, "roleid": role, "propagate": propagate}
        for (path, kind, name), roles in sorted(found.acl.items())
        for role, propagate in sorted(roles.items())
    ]


HANDLERS: Mapping[str, Handler] = {
    "role add": _guarded(changing("role add", "create role failed", _add_role), "added"),
    "role modify": _guarded(changing("role modify", "update role failed", _modify_role), "modified"),
    "role delete": _guarded(changing("role delete", "delete role failed", _delete_role), "deleted"),
    "role list": listing("role list", _roles),
    "acl modify": _acl_verb(delete=False),
    "acl delete": _acl_verb(delete=True),
    "acl list": listing("acl list", _acls),
}
