"""The builtins that set variables."""

from __future__ import annotations

import re

from phoenix_hypervisor.simulator.shell.arithmetic import calculate
from phoenix_hypervisor.simulator.shell.builtins import Builtin, plain, quoted
from phoenix_hypervisor.simulator.shell.commands import Shell
from phoenix_hypervisor.simulator.shell.expand import ShellFault
from phoenix_hypervisor.simulator.shell.fields import DEFAULT_IFS
from phoenix_hypervisor.simulator.shell.words import NAME


def _checked(command: str, name: str) -> str:
    if not NAME.fullmatch(name):
        raise ShellFault(f"{command}: {name}: bad variable name")
    return name


def _mark(command: str, shell: Shell, words: list[str]) -> int:
    """``export`` and ``readonly``."""
    marked = shell.exported if command == "export" else shell.readonly
    words = words[1:] if words[:1] == ["--"] else words
    if not words or words == ["-p"]:
        for name in sorted(marked):
            value = shell.variables.get(name)
            shell.say(f"{command} {name}{'' if value is None else '=' + quoted(value)}\n")
        return 0
    remove = words[0] == "-n"
    for word in words[1:] if remove else words:
        name, equals, value = word.partition("=")
        _checked(command, name)
        if equals:
            shell.set(name, value)
        if remove:
            marked.discard(name)
        else:
            marked.add(name)
    return 0


def _export(shell: Shell, words: list[str]) -> int:
    return _mark("export", shell, words)


def _readonly(shell: Shell, words: list[str]) -> int:
    return _mark("readonly", shell, words)


def _local(shell: Shell, words: list[str]) -> int:
    if not shell.frames:
        raise ShellFault("local: not in a function")
    for word in words:
        if shell.bash and word.startswith("-"):
            continue
        name, equals, value = word.partition("=")
        _checked("local", name)
        shell.frames[-1].setdefault(name, shell.variables.get(name))
        if equals:
            shell.set(name, value)
        elif shell.bash:
            shell.variables.pop(name, None)
    return 0


def _declare(shell: Shell, words: list[str]) -> int:
    """``declare`` of bash: local in a function."""
    flags = "".join(word[1:] for word in words if word.startswith("-"))
    plain_words = [word for word in words if not word.startswith("-")]
    if shell.frames and "g" not in flags:
        return _local(shell, plain_words)
    for word in plain_words:
        name, equals, value = word.partition("=")
        if equals:
            shell.set(_checked("declare", name), value)
        if "x" in flags:
            shell.exported.add(name)
    return 0


def _unset(shell: Shell, words: list[str]) -> int:
    functions = words[:1] == ["-f"]
    for name in words[1:] if words[:1] in (["-f"], ["-v"]) else words:
        if functions:
            shell.functions.pop(name, None)
        else:
            shell.unset(_checked("unset", name.partition("=")[0]))
    return 0


# -- read


def _read(shell: Shell, words: list[str]) -> int:
    raw, names = False, list(words)
    while names and names[0].startswith("-") and names[0] != "-":
        flag = names.pop(0)
        if flag == "--":
            break
        raw = raw or "r" in flag
        if flag[-1] in "pntd" and names:
            names.pop(0)
        elif not set(flag[1:]) <= set("rs"):
            raise ShellFault(f"read: Illegal option {flag[:2]}")
    if not names:
        if not shell.bash:
            raise ShellFault("read: arg count")
        names = ["REPLY"]
    signs, complete = _line(shell, raw)
    ifs = shell.get("IFS")
    for name, value in zip(names, _fields(signs, len(names), DEFAULT_IFS if ifs is None else ifs), strict=True):
        shell.set(_checked("read", name), value)
    return int(not complete)


Signs = list[tuple[str, bool]]
"""Characters, each with whether a backslash stood before it."""


def _line(shell: Shell, raw: bool) -> tuple[Signs, bool]:
    signs: Signs = []
    while True:
        line = shell.source().line()
        complete = line.endswith("\n")
        text = line.removesuffix("\n")
        if raw:
            return [(sign, False) for sign in text], complete
        signs += [(found[1] or found[0], bool(found[1])) for found in re.finditer(r"\\(.)|[^\\]", text, re.DOTALL)]
        joined = re.search(r"\\+$", text)
        if not (joined and len(joined.group()) % 2 and complete):
            return signs, complete


