"""locale-gen, update-locale and locale."""

from __future__ import annotations

import re

from phoenix_hypervisor.simulator.coreutils.common import Tool
from phoenix_hypervisor.simulator.process import Process

GENERATED = "/usr/lib/locale"


def _locale_gen(process: Process, words: list[str]) -> int:
    files = process.files
    entry = files.stat("/etc/locale.gen")
    listed = re.findall(r"^\s*([^#\s]\S*)", entry.data if entry else "", re.MULTILINE)
    names = [word for word in words if not word.startswith("-")] or listed
    process.say("Generating locales (this might take a while)...\n")
    for name in names:
        if not re.fullmatch(r"[a-z]{2,3}_[A-Z]{2}(\.[\w-]+)?(@\w+)?|C\.UTF-8", name):
            process.say(f"Error: '{name}' is not a supported language or locale\n")
            return 1
        process.say(f"  {name}... done\n")
        files.mkdir(f"{GENERATED}/{_folder(name)}", parents=True)
    process.say("Generation complete.\n")
    return 0


def _folder(name: str) -> str:
    return re.sub(r"\.(.*)", lambda found: "." + found[1].replace("-", "").lower(), name)


def _update_locale(process: Process, words: list[str]) -> int:
    files, path = process.files, "/etc/default/locale"
    entry = files.stat(path)
    lines = (entry.data if entry else "").splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    for name, equals, value in (word.partition("=") for word in words if not word.startswith("-")):
        generated = name != "LANG" or value in ("C", "C.UTF-8", "POSIX")
        if not generated and not files.exists(f"{GENERATED}/{_folder(value)}"):
            process.complain("*** update-locale: Error: invalid locale settings:  LANG=" + value + "\n")
            return 1
        if equals:
            values[name] = value
        else:
            values.pop(name, None)
    files.mkdir("/etc/default", parents=True)
    files.write(path, "".join(f"{name}={value}\n" for name, value in values.items()))
    return 0


def _locale(process: Process, words: list[str]) -> int:
    if "-a" in words:
        known = process.files.list(GENERATED) if process.files.is_dir(GENERATED) else []
        process.say("".join(f"{name}\n" for name in sorted({"C", "C.utf8", "POSIX", *known})))
    else:
        entry = process.files.stat("/etc/default/locale")
        process.say(entry.data if entry else "LANG=\n")
    return 0


TOOLS: dict[str, Tool] = {"locale-gen": _locale_gen, "update-locale": _update_locale, "locale": _locale}
