"""Disks of the simulated node: block devices, what is on them, and the programs that tell of it and change it."""