def _fields(signs: Signs, count: int, ifs: str) -> list[str]:
    """The fields for so many names; the last takes the rest."""
    blank = {sign for sign in ifs if sign in DEFAULT_IFS}

    def skip(position: int) -> int:
        while position < len(signs) and signs[position][0] in blank and not signs[position][1]:
            position += 1
        return position

    def separates(position: int) -> bool:
        return signs[position][0] in ifs and not signs[position][1]

    values: list[str] = []
    position = skip(0)
    while len(values) < count - 1:
        start = position
        while position < len(signs) and not separates(position):
            position += 1
        values.append("".join(sign for sign, _ in signs[start:position]))
        position = skip(position)
        if position < len(signs) and separates(position) and (position == 0 or signs[position][0] not in blank):
            position = skip(position + 1)
    values.append(_rest(signs[position:], ifs, blank))
    return values


def _rest(signs: Signs, ifs: str, blank: set[str]) -> str:
    end = len(signs)
    while end and signs[end - 1][0] in blank and not signs[end - 1][1]:
        end -= 1
    text = "".join(sign for sign, _ in signs[:end])
    if end and signs[end - 1][0] in ifs and not signs[end - 1][1] and not any(sign in ifs for sign in text[:-1]):
        return text[:-1].rstrip("".join(blank)) if blank else text[:-1]
    return text


# -- options of a script


def _getopts(shell: Shell, words: list[str]) -> int:
    if len(words) < 2:
        raise ShellFault("getopts: Usage: getopts optstring var [arg...]")
    letters, name, arguments = words[0], _checked("getopts", words[1]), words[2:] or shell.positional
    position = int(shell.get("OPTIND") or 1)
    offset = shell.option_offset if position == shell.option_index else 1
    word = arguments[position - 1] if position <= len(arguments) else ""
    if len(word) < 2 or word[0] != "-" or word == "--":
        shell.set("OPTIND", str(position + (word == "--")))
        shell.set(name, "?")
        shell.unset("OPTARG")
        return 1
    letter = word[offset]
    at = letters.lstrip(":").find(letter)
    takes = at >= 0 and letters.lstrip(":")[at + 1 : at + 2] == ":"
    if takes:
        _argument(shell, letters, name, arguments, position, word[offset + 1 :])
        return 0
    last = offset + 1 >= len(word)
    shell.option_index, shell.option_offset = position + last, 1 if last else offset + 1
    shell.set("OPTIND", str(position + last))
    _found(shell, letters, name, letter, known=at >= 0)
    return 0


def _found(shell: Shell, letters: str, name: str, letter: str, *, known: bool) -> None:
    shell.set(name, letter if known else "?")
    if known:
        return
    if letters.startswith(":"):
        shell.set("OPTARG", letter)
    else:
        shell.sink(2).write(f"Illegal option -{letter}\n")


def _argument(shell: Shell, letters: str, name: str, arguments: list[str], position: int, attached: str) -> None:
    letter = arguments[position - 1][-1 - len(attached)]
    missing = not attached and position >= len(arguments)
    shell.set("OPTIND", str(position + (1 if attached else 2) - missing))
    if not missing:
        shell.set(name, letter)
        shell.set("OPTARG", attached or arguments[position])
    elif letters.startswith(":"):
        shell.set(name, ":")
        shell.set("OPTARG", letter)
    else:
        shell.set(name, "?")
        shell.sink(2).write(f"No arg for -{letter} option\n")


def _let(shell: Shell, words: list[str]) -> int:
    try:
        values = [calculate(word, shell) for word in words]
    except ArithmeticError as wrong:
        raise ShellFault(f"let: {wrong}", 1) from wrong
    return int(not (values and values[-1]))


BUILTINS: dict[str, Builtin] = {
    "export": plain(_export, special=True),
    "readonly": plain(_readonly, special=True),
    "unset": plain(_unset, special=True),
    "local": plain(_local, special=True),
    "read": plain(_read),
    "getopts": plain(_getopts),
}
BASH_BUILTINS: dict[str, Builtin] = {
    "declare": plain(_declare),
    "typeset": plain(_declare),
    "let": plain(_let),
}
