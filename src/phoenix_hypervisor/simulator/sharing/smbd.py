"""The Samba daemons of a machine: what they have loaded, who gets in where; smbcontrol and smbstatus ask them.

What is loaded is a file under /run: the file of the configuration may say something else until a reload.
"""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from dataclasses import dataclass

from phoenix_hypervisor.simulator.coreutils import accounts
from phoenix_hypervisor.simulator.debian import contents, units
from phoenix_hypervisor.simulator.filesystem import Filesystem
from phoenix_hypervisor.simulator.process import Machine, Process
from phoenix_hypervisor.simulator.sharing import passdb
from phoenix_hypervisor.simulator.sharing.parameters import listed, squeezed
from phoenix_hypervisor.simulator.sharing.smbconf import MAIN, Configuration, ConfigurationFault, Service, load
from phoenix_hypervisor.simulator.tree import Tree

UNIT, LOADED = "smbd.service", "/run/samba/smbd.loaded"
_VERSION = "4.22.11-Debian-4.22.11+dfsg-0+deb13u1"


class Refused(Exception):
    """Samba does not let somebody in: the NT status."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody in a share: the folder, the Unix user who acts there, and whether he may write."""

    path: str
    user: str
    writes: bool


def _pin(files: Filesystem) -> None:
    """Load the configuration. Raises ConfigurationFault where it cannot be."""
    text = load(files, MAIN).text
    files.mkdir(LOADED.rpartition("/")[0], parents=True)
    files.write(LOADED, text)


def start_smbd(process: Process, _words: list[str]) -> int:
    """The daemon's start: it loads the configuration, and goes on with it until it is told to load it anew."""
    try:
        _pin(process.files)
    except ConfigurationFault as fault:
        process.complain(f"{fault}\nError loading services.\n")
        return 1
    return 0


def start_nmbd(process: Process, _words: list[str]) -> int:
    """The start of the daemon for names: it needs a configuration that can be loaded."""
    try:
        load(process.files, MAIN)
    except ConfigurationFault as fault:
        process.complain(f"{fault}\nERROR: Failed when loading configuration.\n")
        return 1
    return 0


def loaded(machine: Machine) -> Configuration | None:
    """What smbd serves; None when it does not run.

    A daemon that the package's set-up has started serves what the package brings, one that the boot has started what
    the file says.
    """
    files = machine.files
    if not units.is_active(machine, UNIT):
        return None
    if files.exists(LOADED):
        return load(files, LOADED)
    if not units.record(machine, UNIT):
        return load(files, MAIN)
    alone = Filesystem(Tree())
    alone.write("/smb.conf", contents.conffiles("samba-common")[MAIN][0])
    return load(alone, "/smb.conf")


def connect(machine: Machine, share: str, user: str = "", password: str = "", client: str = "127.0.0.1") -> Session:
    """Somebody goes into a share: with no name as a guest. Raises Refused with the NT status."""
    configuration = loaded(machine)
    if configuration is None:
        raise Refused("NT_STATUS_CONNECTION_REFUSED")
    who = _logged_in(machine.files, configuration, user, password)
    section = configuration.find(share) or _home(machine.files, configuration, share)
    if section is None or not configuration.holds("available", section):
        raise Refused("NT_STATUS_BAD_NETWORK_NAME")
    if not _host_may(configuration, section, client):
        raise Refused("NT_STATUS_ACCESS_DENIED")
    if configuration.holds("guest only", section) and configuration.holds("guest ok", section):
        who = ""
    acting, writes = _rights(machine.files, configuration, section, who)
    path = _replaced(configuration.value("path", section), section.name, acting)
    if not machine.files.is_dir(path):
        raise Refused("NT_STATUS_BAD_NETWORK_NAME")
    group = configuration.value("force group", section).lstrip("+@&")
    if not _may(machine.files, path, acting, group, 0o5):
        raise Refused("NT_STATUS_ACCESS_DENIED")
    return Session(path, acting, writes and _may(machine.files, path, acting, group, 0o2))


def _logged_in(files: Filesystem, configuration: Configuration, user: str, password: str) -> str:
    """The user's name, empty for a guest."""
    if not user:
        return ""
    account = passdb.read(files).get(user)
    mapping = squeezed(configuration.value("map to guest"))
    if account is None:
        if mapping in ("baduser", "badpassword"):
            return ""
        raise Refused("NT_STATUS_LOGON_FAILURE")
    if account.disabled:
        raise Refused("NT_STATUS_ACCOUNT_DISABLED")
    if passdb.opens(account, password):
        return user
    if mapping == "badpassword":
        return ""
    raise Refused("NT_STATUS_LOGON_FAILURE")


