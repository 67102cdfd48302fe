"""``/etc/pve/user.cfg``: its lines as values, and back. Source: PVE::AccessControl (parse_user_config, write_…)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from phoenix_hypervisor.simulator.access.privileges import built_in, privileges
from phoenix_hypervisor.simulator.filesystem import Filesystem

FILE = "/etc/pve/user.cfg"
REALMS = {"pam": "Linux PAM standard authentication", "pve": "Proxmox VE authentication server"}
"""The realms of a fresh node, with their comments."""
NAME = re.compile(r"[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+")
_WORD = re.compile(r"[A-Za-z0-9.\-_]+")
_SPLIT = re.compile(r"[,;\s\0]+")


def split(text: str) -> list[str]:
    """The elements of one of Proxmox's lists."""
    return [word for word in _SPLIT.split(text) if word]


@dataclass
class User:
    """A user's fields; None is one that the line does not have."""

    enable: int = 1
    expire: int = 0
    firstname: str | None = None
    lastname: str | None = None
    email: str | None = None
    comment: str | None = None
    keys: str | None = None
    tokens: list[str] = field(default_factory=list)
    """The lines of the user's tokens, without their first word."""


@dataclass
class Group:
    users: set[str] = field(default_factory=set)
    comment: str | None = None


Acl = dict[tuple[str, str, str], dict[str, int]]
"""Roles, each with whether it propagates, by path, type (user, group, token) and name."""


@dataclass
class UserCfg:
    """The file. ``roles`` has the built-in ones as well."""

    roles: dict[str, frozenset[str]]
    users: dict[str, User] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    pools: list[str] = field(default_factory=list)
    acl: Acl = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def normalized(path: str) -> str | None:
    """A path of an access control list in its one form; None where it is none."""
    squeezed = re.sub(r"/+", "/", path).removesuffix("/") or ("/" if path else "")
    squeezed = squeezed if squeezed.startswith("/") else f"/{squeezed}"
    return squeezed if path and re.fullmatch(r"[A-Za-z0-9.\-_/]+", squeezed) else None


def read(files: Filesystem, version: int) -> UserCfg:
    """What the file says; root@pam and the built-in roles are always there."""
    found = UserCfg(dict(built_in(version)))
    entry = files.stat(FILE)
    for line in (entry.data if entry else "").splitlines():
        kind, *data = [part.strip() for part in line.strip().rstrip(":").split(":")]
        if kind:
            reader = _READERS.get(kind)
            if reader is None or not data:
                found.warnings.append(f"user config - ignore config line: {line.strip()}")
            else:
                reader(found, [*data, *[""] * 8], len(data), version)
    found.users.setdefault("root@pam", User())
    return found


def _user(found: UserCfg, data: list[str], count: int, _version: int) -> None:
    name, enable, expire, first, last, email, comment, keys = data[:8]
    if not NAME.fullmatch(name):
        found.warnings.append(f"user config - ignore user '{name}' - invalid user name")
        return
    if expire and not expire.isdecimal():
        found.warnings.append(f"user config - ignore user '{name}' - (illegal characters in expire '{expire}')")
        return
    found.users[name] = User(
        int(enable not in ("", "0")),
        int(expire or 0),
        unquote(first) or None,
        unquote(last) or None,
        email if count > 5 else None,
        unquote(comment) or None,
        keys or None,
    )


def _token(found: UserCfg, data: list[str], count: int, _version: int) -> None:
    name = data[0].partition("!")[0]
    if name in found.users:
        found.users[name].tokens.append(":".join(data[:count]))
    else:
        found.warnings.append(f"user config - ignore token '{data[0]}' - user does not exist")


def _group(found: UserCfg, data: list[str], _count: int, _version: int) -> None:
    name, members, comment = data[:3]
    if not _WORD.fullmatch(name):
        found.warnings.append(f"user config - ignore group '{name}' - invalid characters in group name")
        return
    group = found.groups.setdefault(name, Group())
    group.comment = unquote(comment) or group.comment
    for member in split(members):
        if NAME.fullmatch(member):
            group.users.add(member)
        if member not in found.users:
            found.warnings.append(f"user config - ignore invalid group member '{member}'")


def _role(found: UserCfg, data: list[str], _count: int, version: int) -> None:
    name, words = data[:2]
    if not _WORD.fullmatch(name):
        found.warnings.append(f"user config - ignore role '{name}' - invalid characters in role name")
        return
    wanted = split(words)
    unknown = [word for word in wanted if word not in privileges(version)]
    found.warnings += [f"user config - ignore invalid privilege '{word}'" for word in unknown]
    if name not in built_in(version):
        found.roles[name] = found.roles.get(name, frozenset()) | (set(wanted) - set(unknown))


def _acl(found: UserCfg, data: list[str], _count: int, _version: int) -> None:
    propagate, text, members, roles = data[:4]
    path = normalized(text)
    if path is None:
        found.warnings.append(f"user config - ignore invalid path in acl '{text}'")
        return
    for role in split(roles):
        if role not in found.roles:
            found.warnings.append(f"user config - ignore invalid acl role '{role}'")
            continue
        for member in split(members):
            kind = "group" if member.startswith("@") else "token" if "!" in member else "user"
            key = (path, kind, member.removeprefix("@"))
            found.acl.setdefault(key, {})[role] = int(propagate not in ("", "0"))


def _pool(found: UserCfg, data: list[str], count: int, _version: int) -> None:
    found.pools.append(":".join(data[:count]))


_READERS = {"user": _user, "token": _token, "group": _group, "role": _role, "acl": _acl, "pool": _pool}


def render(found: UserCfg, version: int) -> str:
    """The file, in the order in which Proxmox writes it."""
    text = "".join(_user_lines(name, found.users[name]) for name in sorted(found.users)) + "\n"
    for name, group in sorted(found.groups.items()):
        text += f"group:{name}:{','.join(sorted(group.users))}:{_encoded(group.comment)}:\n"
    text += "\n" + "".join(f"pool:{line}:{':' * max(0, 3 - line.count(':'))}\n" for line in sorted(found.pools)) + "\n"
    for name, words in sorted(found.roles.items()):
        if name not in built_in(version):
            text += f"role:{name}:{','.join(sorted(words))}:\n"
    return text + "\n" + "".join(_acl_lines(found.acl))


def _user_lines(name: str, user: User) -> str:
    fields = [name, str(user.enable), str(user.expire), _encoded(user.firstname), _encoded(user.lastname)]
    fields += [user.email or "", _encoded(user.comment), user.keys or ""]
    tokens = "".join(f"token:{line}{':' * max(0, 3 - line.count(':'))}:\n" for line in sorted(user.tokens))
    return f"user:{':'.join(fields)}:\n{tokens}"


def _encoded(text: str | None) -> str:
    """A text without colons and signs beyond ASCII, as PVE::Tools encodes it."""
    return quote(text or "", safe=" !\"#$&'()*+,-./;<=>?@[\\]^_`{|}~")


def _acl_lines(acl: Mapping[tuple[str, str, str], Mapping[str, int]]) -> Iterable[str]:
    """One line for those that have the same roles at a path."""
    lines: dict[tuple[str, int, str], set[str]] = {}
    for (path, kind, name), roles in acl.items():
        for propagate in (0, 1):
            words = ",".join(sorted(role for role, value in roles.items() if value == propagate))
            if words and (kind, name) != ("user", "root@pam"):
                lines.setdefault((path, propagate, words), set()).add(f"@{name}" if kind == "group" else name)
    for (path, propagate, words), members in sorted(lines.items()):
        yield f"acl:{propagate}:{path}:{','.join(sorted(members))}:{words}:\n"
