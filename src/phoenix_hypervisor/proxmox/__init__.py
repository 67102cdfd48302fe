"""What Proxmox VE is, as text and values: its files, its names, its property strings. No I/O."""
