"""Redirections of file descriptors."""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from typing import TYPE_CHECKING

from phoenix_hypervisor.simulator.shell.expand import ShellFault
from phoenix_hypervisor.simulator.shell.pattern import absolute
from phoenix_hypervisor.simulator.shell.streams import Source, Stream
from phoenix_hypervisor.simulator.shell.syntax import Heredoc, Redirect

if TYPE_CHECKING:
    from phoenix_hypervisor.simulator.shell.running import Running

NAMED = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
CREATE = {errno.ENOENT: "Directory nonexistent", errno.ENOTDIR: "Directory nonexistent"}
OPEN = {errno.ENOENT: "No such file", errno.ENOTDIR: "No such file"}


class RedirectFault(Exception):
    """What could not be opened."""


def apply(shell: Running, redirect: Redirect) -> Generator[float, None, None]:
    """Do one redirection in the shell's table of descriptors."""
    operator, target = redirect.operator, redirect.target
    if isinstance(target, Heredoc):
        text = yield from shell.expander.text(target.body)
        shell.streams[redirect.fd] = _text(text)
        return
    name = yield from shell.expander.text(target)
    if operator == "<<<":
        shell.streams[redirect.fd] = _text(f"{name}\n")
    elif operator in ("<&", ">&"):
        _duplicate(shell, redirect.fd, name)
    elif operator in ("&>", "&>>"):
        shell.streams[1] = shell.streams[2] = _opened(shell, operator[1:], name)
    else:
        shell.streams[redirect.fd] = _opened(shell, operator, name)


def _text(text: str) -> Source:
    return Source(lambda: text)


def _duplicate(shell: Running, fd: int, name: str) -> None:
    if name == "-":
        shell.streams.pop(fd, None)
    elif name.isascii() and name.isdecimal():
        if int(name) not in shell.streams:
            raise RedirectFault(f"{name}: Bad file descriptor")
        shell.streams[fd] = shell.streams[int(name)]
    elif shell.bash:
        shell.streams[1] = shell.streams[2] = _opened(shell, ">", name)
    else:
        raise ShellFault("Syntax error: Bad fd number")


def _opened(shell: Running, operator: str, name: str) -> Stream:
    fd = NAMED.get(name)
    if fd is None and name.startswith("/dev/fd/") and name[8:].isdecimal():
        fd = int(name[8:])
    if fd is not None and fd in shell.streams:
        return shell.streams[fd]
    path = absolute(shell.directory, name)
    if operator == "<":
        return _source(shell, name, path)
    try:
        if operator == "<>":
            shell.file_sink(path, append=True)
            return _source(shell, name, path)
        clobber = operator == ">|" or "C" not in shell.options
        return shell.file_sink(path, append=operator == ">>", clobber=clobber or operator == ">>")
    except OSError as wrong:
        raise RedirectFault(f"cannot create {name}: {_reason(wrong, CREATE)}") from wrong


def _source(shell: Running, name: str, path: str) -> Source:
    try:
        if shell.files.is_dir(path):
            return Source(lambda: "")
        text = shell.files.read(path)
    except OSError as wrong:
        raise RedirectFault(f"cannot open {name}: {_reason(wrong, OPEN)}") from wrong
    return _text(text)


def _reason(wrong: OSError, texts: dict[int, str]) -> str:
    return texts.get(wrong.errno or 0) or os.strerror(wrong.errno or 0)
