"""The stand-ins: Proxmox's own commands on a machine that is not Proxmox.

``pvesm``, ``pveum``, ``pct``, ``pveam`` and ``pveversion`` are the simulator's, with its option schemas, checks and
texts, over what is really there: the files in /etc/pve, the datasets that ``zfs`` knows, the containers that ``lxc``
runs.

What is real: every file, dataset, snapshot, clone, quota, container, process and lock file.
What is stood in for: the commands themselves, and the cluster's file system, which is a plain folder here.
"""
