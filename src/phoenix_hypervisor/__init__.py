"""Phoenix Hypervisor: one configuration, one plan, one tool for a Proxmox VE node and its containers."""

__version__ = "0.1.0"
