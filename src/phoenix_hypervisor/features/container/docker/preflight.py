"""Whether a Docker that is about to be installed could run containers here: asked of the kernel, before it comes.

runc with CVE-2025-52881 fixed mounts a procfs of its own and opens sysctls in it. AppArmor takes their paths for those
of /sys, and what LXC's profile says of /sys denies that, where it is older than the fix of lxc-pve 6.0.5-2
(https://github.com/opencontainers/runc/issues/4968). Nothing that is done in the container helps.
"""

from __future__ import annotations

TOO_OLD = (
    "This runc (with CVE-2025-52881 fixed) needs a newer AppArmor profile than the node has: update lxc-pve on the "
    "node (6.0.5-2 or newer; on Proxmox VE 8, 6.0.0-2 or newer), restart this container, run again."
)
_LACKS_NESTING = (
    "No container can run in this one, it lacks nesting: "
    "restart it with the features nesting=1 and keyctl=1, then run again."
)
_PROBE = """\
my ($name, $sysctl) = ("proc", "sys/net/ipv4/ip_unprivileged_port_start");
my $context = syscall(430, $name, 1);
exit if $context < 0;
if (syscall(431, $context, 6, 0, 0, 0)) { print "nesting"; exit }
my $mount = syscall(432, $context, 1, 0);
if ($mount < 0) { print "nesting"; exit }
open(my $file, "+<", "/proc/self/fd/$mount/$sysctl") or $! == 13 and print "denied";
"""
"""fsopen, fsconfig and fsmount, then what runc opens; perl is in every Debian and Ubuntu, and writes nothing there.

A kernel without these calls says nothing, as runc does without them, too.
"""
_SCRIPT = """\
candidate() { apt-cache policy "$1" | sed -n 's/^  Candidate: //p'; }
from() { [ -n "$2" ] && dpkg --compare-versions "$2" ge "$1"; }
is_fixed() {
  case " $* " in
    *" containerd.io "*) from 1.7.28-2~ "$(candidate containerd.io)" ;;
    *)
      runc=$(candidate runc)
      from 1.3.3~ "$runc" || { from 1.2.8~ "$runc" && ! from 1.3~ "$runc"; } ;;
  esac
}
case $(perl -e '@PROBE@' 2>/dev/null) in
  nesting)
    echo "@LACKS_NESTING@" >&2
    exit 1 ;;
  denied)
    if is_fixed "$@"; then
      echo "@TOO_OLD@" >&2
      exit 1
    fi ;;
esac
"""
PREFLIGHT = _SCRIPT.replace("@PROBE@", _PROBE).replace("@LACKS_NESTING@", _LACKS_NESTING).replace("@TOO_OLD@", TOO_OLD)
"""A piece of a script for ``sh`` whose arguments are the packages to come, once apt's lists are up to date."""
