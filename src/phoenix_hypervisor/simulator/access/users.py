"""Users and groups: the verbs ``pveum user`` and ``pveum group``. Source: PVE::API2::User, PVE::API2::Group."""

from __future__ import annotations

from collections.abc import Mapping

from phoenix_hypervisor.simulator.access import passwords
from phoenix_hypervisor.simulator.access.changing import changing, listing
from phoenix_hypervisor.simulator.access.grants import forget
from phoenix_hypervisor.simulator.access.listing import Row
from phoenix_hypervisor.simulator.access.usercfg import REALMS, Group, User, UserCfg, split
from phoenix_hypervisor.simulator.call import Call, Handler
from phoenix_hypervisor.simulator.failures import PveError

_TEXTS = ("firstname", "lastname", "email", "comment", "keys")


def _add_user(call: Call, found: UserCfg) -> None:
    name = call.parameters["userid"]
    if name in found.users:
        raise PveError(f"user '{name}' already exists")
    if "password" in call.parameters:
        passwords.store(call.node, name, call.parameters["password"])
    user = User(int(call.get("enable", "1")), int(call.get("expire", "0")))
    for key in _TEXTS:
        setattr(user, key, call.get(key) or None)
    found.users[name] = user
    _join(call, found, name)


def _modify_user(call: Call, found: UserCfg) -> None:
    name = call.parameters["userid"]
    user = found.users.get(name)
    if user is None:
        raise PveError(f"no such user ('{name}')")
    user.enable, user.expire = int(call.get("enable", str(user.enable))), int(call.get("expire", str(user.expire)))
    for key in _TEXTS:
        if key in call.parameters:
            setattr(user, key, call.parameters[key])
    if "groups" in call.parameters and not call.flag("append"):
        for group in found.groups.values():
            group.users.discard(name)
    _join(call, found, name)


def _join(call: Call, found: UserCfg, name: str) -> None:
    for word in split(call.get("groups")):
        if word not in found.groups:
            raise PveError(f"no such group '{word}'")
        found.groups[word].users.add(name)


def _delete_user(call: Call, found: UserCfg) -> None:
    name = call.parameters["userid"]
    found.users.pop(name, None)
    for group in found.groups.values():
        group.users.discard(name)
    forget(found, {("user", name), *(("token", key[2]) for key in found.acl if key[2].startswith(f"{name}!"))})
    passwords.forget(call.node, name)


def _users(call: Call, found: UserCfg) -> list[Row]:
    rows: list[Row] = []
    for name, user in sorted(found.users.items()):
        if "enabled" in call.parameters and user.enable != int(call.parameters["enabled"]):
            continue
        row: Row = {"userid": name, "enable": user.enable, "expire": user.expire}
        row |= {key: value for key in _TEXTS if (value := getattr(user, key)) is not None}
        realm = name.rpartition("@")[2]
        row |= {"realm-type": realm} if realm in REALMS else {}
        if call.flag("full"):
            row["groups"] = ",".join(sorted(key for key, group in found.groups.items() if name in group.users))
            row |= {"tokens": [_token(line) for line in sorted(user.tokens)]} if user.tokens else {}
        rows.append(row)
    return rows


def _token(line: str) -> Row:
    name, expire, separated, comment = [*line.split(":"), "", "", ""][:4]
    row: Row = {"tokenid": name.partition("!")[2], "expire": int(expire or 0), "privsep": int(separated or 0)}
    return row | ({"comment": comment} if comment else {})


# -- groups


def _add_group(call: Call, found: UserCfg) -> None:
    name = call.parameters["groupid"]
    if name in found.groups:
        raise PveError(f"group '{name}' already exists")
    found.groups[name] = Group(comment=call.get("comment") or None)


def _group(call: Call, found: UserCfg) -> Group:
    name = call.parameters["groupid"]
    if name not in found.groups:
        raise PveError(f"group '{name}' does not exist")
    return found.groups[name]


def _modify_group(call: Call, found: UserCfg) -> None:
    group = _group(call, found)
    group.comment = call.get("comment", group.comment or "")


def _delete_group(call: Call, found: UserCfg) -> None:
    _group(call, found)
    del found.groups[call.parameters["groupid"]]
    forget(found, {("group", call.parameters["groupid"])})


def _groups(_call: Call, found: UserCfg) -> list[Row]:
    return [
        {"groupid": name, "users": ",".join(sorted(group.users))}
        | ({"comment": group.comment} if group.comment else {})
        for name, group in sorted(found.groups.items())
    ]


HANDLERS: Mapping[str, Handler] = {
    "user add": changing("user add", "create user failed", _add_user),
    "user modify": changing("user modify", "update user failed", _modify_user),
    "user delete": changing("user delete", "delete user failed", _delete_user),
    "user list": listing("user list", _users),
    "group add": changing("group add", "create group failed", _add_group),
    "group modify": changing("group modify", "update group failed", _modify_group),
    "group delete": changing("group delete", "delete group failed", _delete_group),
    "group list": listing("group list", _groups),
}
