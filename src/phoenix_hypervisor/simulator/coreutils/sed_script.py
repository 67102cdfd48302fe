"""The scripts of sed as commands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from phoenix_hypervisor.simulator.coreutils.common import Fault
from phoenix_hypervisor.simulator.coreutils.regexes import RegexFault, compiled

ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "f": "\f", "v": "\v"}


@dataclass
class Command:
    """One command with its addresses: line numbers, ``$`` or ``+N``, or patterns."""

    name: str
    addresses: list[int | str | re.Pattern[str]]
    negated: bool
    text: str = ""
    pattern: re.Pattern[str] | None = None
    flags: str = ""
    block: list[Command] = field(default_factory=list)
    started: int = 0


class Reader:
    """Reads a script."""

    def __init__(self, text: str, extended: bool) -> None:
        self._text = text
        self._extended = extended
        self._position = 0
        self._last: re.Pattern[str] | None = None

    def _fault(self, message: str) -> Fault:
        return Fault(f"-e expression #1, char {self._position}: {message}")

    def commands(self, inside: bool = False) -> list[Command]:
        found: list[Command] = []
        while True:
            self._skip(" \t\n;")
            if self._position >= len(self._text):
                if inside:
                    raise Fault("-e expression #1, char 0: unmatched `{'")
                return found
            if self._text[self._position] == "}":
                self._position += 1
                if not inside:
                    raise self._fault("unexpected `}'")
                return found
            if self._text[self._position] == "#":
                self._line()
            else:
                found.append(self._command())

    def _skip(self, signs: str) -> None:
        while self._position < len(self._text) and self._text[self._position] in signs:
            self._position += 1

    def _take(self) -> str:
        sign = self._text[self._position : self._position + 1]
        self._position += len(sign)
        return sign

    def _line(self) -> str:
        end = self._text.find("\n", self._position)
        end = len(self._text) if end < 0 else end
        line = self._text[self._position : end]
        self._position = end
        return line

    def _command(self) -> Command:
        addresses = self._addresses()
        self._skip(" \t")
        negated = self._text.startswith("!", self._position)
        self._position += negated
        self._skip(" \t")
        name = self._take()
        command = Command(name, addresses, negated)
        if name == "{":
            command.block = self.commands(inside=True)
        elif name == "s":
            self._substitute(command)
        elif name == "y":
            sign = self._take()
            command.flags, command.text = self._until(sign, False), self._until(sign, False)
        elif name in ("a", "i", "c"):
            command.text = self._insertion()
        elif name in ("r", "w", "b", "t", ":") and name:
            command.text = re.split(r"[;\n]", self._text[self._position :], maxsplit=1)[0].strip()
            self._position += len(re.split(r"[;\n]", self._text[self._position :], maxsplit=1)[0])
        elif name in ("q", "Q"):
            command.text = "".join(iter(self._digit, ""))
        elif not name:
            raise self._fault("missing command")
        elif name not in "dpn=DNPhHgGxzl":
            raise self._fault(f"unknown command: `{name}'")
        if name in "dpn=sy}":
            self._skip(" \t")
            if self._position < len(self._text) and self._text[self._position] not in ";\n}#":
                self._position += 1
                raise self._fault("extra characters after command" if name != "s" else "unknown option to `s'")
        return command

    def _digit(self) -> str:
        return self._take() if self._text[self._position : self._position + 1].isdecimal() else ""

    def _addresses(self) -> list[int | str | re.Pattern[str]]:
        found: list[int | str | re.Pattern[str]] = []
        while (address := self._address(bool(found))) is not None:
            found.append(address)
            self._skip(" \t")
            if len(found) == 2 or not self._text.startswith(",", self._position):
                break
            self._position += 1
            self._skip(" \t")
        return found

    def _address(self, second: bool) -> int | str | re.Pattern[str] | None:
        text, start = self._text, self._position
        if number := re.compile(r"[0-9]+~[0-9]+|[0-9]+|\+[0-9]+|\$").match(text, start):
            self._position = number.end()
            found = number.group()
            return int(found) if found.isdecimal() else found
        if text.startswith(("/", "\\"), start):
            sign = self._take()
            sign = self._take() if sign == "\\" else sign
            pattern = self._regex(self._until(sign, True), "")
            if text.startswith("I", self._position):
                self._position += 1
                pattern = re.compile(pattern.pattern, pattern.flags | re.IGNORECASE)
            return pattern
        if second:
            raise self._fault("unexpected `,'")
        return None

    def _until(self, sign: str, regex: bool) -> str:
        """Text up to a delimiter and over it."""
        pieces: list[str] = []
        bracket = False
        while True:
            found = self._take()
            if not found:
                raise self._fault("unterminated `s' command" if not regex else "unterminated address regex")
            if found == "\\":
                following = self._take()
                pieces.append(following if following == sign and sign not in "&" else f"\\{following}")
                continue
            if found == sign and not bracket:
                return "".join(pieces)
            if regex and found == "[" and not bracket:
                bracket = re.compile(r"\^?\]?[^]\n]*\]").match(self._text, self._position) is not None
                if re.compile(r"\^?\]").match(self._text, self._position) and bracket:
                    head = re.compile(r"\^?\]").match(self._text, self._position)
                    pieces.append(found + (head.group() if head else ""))
                    self._position += len(head.group()) if head else 0
                    continue
            elif found == "]":
                bracket = False
            pieces.append(found)

    def _regex(self, text: str, flags: str) -> re.Pattern[str]:
        if not text:
            if self._last is None:
                raise self._fault("no previous regular expression")
            return self._last
        try:
            self._last = compiled(text, extended=self._extended, ignore_case="I" in flags or "i" in flags)
        except RegexFault as fault:
            raise self._fault(str(fault)) from fault
        return self._last

    def _substitute(self, command: Command) -> None:
        sign = self._take()
        if not sign or sign in "\n\\":
            raise self._fault("unterminated `s' command")
        try:
            pattern, command.text = self._until(sign, True), self._until(sign, False)
        except Fault as fault:
            raise self._fault("unterminated `s' command") from fault
        flags = re.compile(r"[gpiIeMm0-9]*").match(self._text, self._position)
        command.flags = flags.group() if flags else ""
        self._position += len(command.flags)
        command.pattern = self._regex(pattern, command.flags)

    def _insertion(self) -> str:
        self._skip(" \t")
        if self._text.startswith("\\", self._position):
            self._position += 1
            if self._text[self._position :].lstrip(" \t").startswith("\n"):
                self._skip(" \t")
                self._position += 1
        lines = [self._line()]
        while lines[-1].endswith("\\") and self._position < len(self._text):
            lines[-1] = lines[-1][:-1]
            self._position += 1
            lines.append(self._line())
        if not lines[0] and len(lines) == 1:
            raise self._fault("expected \\ after `a', `c' or `i'")
        return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), "\n".join(lines)) + "\n"
