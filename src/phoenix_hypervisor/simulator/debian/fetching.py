"""curl and wget, over the simulated internet: the addresses that the machine's node was given, and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from phoenix_hypervisor.simulator.coreutils.common import Fault, absolute, reason
from phoenix_hypervisor.simulator.debian import listening
from phoenix_hypervisor.simulator.debian.archives import KEYS
from phoenix_hypervisor.simulator.models import archives
from phoenix_hypervisor.simulator.process import Machine, Process, Run

NO_INTERNET = "this simulated node has no internet"
BYTES_PER_SECOND = 20e6
_PAGE = "<html><head><title>404 Not Found</title></head></html>\n"


def internet(machine: Machine) -> dict[str, str]:
    """What there is, by address."""
    found = getattr(machine, "internet", None) or getattr(getattr(machine, "node", None), "internet", None)
    return dict(found or {})


def host(url: str) -> str:
    found = re.match(r"(?:[a-z]+://)?(?:[^/@]*@)?([^/:]*)", url)
    return found[1] if found else ""


def _look(machine: Machine, url: str, resolves: bool) -> tuple[str, str | None]:
    """Why nothing comes (empty when something does), and the text; None is a page that is not there."""
    known = internet(machine)
    whole = url if "://" in url else f"http://{url}"
    if resolves and whole in KEYS and whole not in known:
        return "found", KEYS[whole]
    if resolves and archives.is_place(whole) and whole not in known:
        return "found", archives.published(whole)
    if not resolves or all(host(one) != host(whole) for one in known):
        return "" if resolves and known else NO_INTERNET, None
    return "found", known.get(whole)


@dataclass
class _Line:
    """A command line: options by name with their values, addresses."""

    options: dict[str, str] = field(default_factory=dict)
    urls: list[str] = field(default_factory=list)

    def __contains__(self, name: str) -> bool:
        return name in self.options


class _Unknown(Exception):
    """An option that the program does not have, or that lacks its value."""


def _parse(words: list[str], flags: dict[str, str], values: dict[str, str]) -> _Line:
    """Read options: the tables map each spelling to the name that it is known by here."""
    line, rest = _Line(), list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word == "-":
            line.urls.append(word)
            continue
        name, equals, value = word.partition("=")
        if word.startswith("--") and (name in values or name in flags):
            if name in values and not equals and not rest:
                raise _Unknown(word)
            line.options[values.get(name) or flags[name]] = value if equals or name in flags else rest.pop(0)
            continue
        if word.startswith("--") or not _letters(word[1:], rest, line, flags, values):
            raise _Unknown(word)
    return line


def _letters(word: str, rest: list[str], line: _Line, flags: dict[str, str], values: dict[str, str]) -> bool:
    """Read short options, several in one word."""
    if f"-{word}" in flags:
        line.options[flags[f"-{word}"]] = ""
        return True
    for at, letter in enumerate(word):
        if f"-{letter}" in values:
            tail = word[at + 1 :]
            if not tail and not rest:
                return False
            line.options[values[f"-{letter}"]] = tail or rest.pop(0)
            return True
        if f"-{letter}" not in flags:
            return False
        line.options[flags[f"-{letter}"]] = ""
    return True


def _put(process: Process, name: str, text: str) -> str:
    """Write a file; why that fails, empty when it does not."""
    try:
        process.files.write(absolute(process, name), text)
    except OSError as wrong:
        return reason(wrong)
    return ""


def _table(text: str) -> dict[str, str]:
    """The spellings of options with the names that they are known by here: ``name -n --name; …``."""
    rows = (row.split() for row in text.split(";"))
    return {spelling: row[0] for row in rows for spelling in row[1:]}


_CURL_FLAGS = _table(
    """
    fail -f --fail --fail-with-body; silent -s --silent; show -S --show-error; follow -L --location; remote -O
    --remote-name; insecure -k --insecure; bar -# --progress-bar; head -I --head; dirs --create-dirs; tls
    --tlsv1.2; compressed --compressed; four -4; six -6; named -J; time -R; again --retry-all-errors
    --retry-connrefused; verbose -v; meter --no-progress-meter
    """
)
_CURL_VALUES = _table(
    """
    output -o --output; retry --retry; delay --retry-delay; max -m --max-time --retry-max-time; connect
    --connect-timeout; continue -C --continue-at; header -H --header; agent -A --user-agent; proto --proto; write
    -w --write-out; folder --output-dir
    """
)


def curl(process: Process, resolves: bool) -> Run:
    """curl(1): its exit codes."""
    try:
        line = _parse(process.argv[1:], _CURL_FLAGS, _CURL_VALUES)
    except _Unknown as wrong:
        yield 0.01
        process.complain(f"curl: option {wrong}: is unknown\ncurl: try 'curl --help' or 'curl --manual' for more "
                         "information\n")  # fmt: skip
        return 2
    if not line.urls:
        yield 0.01
        process.complain("curl: (2) no URL specified\n")
        return 2
    return (yield from _curl_fetch(process, line, resolves))


def _unavailable(process: Process, told: bool, fails: bool) -> int:
    """A server that is not ready; its page comes where that is no failure."""
    if not fails:
        process.say(listening.LOADING)
        return 0
    if told:
        process.complain("curl: (22) The requested URL returned error: 503\n")
    return 22


def _curl_fetch(process: Process, line: _Line, resolves: bool) -> Run:
    told, url = "show" in line or "silent" not in line, line.urls[0]
    port = listening.local_port(process.machine, url)
    if port is not None and listening.is_loading(process.machine, port):
        yield 0.01
        return _unavailable(process, told, "fail" in line)
    if port is not None and not listening.answers(process.machine, port):
        yield 0.01
        if told:
            refused = f"Failed to connect to {host(url)} port {port} after 0 ms: Couldn't connect to server"
            process.complain(f"curl: (7) {refused}\n")
        return 7
    here = listening.page(process.machine, port, url) if port is not None else ""
    state, text = ("found", here) if port is not None else _look(process.machine, url, resolves)
    yield 0.2
    if state != "found":
        if told:
            process.complain(f"curl: (6) Could not resolve host: {host(url)}{f' ({state})' if state else ''}\n")
        return 6
    if text is None and "fail" in line:
        if told:
            process.complain("curl: (22) The requested URL returned error: 404\n")
        return 22
    body = _PAGE if text is None else text
    yield len(body) / BYTES_PER_SECOND
    target = line.options.get("output", "")
    if "remote" in line:
        target = url.rpartition("/")[2]
    if not target or target == "-":
        process.say(body)
        return 0
    folder = line.options.get("folder", "")
    wrong = _put(process, f"{folder}/{target}" if folder else target, body)
    if wrong:
        process.complain(f"Warning: Failed to open the file {target}: {wrong}\n")
        if told:
            process.complain("curl: (23) client returned ERROR on write, 0 bytes failed writing\n")
        return 23
    return 0


_WGET_FLAGS = _table(
    """
    quiet -q --quiet; brief -nv --no-verbose; continue -c --continue; newer -N --timestamping; keep -nc
    --no-clobber; show --show-progress; insecure --no-check-certificate; https --https-only; four -4; six -6;
    progress --progress; hsts --no-hsts; cache --no-cache
    """
)
_WGET_VALUES = _table(
    """
    output -O --output-document; folder -P --directory-prefix; tries -t --tries; timeout -T --timeout
    --connect-timeout --read-timeout; agent -U --user-agent; header --header; wait -w --wait --waitretry
    """
)


def wget(process: Process, resolves: bool) -> Run:
    """wget(1): its exit status."""
    yield 0.2
    try:
        line = _parse(process.argv[1:], _WGET_FLAGS, _WGET_VALUES)
    except _Unknown as wrong:
        name = str(wrong)
        kind = f"unrecognized option '{name}'" if name.startswith("--") else f"invalid option -- '{name[1:2]}'"
        raise Fault(f"{kind}\nUsage: wget [OPTION]... [URL]...\n\nTry `wget --help' for more options.", 2) from wrong
    if not line.urls:
        raise Fault("missing URL\nUsage: wget [OPTION]... [URL]...\n\nTry `wget --help' for more options.", 1)
    url, loud = line.urls[0], "quiet" not in line
    state, text = _look(process.machine, url, resolves)
    if state != "found":
        if loud:
            process.complain(f"wget: unable to resolve host address '{host(url)}'{f' ({state})' if state else ''}\n")
        return 4
    target = line.options.get("output") or f"{line.options.get('folder', '.')}/{url.rpartition('/')[2] or 'index.html'}"
    if text is None:
        if "output" in line and target != "-":
            _put(process, target, "")
        if loud:
            process.complain(f"{url}:\nERROR 404: Not Found.\n")
        return 8
    yield len(text) / BYTES_PER_SECOND
    if target == "-":
        process.say(text)
        return 0
    if "keep" in line and process.files.exists(absolute(process, target)):
        process.complain(f"File \u2018{target}\u2019 already there; not retrieving.\n")
        return 0
    if wrong_file := _put(process, target, text):
        process.complain(f"{target}: {wrong_file}\n")
        return 3
    if loud:
        process.complain(f"\u2018{target}\u2019 saved [{len(text)}]\n")
    return 0
