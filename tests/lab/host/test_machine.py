"""The machine of the host lab is what the other tests take it for."""

from __future__ import annotations

import hashlib
import os
import select
import subprocess
import sys
from pathlib import Path

from lab.host import leftovers
from lab.host.disk import Disk
from lab.host.image import Image
from lab.host.machine import HOST, Machine

SERVICES = ("zfs.target", "ssh.service", "networking.service")
COMMANDS = ("zpool", "exportfs", "smbclient", "visudo", "lxc-start", "mdadm", "lvm", "sgdisk", "python3", "logrotate")

BOOTS_ONE = """\
from lab.host.machine import boot

with boot() as machine:
    print(machine.pid, machine.folder, flush=True)
    input()
"""


def test_its_services_run_and_its_commands_are_there(machine: Machine) -> None:
    assert machine.out("systemctl", "list-units", "--failed", "--no-legend") == ""
    machine.out("systemctl", "is-active", *SERVICES)
    machine.out("sh", "-c", " && ".join(f"command -v {name}" for name in COMMANDS))


def test_any_client_of_openssh_reaches_it_and_knows_its_key(machine: Machine) -> None:
    argv = ("ssh", "-F", str(machine.ssh_config), HOST, "cat; exit 7")
    done = subprocess.run(argv, input="through standard input", capture_output=True, text=True, timeout=300)
    assert (done.stdout, done.returncode) == ("through standard input", 7)


def test_words_arrive_as_they_were_given(machine: Machine) -> None:
    assert machine.out("printf", "%s|", "two words", "$HOME", "it's", "") == "two words|$HOME|it's||"


def test_what_a_pool_holds_survives_the_plug(machine: Machine) -> None:
    first, second = (machine.add_disk(Disk(serial)) for serial in ("plug0", "plug1"))
    machine.out("zpool", "create", "plug", "mirror", first.path, second.path)
    content = "what must not be lost\n" * 10_000
    machine.out("sh", "-c", "cat >/plug/file && zpool sync", stdin=content)

    machine.power_off()
    machine.start()

    digest = machine.out("sha256sum", "/plug/file").split()[0]
    assert digest == hashlib.sha256(content.encode()).hexdigest()
    assert machine.out("zpool", "get", "-H", "-o", "value", "health", "plug") == "ONLINE\n"


def test_a_disk_that_is_pulled_out_leaves_its_name_free(machine: Machine) -> None:
    disk = machine.add_disk(Disk("pulled"))
    machine.out("sh", "-c", f"echo old | dd of={disk.path} conv=fsync")
    machine.remove_disk(disk)
    assert machine.run("test", "-e", disk.path).returncode == 1
    machine.add_disk(disk)
    assert machine.out("sh", "-c", f"head -c 3 {disk.path} | od -An -tx1").split() == ["00"] * 3


def test_a_machine_ends_with_the_process_that_booted_it(image: Image, repository: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(repository / "tests")}
    argv = (sys.executable, "-c", BOOTS_ONE)
    with subprocess.Popen(argv, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        number, folder = process.stdout.readline().split()
        qemu = os.pidfd_open(int(number))
        process.kill()
        assert select.select([qemu], [], [], 60)[0], "QEMU goes on"
    os.close(qemu)
    leftovers.remove()
    assert not Path(folder).exists()
