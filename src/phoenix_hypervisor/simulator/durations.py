"""How long the simulated commands take, in seconds, on a native machine. Measured or published figures."""

PCT = 0.6
"""Any ``pct``: nearly all of it loads Perl modules."""
PVESM = 0.35
PVEAM = 0.4
PVESH = 0.6
ZFS = 0.01
LABEL = 1.0
"""Until udev has seen the devices of a pool that is new or newly imported."""
LXC_ATTACH = 0.03
LXC_TOOL = 0.002
SNAPSHOT = 0.05
ROLLBACK = 0.1
START = 0.9
"""``pct start`` beyond loading its modules: the pre-start hook, the interfaces, init."""
HOTPLUG = 0.1
STOP = 0.6
SHUTDOWN = 1.5
"""A container with systemd, from the signal to the last process."""
INIT_DONE = 2.0
"""From the start to the moment at which init has started everything."""
ADDRESS_UP = 3.0
"""From the start to the moment at which the interfaces have their addresses."""
ALLOCATE = 0.1
MKFS = 0.3
HOST_KEY = 0.2
SETUP = 0.5
"""What pct writes into a freshly unpacked root file system."""
UNPACKED_BYTES_PER_SECOND = 35e6
COPIED_BYTES_PER_SECOND = 60e6
"""rsync of a full clone."""
DOWNLOADED_BYTES_PER_SECOND = 20e6
LOCK_WAIT = 10.0
LOCK_POLL = 0.1


def unpack(size: int) -> float:
    """Unpacking a tarball of so many bytes: 10 to 25 s for a standard Ubuntu."""
    return 1.0 + size / UNPACKED_BYTES_PER_SECOND


def copy(size: int) -> float:
    return 1.0 + size / COPIED_BYTES_PER_SECOND
