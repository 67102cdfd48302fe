"""The grammar of sudoers(5), as far as ``visudo -c`` judges it; a syntax error has the place of the token it is at."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from phoenix_hypervisor.simulator.debian.sudoers_options import BOOLEANS, VALUES

ALIASES = ("User_Alias", "Runas_Alias", "Host_Alias", "Cmnd_Alias", "Cmd_Alias")
TAGS = frozenset(
    [
        "PASSWD",
        "NOPASSWD",
        "EXEC",
        "NOEXEC",
        "SETENV",
        "NOSETENV",
        "LOG_INPUT",
        "NOLOG_INPUT",
        "LOG_OUTPUT",
        "NOLOG_OUTPUT",
        "MAIL",
        "NOMAIL",
        "FOLLOW",
        "NOFOLLOW",
        "INTERCEPT",
        "NOINTERCEPT",
    ]
)
_OPTION = re.compile(r"(ROLE|TYPE|CWD|CHROOT|TIMEOUT|NOTBEFORE|NOTAFTER|APPARMOR_PROFILE)=(\"[^\"]*\"|[^\s,]+)")
_DIGEST = re.compile(r"sha(224|256|384|512):[0-9A-Za-z+/=]+(?=[\s,])")
_WORD = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|(?:[^#>!=:,()\"\s\\]|\\.)(?:[^>!=:,()\"\s\\#]|\\.)*")
_ALIAS = re.compile(r"[A-Z][A-Z0-9_]*")
_VALUE = re.compile(r"\"(?:[^\"\\]|\\.)*\"|(?:[^\s,\"\\]|\\.)+")
_ARGUMENTS = re.compile(r"(?:(?:\\.|\"[^\"]*\"|[^\\,:\s#])+[ \t]*)+")
_DEFAULT = re.compile(r"[a-z_]+")
_INCLUDE = re.compile(r"^\s*[#@](include|includedir)\s+(\"[^\"]*\"|(?:\\.|\S)+)\s*$")
_PATH = "expected a fully-qualified path name"


@dataclass(frozen=True)
class Problem:
    """What is wrong at a line and column, counted from 1; ``text`` is the line, ``width`` that of its token."""

    line: int
    column: int
    text: str
    message: str = "syntax error"
    width: int = 1


@dataclass
class Parsed:
    """What a file says: what it includes in order, problems, aliases defined and named with their places."""

    includes: list[tuple[str, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    defined: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    named: list[tuple[str, str, int, int]] = field(default_factory=list)


class _Wrong(Exception):
    def __init__(self, at: int, message: str = "syntax error") -> None:
        super().__init__(message)
        self.at, self.message = at, message


def parse(text: str) -> Parsed:
    """Read a whole file; each line is judged for itself."""
    parsed, number, lines = Parsed(), 0, text.splitlines()
    while number < len(lines):
        first, line = number, lines[number]
        while line.endswith("\\") and number + 1 < len(lines):
            number += 1
            line = line[:-1] + " " + lines[number]
        number += 1
        _Line(line, first + 1, parsed).judge()
    if text and not text.endswith("\n") and not parsed.problems and lines[-1].endswith("\\"):
        parsed.problems.append(Problem(len(lines), len(lines[-1]), lines[-1]))
    return parsed


class _Line:
    def __init__(self, text: str, number: int, parsed: Parsed) -> None:
        self.text, self.number, self.parsed, self.at = text, number, parsed, 0

    def judge(self) -> None:
        if found := _INCLUDE.match(self.text):
            self.parsed.includes.append((found[1], found[2].strip('"')))
            return
        try:
            self._statement()
        except _Wrong as wrong:
            token = re.match(r"\w+|\S", self.text[wrong.at :])
            width = len(token[0]) if token else 1
            self.parsed.problems.append(Problem(self.number, wrong.at + 1, self.text, wrong.message, width))

    # -- tokens

    def _blank(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1

    def _sign(self, sign: str) -> bool:
        self._blank()
        if self.text.startswith(sign, self.at):
            self.at += len(sign)
            return True
        return False

    def _need(self, sign: str) -> None:
        if not self._sign(sign):
            raise _Wrong(self.at)

    def _match(self, pattern: re.Pattern[str]) -> str:
        self._blank()
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found[0] if found else ""

    def _ended(self) -> bool:
        self._blank()
        return self.at >= len(self.text) or bool(re.match(r"#(?![0-9])", self.text[self.at :]))

    def _list(self, item: Callable[[], None]) -> None:
        item()
        while self._sign(","):
            item()

    # -- statements

    def _statement(self) -> None:
        if self._ended():
            return
        if re.match(r"Defaults(?=[\s@:!>]|$)", self.text[self.at :]):
            self.at += len("Defaults")
            self._defaults()
        elif found := re.match(rf"({'|'.join(ALIASES)})(?=\s)", self.text[self.at :]):
            self.at += found.end()
            self._aliases("Cmnd_Alias" if found[1] == "Cmd_Alias" else found[1])
        else:
            self._list(lambda: self._member("User_Alias"))
            self._rules()
        if not self._ended():
            raise _Wrong(self.at)

    def _rules(self) -> None:
        while True:
            self._list(lambda: self._member("Host_Alias"))
            self._need("=")
            self._list(self._command)
            if not self._sign(":"):
                return

    def _defaults(self) -> None:
        kinds = {"@": "Host_Alias", ":": "User_Alias", ">": "Runas_Alias"}
        if self.at < len(self.text) and self.text[self.at] in kinds:
            kind = kinds[self.text[self.at]]
            self.at += 1
            self._list(lambda: self._member(kind))
        elif self.text.startswith("!", self.at) and self.text[self.at + 1 : self.at + 2] == "/":
            self.at += 1
            self._list(self._command_name)
        self._list(self._setting)

    def _setting(self) -> None:
        negated = self._sign("!")
        self._blank()
        start = self.at
        name = self._match(_DEFAULT)
        if not name:
            raise _Wrong(self.at)
        assigned = self._match(re.compile(r"[+-]?="))
        if assigned and (negated or not self._match(_VALUE)):
            raise _Wrong(self.at)
        if name not in BOOLEANS | VALUES:
            self._note(start, f'unknown defaults entry "{name}"')
        elif name in BOOLEANS and assigned:
            self._note(start, f'option "{name}" does not take a value')
        elif name in VALUES and not assigned and not negated and name not in ("lecture", "syslog", "mailto", "umask"):
            self._note(start, f'no value specified for "{name}"')

    def _note(self, at: int, message: str) -> None:
        self.parsed.problems.append(Problem(self.number, at + 1, "", message))

    def _aliases(self, kind: str) -> None:
        while True:
            self._blank()
            start = self.at
            name = self._match(_ALIAS)
            if not name or name == "ALL":
                raise _Wrong(start)
            self._need("=")
            if (kind, name) in self.parsed.defined:
                raise _Wrong(start, f'Alias "{name}" already defined')
            self.parsed.defined[kind, name] = (self.number, start + 1)
            self._list(self._command_name if kind == "Cmnd_Alias" else lambda: self._member(kind))
            if not self._sign(":"):
                return

    # -- members of lists

    def _member(self, kind: str) -> None:
        while self._sign("!"):
            pass
        self._blank()
        start = self.at
        if kind != "Host_Alias" and self._match(re.compile(r"%?#[0-9]+(?=[\s,:=)]|$)")):
            return
        if kind == "Host_Alias" and self._match(re.compile(r"[0-9A-Fa-f:.]+/[0-9.]+|[0-9A-Fa-f]*:[0-9A-Fa-f:]+")):
            return
        word = self._match(_WORD)
        if not word or word in ("%", "+", '""'):
            raise _Wrong(start)
        if _ALIAS.fullmatch(word) and word != "ALL":
            self.parsed.named.append((kind, word, self.number, start + 1))

    def _command(self) -> None:
        if self._sign("("):
            self._runas()
        self._tagged()

    def _runas(self) -> None:
        if self._sign(")"):
            return
        if not self._sign(":"):
            self._list(lambda: self._member("Runas_Alias"))
            if not self._sign(":"):
                self._need(")")
                return
        if not self._sign(")"):
            self._list(lambda: self._member("Runas_Alias"))
            self._need(")")

    def _tagged(self) -> None:
        while self._match(_OPTION):
            pass
        while True:
            self._blank()
            start = self.at
            word = self._match(re.compile(r"[A-Z_]+"))
            if word in TAGS and self._sign(":"):
                continue
            self.at = start
            break
        self._command_name()

    def _command_name(self) -> None:
        while self._match(_DIGEST):
            self._sign(",")
        while self._sign("!"):
            pass
        self._blank()
        start = self.at
        if word := self._match(_ALIAS):
            if self.at < len(self.text) and self.text[self.at] not in " \t,:=#)":
                raise _Wrong(start, _PATH)
            if word != "ALL":
                self.parsed.named.append(("Cmnd_Alias", word, self.number, start + 1))
            return
        if self._match(re.compile(r"(sudoedit|list)(?=[\s,:]|$)")) or self._match(
            re.compile(r"[/^](?:\\.|[^\\,:=#\s])*")
        ):
            self._match(_ARGUMENTS)
            return
        raise _Wrong(start, _PATH if self._match(_WORD) else "syntax error")
