"""date."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from phoenix_hypervisor.simulator.coreutils.common import (
    Fault,
    Options,
    Tool,
    absolute,
    maybe_quoted,
    quoted,
)
from phoenix_hypervisor.simulator.process import Process


def _zone(process: Process) -> tzinfo:
    entry = process.files.stat("/etc/localtime", follow=False)
    name = entry.data.rpartition("zoneinfo/")[2] if entry and entry.kind == "link" else "UTC"
    if not re.fullmatch(r"[A-Za-z]+(/[A-Za-z_+-]+)*[0-9]*", name):
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def _date(process: Process, words: list[str]) -> int:
    long = {"utc": "u", "universal": "u", "date": "d", "iso-8601": "I", "rfc-email": "R", "reference": "r"}
    words = [re.sub(r"^-I(\w+)$", r"--iso-8601=\1", word) for word in words]
    options = Options("date", words, "uRI", "dsr", long)
    zone: tzinfo = UTC if "u" in options else _zone(process)
    when = datetime.fromtimestamp(_moment(process, options), zone)
    format_ = next((word[1:] for word in options.operands if word.startswith("+")), "")
    if "I" in options:
        format_ = "%FT%T%:z" if options.last("I").startswith("s") else "%F"
    elif "R" in options:
        format_ = "%a, %d %b %Y %T %z"
    process.say(_formatted(format_ or "%a %b %e %T %Z %Y", when) + "\n")
    return 0


def _moment(process: Process, options: Options) -> float:
    text = options.last("d")
    if "r" in options:
        entry = process.files.stat(absolute(process, options.last("r")))
        if entry is None:
            raise Fault(f"{maybe_quoted(options.last('r'))}: No such file or directory")
        return entry.mtime
    if not text or text == "now":
        return process.machine.clock
    if re.fullmatch(r"@-?[0-9]+(\.[0-9]+)?", text):
        return float(text[1:])
    try:
        found = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise Fault(f"invalid date {quoted(text)}") from wrong
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _formatted(format_: str, when: datetime) -> str:
    offset = when.strftime("%z")
    values = {
        "%:z": f"{offset[:3]}:{offset[3:]}",
        "%N": f"{when.microsecond * 1000:09d}",
        "%s": str(int(when.timestamp())),
        "%n": "\n",
        "%t": "\t",
        "%%": "%",
        "%P": when.strftime("%p").lower(),
        "%e": f"{when.day:2d}",
        "%-d": str(when.day),
    }
    known = r"%:z|%-d|%[aAbBcCdDeFgGhHIjklmMnNpPrRsSTtuUVwWxXyYzZ%]"
    return re.sub(known, lambda found: values.get(found.group()) or when.strftime(found.group()), format_)


TOOLS: dict[str, Tool] = {
    "date": _date,
}