def _home(files: Filesystem, configuration: Configuration, name: str) -> Service | None:
    """The share that [homes] makes for a user of that name."""
    homes = configuration.find("homes")
    row = next((row for row in accounts.table(files, "/etc/passwd") if row[0] == name), None)
    if homes is None or row is None:
        return None
    path = homes.values.get("path") or row[5]
    return Service(name, {**homes.values, "path": path})


def _host_may(configuration: Configuration, share: Service, client: str) -> bool:
    allow = listed(configuration.value("hosts allow", share))
    deny = listed(configuration.value("hosts deny", share))
    if ipaddress.ip_address(client).is_loopback and not any(_is_host(one, client) for one in deny):
        return True
    if any(_is_host(one, client) for one in allow):
        return True
    return not allow and not any(_is_host(one, client) for one in deny)


def _is_host(pattern: str, client: str) -> bool:
    if pattern.upper() in ("ALL", "0.0.0.0/0"):
        return True
    if pattern.endswith("."):
        return client.startswith(pattern)
    try:
        return ipaddress.ip_address(client) in ipaddress.ip_network(pattern, strict=False)
    except ValueError:
        return False


def _rights(files: Filesystem, configuration: Configuration, share: Service, who: str) -> tuple[str, bool]:
    """The Unix user who acts, and whether the share lets him write."""
    if not who and not configuration.holds("guest ok", share):
        raise Refused("NT_STATUS_ACCESS_DENIED")
    name = who or configuration.value("guest account")

    def among(parameter: str) -> bool:
        words = [_replaced(one, share.name, name) for one in listed(configuration.value(parameter, share))]
        return any(_is_user(files, one, name) for one in words)

    if among("invalid users") or (configuration.value("valid users", share) and not among("valid users")):
        raise Refused("NT_STATUS_ACCESS_DENIED")
    writes = among("write list") or (not configuration.holds("read only", share) and not among("read list"))
    if among("admin users"):
        return "root", writes
    forced = configuration.value("force user", share)
    return forced or name, writes


def _is_user(files: Filesystem, word: str, name: str) -> bool:
    group = word.lstrip("@+&")
    if group == word:
        return word == name
    number = accounts.group_id(files, group)
    return number is not None and number in (accounts.primary_group(files, name), *accounts.groups_of(files, name))


def _replaced(text: str, share: str, user: str) -> str:
    for sign, value in (("%S", share), ("%u", user), ("%U", user)):
        text = text.replace(sign, value)
    return text


def _may(files: Filesystem, path: str, user: str, group: str, bits: int) -> bool:
    """Whether the folder's mode lets a user do something with it."""
    entry = files.stat(path)
    uid = accounts.user_id(files, user)
    if entry is None or uid is None:
        return False
    groups = {accounts.primary_group(files, user), *accounts.groups_of(files, user)}
    if group:
        groups.add(accounts.group_id(files, group) or -1)
    shift = 6 if entry.uid == uid else 3 if entry.gid in groups else 0
    return uid == 0 or entry.mode >> shift & bits == bits


def smbcontrol(process: Process, words: list[str]) -> int:
    """``smbcontrol all reload-config``: what runs loads the configuration anew."""
    names = [word for word in words if not word.startswith("-")]
    if len(names) < 2:
        process.complain("Usage: smbcontrol [OPTION...] <destination> <message-type> <parameters>\n")
        return 1
    destination, message = names[:2]
    runs = loaded(process.machine) is not None
    if destination not in ("all", "smbd", "nmbd", "winbindd") and not destination.isdecimal():
        process.complain(f"Can't find pid for destination '{destination}'\n")
        return 1
    if destination != "all" and not (destination == "smbd" and runs):
        process.complain(f"Can't find pid for destination '{destination}'\n")
        return 1
    if message == "reload-config" and runs:
        with suppress(ConfigurationFault):
            _pin(process.files)
    elif message == "ping" and runs:
        process.say("PONG from pid 1702\n")
    elif message not in ("reload-config", "ping", "close-share", "debug"):
        process.complain(f"Unknown message type '{message}'\n")
        return 1
    return 0


def smbstatus(process: Process, _words: list[str]) -> int:
    """Nobody but the tests' own sessions ever connects, and these leave no trace."""
    people = f"{'PID':<8}{'Username':<13}{'Group':<13}{'Machine':<42}{'Protocol Version':<18}"
    people += f"{'Encryption':<21}{'Signing':<21}"
    shares = f"{'Service':<13}{'pid':<8}{'Machine':<14}{'Connected at':<33}{'Encryption':<13}{'Signing':<13}"
    process.say(f"\nSamba version {_VERSION}\n{people}\n{'-' * 140}\n\n{shares}\n{'-' * 93}\n\nNo locked files\n\n")
    return 0
