"""Puts the stand-ins on a machine: one archive, unpacked over its root."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

from .command import TOOLS

HOME = "usr/local/lib/phoenix-standin"
_NEEDED = ("__init__.py", "errors.py", "command.py", "proxmox", "simulator")
_WRAPPER = """\
#!/bin/sh
# A stand-in of the lab: this is not Proxmox's own command.
PYTHONPATH=/{home} exec python3 -m standin {tool} "$@"
"""
_UNIT = """\
[Unit]
Description=Stand-in of the lab for the guest list of Proxmox's cluster file system

[Service]
Environment=PYTHONPATH=/{home}
ExecStart=/usr/bin/python3 -m standin.guests_list
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""
SET_UP = f"""\
set -e
python3 -m compileall -q /{HOME}
pveversion >/dev/null
systemctl daemon-reload
systemctl enable --now --quiet phoenix-standin.service
[ -s /etc/pve/user.cfg ] || echo 'user:root@pam:1:0:::root@localhost::' >/etc/pve/user.cfg
[ -s /etc/pve/storage.cfg ] || cat >/etc/pve/storage.cfg <<'END'
dir: local
\tpath /var/lib/vz
\tcontent iso,vztmpl,backup

END
mkdir -p /var/lib/vz/template/cache
"""
"""What is run on the machine, by ``sh``, once the archive is unpacked."""


def archive(repository: Path) -> bytes:
    """A tar.gz to be unpacked at ``/``."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for path, target in _sources(repository):
            tar.add(path, target)
        for tool in TOOLS:
            _add(tar, f"usr/sbin/{tool}", _WRAPPER.format(home=HOME, tool=tool), 0o755)
        _add(tar, "etc/systemd/system/phoenix-standin.service", _UNIT.format(home=HOME), 0o644)
    return packed.getvalue()


def _sources(repository: Path) -> Iterator[tuple[Path, str]]:
    """The files of the package that the simulator needs, and the stand-ins'."""
    package = repository / "src/phoenix_hypervisor"
    found = [
        path for name in _NEEDED for path in ([package / name] if name.endswith(".py") else _below(package / name))
    ]
    yield from ((path, f"{HOME}/phoenix_hypervisor/{path.relative_to(package)}") for path in found)
    here = Path(__file__).parent
    yield from (
        (path, f"{HOME}/standin/{path.name}") for path in here.glob("*.py") if not path.name.startswith("test_")
    )


def _below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _add(tar: tarfile.TarFile, name: str, text: str, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(text.encode()), mode
    tar.addfile(entry, io.BytesIO(text.encode()))
