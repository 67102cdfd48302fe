"""What runs on a machine behind SSH: ``sh`` scripts that hold the machine for a run and look after its commands.

A command outlives the connection: its input is whole before it begins, its output goes to files under ``/run``, and
the files stay until the other side has said that it has them. So a connection that drops neither kills ``pct create``
half-way nor loses what it said: whoever comes back asks for it. Needs sh, coreutils and util-linux; writes to no disk.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from phoenix_hypervisor.command import Command
from phoenix_hypervisor.transport.base import PATH

HELD = "/run/phoenix_hypervisor.flock"
"""Locked by the run that changes this machine, local or not, as long as it is there."""
BUSY = "/run/phoenix_hypervisor.commands.flock"
"""Locked (shared) by every command of such a run, as long as the command is."""
COMMANDS = "/run/phoenix_hypervisor/commands"
READY = "phoenix-ready"
SILENCE = 60
"""Seconds without a sign of life after which the machine is given back."""
KILL_AFTER = 30
"""Seconds between asking a command to end and killing it."""
_PRELUDE = f"""\
set -u
umask 077
PATH={PATH} LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
export PATH LC_ALL DEBIAN_FRONTEND
unset LANGUAGE LANG
"""

_AS_ROOT = 'if [ "$(id -u)" = 0 ]; then exec "$@"; else exec sudo -n -- "$@"; fi'

_HOLD = f"""\
{_PRELUDE}say() {{ echo "{READY} $*"; }}
[ -d /etc/pve ] && command -v pct >/dev/null || {{ say foreign; exit 0; }}
if [ "$1" != look ]; then
  exec 9>>{HELD}
  if [ "$2" != 0 ] && grep -q "$3" "/proc/$2/cmdline" 2>/dev/null; then kill "$2"; fi
  flock -w "$4" 9 || {{ say held; exit 0; }}
fi
if [ "$1" = begin ]; then
  exec 8>>{BUSY}
  flock -n 8 || {{ say busy; exit 0; }}
  exec 8>&-
  rm -rf {COMMANDS}
fi
say open "$(cat /proc/sys/kernel/random/boot_id)" $$
while [ -n "$(timeout {SILENCE} head -c 1 9>&-)" ]; do :; done
"""
"""Arguments: look, begin or again; the process that held before, or 0; the run's token; seconds to wait for it."""

_DELIVER = """\
deliver() {
  printf '%s %s %s %s\\n' "$token" "$(cat "$t/rc")" $(($(wc -c <"$t/out"))) $(($(wc -c <"$t/err")))
  cat "$t/out" "$t/err"
  read -r taken
  if [ "$taken" = "$token" ]; then rm -rf "$t"; fi
}
"""

_START = f"""\
{_PRELUDE}token=$1 bytes=$2 limit=$3 lock=$4
shift 4
t={COMMANDS}/$token
mkdir -p {COMMANDS} && mkdir "$t" || exit 1
echo $$ >"$t/keeper"
head -c "$bytes" >"$t/in"
if [ $(($(wc -c <"$t/in"))) -ne "$bytes" ]; then rm -rf "$t"; exit 1; fi
exec 3<"$t/in"
rm "$t/in"
{_DELIVER}if [ "$lock" = yes ]; then exec 8>>{BUSY}; flock -s 8; fi
: >"$t/begun"
(
  umask 022
  exec setsid timeout -k {KILL_AFTER} "$limit" "$@" <&3 3<&- 8>&- >"$t/out" 2>"$t/err"
) &
echo $! >"$t/process"
exec 3<&-
wait $!
echo $? >"$t/rc.new"
mv "$t/rc.new" "$t/rc"
exec 8>&-
deliver
"""
"""Arguments: token, bytes of input, limit in seconds, whether it belongs to a run that changes something, argv."""

_COLLECT = f"""\
{_PRELUDE}token=$1 t={COMMANDS}/$1
{_DELIVER}if [ -d "$t" ] && [ ! -e "$t/begun" ]; then
  kill "$(cat "$t/keeper")" 2>/dev/null
  sleep 0.2
  [ -e "$t/begun" ] || rm -rf "$t"
fi
[ -d "$t" ] || {{ echo "$token unknown"; exit 0; }}
while [ ! -e "$t/rc" ]; do
  kill -0 "$(cat "$t/keeper")" 2>/dev/null || [ -e "$t/rc" ] || {{ echo "$token lost"; exit 0; }}
  sleep 0.2
done
deliver
"""
"""Argument: token. Waits for the command, then delivers as ``_START`` does."""

_END = f"""\
{_PRELUDE}[ ! -e "{COMMANDS}/$1/process" ] || kill "$(cat "{COMMANDS}/$1/process")" 2>/dev/null
:
"""


@dataclass(frozen=True, slots=True)
class Framed:
    """The head of a delivery: exit status, and the bytes of both outputs that follow."""

    rc: int
    out: int
    err: int


def _line(script: str, *arguments: str) -> str:
    """One line for the login shell there."""
    return shlex.join(("sh", "-c", _AS_ROOT, "sh", "sh", "-c", script, "phoenix", *arguments))


def hold(mode: str, token: str, before: int = 0, wait: int = 0) -> str:
    """Hold the machine as long as bytes come in. ``mode``: look, begin or again; ``before``: the holder's process."""
    return _line(_HOLD, mode, str(before), token, str(wait))


def start(token: str, command: Command, changes: bool) -> str:
    """Run a command whose input comes as so many bytes."""
    size = len(command.stdin.encode("utf-8", "surrogateescape"))
    lock = "yes" if changes else "no"
    return _line(_START, token, str(size), f"{command.timeout:g}", lock, *command.argv)


def collect(token: str) -> str:
    """What a command said whose connection broke."""
    return _line(_COLLECT, token)


def end(token: str) -> str:
    """End a command: asked first, then killed."""
    return _line(_END, token)


def frame(line: str, token: str) -> Framed | str | None:
    """The head of a delivery, or ``unknown`` or ``lost`` in its place; None for a line of somebody else's."""
    head, _, rest = line.strip().partition(" ")
    if head != token:
        return None
    words = rest.split()
    if len(words) == 3 and all(word.isdecimal() for word in words):
        return Framed(*(int(word) for word in words))
    return rest
