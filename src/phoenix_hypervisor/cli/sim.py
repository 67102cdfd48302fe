"""``phoenix sim``: simulated nodes of one's own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from phoenix_hypervisor.cli.options import output_option
from phoenix_hypervisor.cli.sim_faults import fault, faults
from phoenix_hypervisor.cli.where import held_file, sim_file
from phoenix_hypervisor.errors import UsageError
from phoenix_hypervisor.proxmox.names import check_hostname
from phoenix_hypervisor.proxmox.properties import PropertyError, parse_size
from phoenix_hypervisor.simulator.node import Node
from phoenix_hypervisor.simulator.releases import NEWEST, RELEASES


@click.group("sim")
def command() -> None:
    """Make simulated nodes, and work on them by hand."""


@command.command(
    "new",
    epilog="""\b
Example:
  phoenix sim new node.json --bridge vmbr1 --gpu --disk nvme-A=2T --storage tank=zfspool:tank/lxc
\b
Exit codes: 0 done; 2 usage error.""",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--disk", "disks", multiple=True, metavar="NAME[=SIZE]", help="A disk, by its by-id name; 1T by default.")
@click.option("--gpu", "gpus", count=True, help="An NVIDIA card; as many as it is given.")
@click.option("--bridge", "bridges", multiple=True, metavar="NAME", help="A bridge beside vmbr0.")
@click.option(
    "--storage",
    "storages",
    multiple=True,
    metavar="ID=TYPE:WHERE[:CONTENT]",
    help="A storage: zfspool over a dataset (made when absent), or dir over a folder; CONTENT as a comma list.",
)
@click.option(
    "--pve",
    type=click.Choice([str(version) for version in RELEASES]),
    default=str(NEWEST),
    show_default=True,
    help="The release: 8 (8.4 on Debian 12) or 9 (9.2 on Debian 13).",
)
@click.option("--name", default="pve1", show_default=True, help="The node's host name.")
@output_option()
def new(
    file: Path,
    disks: tuple[str, ...],
    gpus: int,
    bridges: tuple[str, ...],
    storages: tuple[str, ...],
    pve: str,
    name: str,
    output: str,
) -> int:
    """Make FILE a plain Proxmox VE installation, fitted to no configuration."""
    if sim_file(str(file)).exists():
        raise UsageError(f"{file} exists already.", "Choose another name, or remove it.")
    if not file.parent.is_dir():
        raise UsageError(f"There is no folder {file.parent}.", "Make it first.")
    given: list[str] = []
    if reason := check_hostname(name):
        raise UsageError(f'--name "{name}": {reason}.')
    try:
        node = Node.new(name, version=int(pve))
        for disk in disks:
            given.append(_disk(node, disk))
        for _ in range(gpus):
            given.append(f"NVIDIA card {node.add_gpu()}")
        for bridge in bridges:
            node.add_bridge(bridge)
            given.append(f"bridge {bridge}")
        for storage in storages:
            given.append(_storage(node, storage))
    except (ValueError, PropertyError) as error:
        raise UsageError(f"No node could have that: {error}.") from error
    node.save(file)
    if output == "json":
        click.echo(json.dumps({"file": str(file), "node": name, "pve": node.release.name, "given": given}))
    else:
        click.echo(
            f"{file}: a Proxmox VE {node.release.name} node {name}"
            + (f" with {'; '.join(given)}" if given else "")
            + "."
        )
    return 0


def _disk(node: Node, text: str) -> str:
    name, _, size = text.partition("=")
    node.add_disk(name, parse_size(size or "1T"))
    return f"disk {name} ({size or '1T'})"


_CONTENT = {"zfspool": "images,rootdir", "dir": "vztmpl,iso,backup"}


def _storage(node: Node, text: str) -> str:
    name, equals, rest = text.partition("=")
    kind, colon, where = rest.partition(":")
    place, _, content = where.partition(":")
    if not (equals and colon and place) or kind not in _CONTENT:
        raise ValueError(f"{text!r} is not ID=zfspool:DATASET or ID=dir:FOLDER")
    content = content or _CONTENT[kind]
    if kind == "zfspool":
        pool, *parts = place.split("/")
        if pool not in node.zfs.pools:
            node.add_pool(pool, 1 << 40)
        for depth in range(1, len(parts) + 1):
            dataset = "/".join((pool, *parts[:depth]))
            if dataset not in node.zfs.datasets:
                node.add_dataset(dataset)
        node.add_storage(name, kind, content, pool=place)
    else:
        node.add_storage(name, kind, content, path=place)
    return f"storage {name} ({kind} {place}: {content})"


@command.command(
    "run",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="""\b
Example:
  phoenix sim run node.json pct set 950 --memory 1024
\b
Exit code: the command's own.""",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("argv", nargs=-1, required=True, type=click.UNPROCESSED)
def run(file: Path, argv: tuple[str, ...]) -> int:
    """Run a command on the simulated node in FILE, as its administrator would by hand."""
    if not sim_file(str(file)).exists():
        raise UsageError(f"There is no {file}.", f"Make it: phoenix sim new {file}")
    words = argv[1:] if argv[0] == "--" else argv
    if not words:
        raise UsageError("There is no command to run.", "See: phoenix sim run --help")
    text = "" if sys.stdin.isatty() else sys.stdin.read()
    with held_file(file):
        node = Node.load(file)
        result = node.run(words, text)
        node.save(file)
    click.echo(result.stdout, nl=False)
    click.echo(result.stderr, nl=False, err=True)
    return result.rc


command.add_command(fault)
command.add_command(faults)
