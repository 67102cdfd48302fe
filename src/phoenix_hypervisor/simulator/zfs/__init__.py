"""ZFS of the simulated node: pools, datasets, snapshots, and the commands ``zfs`` and ``zpool``."""
