"""What a node shares with others: NFS exports and Samba shares, their tools and daemons."""

from __future__ import annotations

from collections.abc import Mapping

from phoenix_hypervisor.simulator.coreutils.common import program
from phoenix_hypervisor.simulator.process import Program
from phoenix_hypervisor.simulator.sharing.accounts import pdbedit, smbpasswd
from phoenix_hypervisor.simulator.sharing.exportfs import exportfs
from phoenix_hypervisor.simulator.sharing.nfsd import rpcinfo, showmount
from phoenix_hypervisor.simulator.sharing.smbd import smbcontrol, smbstatus, start_nmbd, start_smbd
from phoenix_hypervisor.simulator.sharing.testparm import testparm

_TOOLS = {
    "exportfs": exportfs,
    "showmount": showmount,
    "rpcinfo": rpcinfo,
    "testparm": testparm,
    "smbpasswd": smbpasswd,
    "pdbedit": pdbedit,
    "smbcontrol": smbcontrol,
    "smbstatus": smbstatus,
    "smbd": start_smbd,
    "nmbd": start_nmbd,
}
PROGRAMS: Mapping[str, Program] = {name: program(name, tool) for name, tool in _TOOLS.items()}
