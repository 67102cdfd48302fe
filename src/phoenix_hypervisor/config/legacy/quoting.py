"""Backslashes and quotes as bash reads them (bash(1), QUOTING)."""

from __future__ import annotations

import re

from phoenix_hypervisor.config.legacy.values import Unknowable

_UNQUOTED = re.compile(rb"\\(\n|.)", re.DOTALL)
_DOUBLE = re.compile(rb"\\(\n|[$`\"\\])")
_ANSI = re.compile(
    rb"\\(?:(?P<octal>[0-7]{1,3})|x(?P<hex>[0-9a-fA-F]{1,2})|u(?P<short>[0-9a-fA-F]{1,4})"
    rb"|U(?P<long>[0-9a-fA-F]{1,8})|(?P<control>c.)|(?P<letter>[abeEfnrtv\\'\"?]))",
    re.DOTALL,
)
_LETTERS = dict(zip(b"abeEfnrtv\\'\"?", (7, 8, 27, 27, 12, 10, 13, 9, 11, 92, 39, 34, 63), strict=True))


def decoded(content: bytes) -> str:
    """UTF-8 as text; Unknowable for anything else."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise Unknowable("it is not UTF-8") from None


def unquoted(content: bytes) -> str:
    """A bare word: a backslash keeps the next character."""
    return decoded(_UNQUOTED.sub(lambda found: b"" if found[1] == b"\n" else found[1], content))


def double_quoted(content: bytes) -> str:
    r"""What stands between double quotes: ``\`` keeps ``$``, a backtick, ``"``, itself and joins lines."""
    return decoded(_DOUBLE.sub(lambda found: b"" if found[1] == b"\n" else found[1], content))


def single_quoted(content: bytes) -> str:
    return decoded(content[1:-1])


def ansi_c(content: bytes) -> str:
    """``$'…'`` with its escapes."""
    return decoded(_ANSI.sub(_escape, content[2:-1]))


def _escape(found: re.Match[bytes]) -> bytes:
    if (letter := found["letter"]) is not None:
        return bytes([_LETTERS[letter[0]]])
    if found["control"] is not None:
        raise Unknowable("it holds a control character")
    digits = found["octal"] or found["hex"]
    if digits is not None:
        number = int(digits, 8 if found["octal"] else 16) & 0xFF
        character = bytes([number])
    else:
        number = int(found["short"] or found["long"], 16)
        if number > 0x10FFFF or 0xD800 <= number < 0xE000:
            raise Unknowable("it holds no valid character")
        character = chr(number).encode()
    if number == 0:
        raise Unknowable("it holds a NUL character")
    return character
