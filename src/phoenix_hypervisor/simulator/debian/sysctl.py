"""sysctl: the kernel's settings, in files under /proc/sys."""

from __future__ import annotations

import re

from phoenix_hypervisor.simulator.coreutils.common import Options, Tool, absolute
from phoenix_hypervisor.simulator.process import Process

ROOT = "/proc/sys"
_FOLDERS = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d")
_LONG = {
    "all": "a", "ignore": "e", "names": "N", "values": "n", "load": "p", "quiet": "q", "write": "w", "system": "S",
    "pattern": "r", "binary": "b",
}  # fmt: skip


def path_of(key: str) -> str:
    """``net.ipv4.ip_forward`` and ``net/ipv4/ip_forward`` are one file."""
    slash, dot = key.find("/"), key.find(".")
    swapped = key if slash >= 0 and (dot < 0 or slash < dot) else key.translate(str.maketrans("./", "/."))
    return f"{ROOT}/{swapped}"


def _get(process: Process, key: str, options: Options) -> int:
    path = path_of(key)
    if not process.files.exists(path) or process.files.is_dir(path):
        if "e" not in options:
            process.complain(f"sysctl: cannot stat {path}: No such file or directory\n")
        return int("e" not in options)
    value = process.files.read(path).rstrip("\n")
    process.say(f"{value}\n" if "n" in options else f"{key}\n" if "N" in options else f"{key} = {value}\n")
    return 0


def _set(process: Process, key: str, value: str, options: Options, lenient: bool = False) -> int:
    path = path_of(key)
    if not process.files.exists(path) or process.files.is_dir(path):
        if "e" not in options and not lenient:
            process.complain(f"sysctl: cannot stat {path}: No such file or directory\n")
        return int("e" not in options and not lenient)
    before = process.files.read(path).strip()
    if re.fullmatch(r"-?[0-9]+", before) and not re.fullmatch(r"-?(0x[0-9a-fA-F]+|[0-9]+)", value):
        process.complain(f'sysctl: setting key "{key}": Invalid argument\n')
        return 1
    process.files.write(path, f"{value}\n")
    if "q" not in options:
        process.say(f"{value}\n" if "n" in options else f"{key} = {value}\n")
    return 0


def _load(process: Process, path: str, options: Options) -> int:
    entry = process.files.stat(path)
    if entry is None:
        process.complain(f'sysctl: cannot open "{path}": No such file or directory\n')
        return 1
    status = 0
    for number, line in enumerate(entry.data.splitlines(), 1):
        text = line.strip()
        if not text or text[0] in "#;":
            continue
        key, equals, value = text.partition("=")
        if not equals:
            process.complain(f"sysctl: {path}({number}): invalid syntax, continuing...\n")
            continue
        lenient = key.startswith("-")
        status |= _set(process, key.strip().lstrip("-"), value.strip(), options, lenient)
    return status


def _system(process: Process, options: Options) -> int:
    """Every file of the folders in the order of their names, /etc/sysctl.conf last; the nearer folder's counts."""
    found: dict[str, str] = {}
    for folder in _FOLDERS:
        for path in process.files.glob(f"{folder}/*.conf"):
            found.setdefault(path.rpartition("/")[2], path)
    paths = [found[name] for name in sorted(found)]
    status = 0
    for path in [*paths, *(["/etc/sysctl.conf"] if process.files.exists("/etc/sysctl.conf") else [])]:
        if "q" not in options:
            process.say(f"* Applying {path} ...\n")
        status |= _load(process, path, options)
    return status


def _sysctl(process: Process, words: list[str]) -> int:
    words = [*words, "/etc/sysctl.conf"] if words[-1:] == ["-p"] else words
    options = Options("sysctl", words, "aAXbeNnqwS", "pfr", _LONG)
    if "S" in options:
        return _system(process, options)
    status = 0
    for path in [*options.all("p"), *options.all("f"), *(options.operands if "p" in options else [])]:
        status |= _load(process, absolute(process, path), options)
    for word in options.operands if "p" not in options else []:
        key, equals, value = word.partition("=")
        if equals:
            status |= _set(process, key, value, options)
        elif "w" in options:
            process.complain(f'sysctl: "{word}" must be of the form name=value\n')
            status = 1
        else:
            status |= _get(process, key, options)
    if not options.operands and not options.given:
        process.complain("sysctl: no variables specified\nTry `sysctl --help' for more information.\n")
        return 1
    return status


TOOLS: dict[str, Tool] = {"sysctl": _sysctl}
