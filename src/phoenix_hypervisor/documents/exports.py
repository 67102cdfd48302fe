"""The options of exports(5), as the host document has them: which there are, and which belong to mount(8).

``exportfs`` drops a whole line for one option that it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_SWITCHES = """
ro rw sync async secure insecure hide nohide crossmnt nocrossmnt wdelay no_wdelay subtree_check no_subtree_check
root_squash no_root_squash all_squash no_all_squash acl no_acl auth_nlm no_auth_nlm secure_locks insecure_locks
pnfs no_pnfs security_label nordirplus mountpoint mp
"""
_VALUED = re.compile(
    r"anonuid=-?\d{1,10}|anongid=-?\d{1,10}"
    r"|fsid=(?:root|\d{1,10}|[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12})"
    r"|sec=(?:sys|krb5|krb5i|krb5p|none|null)(?::(?:sys|krb5|krb5i|krb5p|none|null))*"
    r"|(?:mountpoint|mp)=/.+|(?:refer|replicas)=/.+"
)
_MOUNT = """
noatime atime relatime norelatime strictatime lazytime nodiratime diratime exec noexec suid nosuid dev nodev auto
noauto nofail defaults user nouser users _netdev remount hard soft softerr intr nointr bg fg tcp udp ac noac lock
nolock cto nocto sharecache nosharecache resvport noresvport vers nfsvers minorversion rsize wsize timeo retrans
proto port mountport mountproto actimeo acregmin acregmax acdirmin acdirmax nconnect retry lookupcache
local_lock fsc nofsc
"""
DEFAULT = ("rw", "sync", "no_subtree_check")
"""What holds where no option is given; exports(5) squashes root by itself."""


def is_option(option: str) -> bool:
    """Whether exports(5) knows it."""
    return option in _SWITCHES.split() or _VALUED.fullmatch(option) is not None


def of_mount(option: str) -> bool:
    """Whether it is an option with which clients mount, and means nothing to the server."""
    return option.partition("=")[0] in _MOUNT.split()


def in_force(options: Iterable[str]) -> tuple[str, ...]:
    """What the server is told: without options of mount(8), and with a word on subtrees, which it asks for."""
    found = tuple(dict.fromkeys(option for option in options if not of_mount(option))) or DEFAULT
    told = {"subtree_check", "no_subtree_check"} & set(found)
    return found if told else (*found, "no_subtree_check")
