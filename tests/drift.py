"""What people change on a node beside Phoenix."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from phoenix_hypervisor.command import Result
from phoenix_hypervisor.simulator.node import Node


@dataclass(frozen=True)
class Drift:
    """Something that is done to a container on the node, beside Phoenix: a shell text whose ``$1`` is the CTID.

    ``$conf`` is its configuration, ``at PATH`` the key of the mount point there, ``volume PATH`` what is mounted there.
    """

    text: str

    def __str__(self) -> str:
        return self.text

    def do(self, node: Node, ctid: int) -> Result:
        return node.run(["sh", "-s", "--", str(ctid)], stdin=f"{_PREAMBLE}{self.text}\n")


_PREAMBLE = r"""set -eu
conf=/etc/pve/lxc/$1.conf
fw=/etc/pve/firewall/$1.fw
current() { sed '/^\[/,$d' "$conf"; }
at() { current | grep "^mp.*mp=$1\(,\|\$\)" | head -n 1 | cut -d: -f1; }
volume() { current | grep "^mp.*mp=$1\(,\|\$\)" | head -n 1 | sed 's/^[^:]*: //' | cut -d, -f1; }
runs() { lxc-ls --running -1 | grep -qx "$1"; }
stopped() {
  if runs "$1"; then touch /tmp/ran; pct stop "$1"; fi
}
again() {
  if [ -e /tmp/ran ]; then rm /tmp/ran; pct start "$1"; fi
}
"""

VALUES = {
    "memory": ["333", "49"],
    "swap": ["0", "99"],
    "cores": ["7"],
    "hostname": ["drifted"],
    "onboot": ["0", "1"],
    "startup": ["order=77", "order=10,up=4", "up=1"],
    "nameserver": ["9.9.9.9", "10.7.7.8 10.7.7.7"],
    "searchdomain": ["drifted.example"],
    "cpuunits": ["77"],
    "tty": ["5"],
    "features": ["fuse=1", "nesting=1", "nesting=1,keyctl=1,mount=nfs", "nesting=0"],
    "tags": ["phoenix", "phoenix;theirs;n0"],
    "net0": ["name=eth9,bridge=vmbr0", "name=eth0,bridge=vmbr0,ip=10.1.1.1/24,rate=5", "name=eth0,bridge=vmbr0"],
}
"""Keys that the documents declare, and what they drift to."""
KEYS = (
    *(f"pct set $1 --{key} '{value}'" for key, values in VALUES.items() for value in values),
    *(f"pct set $1 --delete {key}" for key in VALUES if key not in ("memory", "tags")),
    "pct set $1 --delete cores,nameserver,net0,startup,tty --memory 64 --features fuse=1",
    "pct set $1 --features fuse=1; pct set $1 --revert features",
    "pct set $1 --tty 4; pct set $1 --delete tty",
    "sed -i '/^cores/d; /^tty/d; s/^nameserver: .*/nameserver: 1.1.1.1/' $conf",
)
MARK = (
    *(f"pct set $1 --description '{text}'" for text in ("theirs", "Managed by Phoenix Hypervisor.")),
    "pct set $1 --description 'Managed by Phoenix Hypervisor. Keys: nonsense, memory. Volumes: x=y, =, data=mp99.'",
    "pct set $1 --delete description",
    "pct set $1 --delete tags",
    "pct set $1 --tags theirs",
    "sed -i 's/Keys%3A [a-z0-9, ]*/Keys%3A cores/' $conf",
    "sed -i '0,/^#/s//#Ask the night shift.\\n#/' $conf",
)
ADDITIONS = (
    *(f"pct set $1 --{key}" for key in ("timezone host", "cpulimit 2", "cmode shell", "debug 1")),
    "pct set $1 --net1 name=eth1,bridge=vmbr0,ip=10.99.0.7/24",
    "mkdir -p /srv/theirs; pct set $1 --mp9 /srv/theirs,mp=/theirs",
    "pct set $1 --mp8 local-zfs:1,mp=/ours/too",
    "chown 0:0 /srv/all",
)
"""What nobody declares; it stays."""
VOLUMES = (
    "pct set $1 --delete $(at M)",
    "key=$(at M); stopped $1; pct set $1 --delete $key; again $1",
    "key=$(at M); pct set $1 --$key $(volume M),mp=/elsewhere",
    "key=$(at M); stopped $1; pct set $1 --$key $(volume M),mp=/elsewhere; again $1",
    "key=$(at M); pct set $1 --$key $(volume M),mp=M,ro=1",
    "key=$(at M); volume=$(volume M); stopped $1; pct set $1 --delete $key; pct set $1 --mp7 $volume,mp=M; again $1",
)
LOST = (
    "key=$(at M); volume=$(volume M); stopped $1; pct set $1 --delete $key; pct set $1 --mp7 $volume,mp=/x; again $1",
    "pct set $1 --delete $(at /srv/data),$(at /srv/logs)",
    "pct set $1 --delete $(at M); pct set $1 --delete description",
)
"""What only snapshots tell of."""
RAW = (
    "sed -i '/^lxc/d' $conf",
    "sed -i '/^lxc.idmap/d' $conf",
    "sed -i '0,/^lxc.environment/{/^lxc.environment/d}' $conf",
    "sed -i '0,/^lxc.mount.entry/{/^lxc.mount.entry/d}' $conf",
    "sed -i '0,/^lxc.cap.drop.*/s//lxc.cap.drop: sys_nice/' $conf",
    "sed -i '0,/^lxc.apparmor.*/s//lxc.apparmor.profile: unconfined/' $conf",
    "sed -i '0,/^lxc.idmap: u 1000.*/s//lxc.idmap: u 1000 3000 2/' $conf",
    "sed -i '0,/^lxc.cap/s//lxc.environment: X=y\\nlxc.cap/' $conf",
    "sed -i '1i lxc.prlimit.nofile: 999' $conf",
    "echo 'lxc.environment: END=1' >>$conf",
)
MOUNTS = (
    "chown 5:6 /srv/shared-$1",
    "chown :7 /srv/shared-$1",
    "rmdir /srv/shared-$1",
    "rmdir /srv/all",
    "sed -i '/:1000:/d' /etc/subuid",
    ": >/etc/subgid",
)
FIREWALL = (
    "rm $fw",
    "sed -i '/DROP/d' $fw",
    "sed -i 's/enable: 1/enable: 0/' $fw",
    "sed -i '/^#/d' $fw",
    "echo 'IN ACCEPT -p tcp -dport 8006' >>$fw",
    "printf '[OPTIONS]\\n\\nenable: 1\\n\\n[RULES]\\n\\nIN DROP\\n\\n' >$fw",
    ": >$fw",
)
STATE = (
    "if runs $1; then pct stop $1; else pct start $1; fi",
    "if runs $1; then pct set $1 --features fuse=1; pct reboot $1; fi",
)


def of_volumes(texts: tuple[str, ...]) -> list[str]:
    return [text.replace("M", mount) for text in texts for mount in ("/srv/data", "/srv/logs")]


def drifts() -> st.SearchStrategy[list[Drift]]:
    """One to four of them. Where the mark is lost, nothing else is by which Phoenix would know what is its own."""
    plain = (*KEYS, *RAW, *MOUNTS, *STATE, *ADDITIONS)
    known = (*plain, *of_volumes(VOLUMES), *FIREWALL)
    some = st.lists(st.sampled_from(known), min_size=1, max_size=4, unique=True)
    without_mark = st.tuples(st.lists(st.sampled_from(plain), max_size=2, unique=True), st.sampled_from(MARK))
    drawn = st.one_of(some, some, without_mark.map(lambda pair: [*pair[0], pair[1]]))
    return drawn.map(lambda texts: [Drift(text) for text in texts])
