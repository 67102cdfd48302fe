"""What runs on a machine behind SSH: ``sh`` scripts that hold the machine for a run and look after its commands.

A command outlives the connection: its input is whole before it begins, its output goes to files under ``/run``, and
the files stay until the other side has said that it has them. So a connection that drops neither kills ``pct create``
half-way nor loses what it said: whoever comes back asks for it. Needs sh, coreutils and util-linux; writes to no disk.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from phoenix_hypervisor.command import Command, encode
from phoenix_hypervisor.transport.base import PATH

HELD = "/run/phoenix_hypervisor.flock"
"""Locked by the run that changes this machine, local or not, as long as it is there."""
BUSY = "/run/phoenix_hypervisor.commands.flock"
"""Locked (shared) by every command of such a run, as long as the command is."""
_COMMANDS, _LOOKS = "/run/phoenix_hypervisor/commands", "/run/phoenix_hypervisor/looks"
"""Where the commands of runs that change the machine lie, and those of runs that only look."""
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
{_PRELUDE}say() {{ printf '\\n%s\\n' "{READY} $*"; }}
[ -d /etc/pve ] && command -v pct >/dev/null || {{ say foreign; exit 0; }}
find {_COMMANDS} {_LOOKS} -mindepth 1 -maxdepth 1 -mmin +1440 -exec rm -rf {{}} + 2>/dev/null
if [ "$1" != look ]; then
  exec 9>>{HELD}
  if [ "$2" != 0 ] && grep -q "$3" "/proc/$2/cmdline" 2>/dev/null; then kill "$2"; fi
  flock -w "$4" 9 || {{ say held; exit 0; }}
fi
if [ "$1" = again ] && [ -s {HELD} ] && [ "$(cat {HELD})" != "$3" ]; then
  say taken
  exit 0
fi
if [ "$1" = begin ]; then
  exec 8>>{BUSY}
  flock -n 8 || {{ say busy; exit 0; }}
  exec 8>&-
  rm -rf {_COMMANDS}
  echo "$3" >{HELD}
fi
say open "$(cat /proc/sys/kernel/random/boot_id)" $$
while [ -n "$(timeout {SILENCE} head -c 1 9>&-)" ]; do :; done
"""
"""Arguments: look, begin or again; the process that held before, or 0; the run's token; seconds to wait for it.

``taken``: another run was at work meanwhile, as the word in the lock's file tells.
"""

_DELIVER = """\
say() { printf '\\n%s\\n' "$token $*"; }
deliver() {
  rc=$(cat "$t/rc")
  out=$(($(wc -c <"$t/out"))) err=$(($(wc -c <"$t/err")))
  set -- $rc
  [ $# -eq 1 ] || { say lost; exit 0; }
  say "$1 $out $err"
  head -c "$out" "$t/out"
  head -c "$err" "$t/err"
  read -r taken
  if [ "$taken" = "$token" ]; then rm -rf "$t"; fi
}
"""

_START = f"""\
{_PRELUDE}token=$1 t=$2/$1 bytes=$3 limit=$4 holder=$5 run=$6
mkdir -p "$2" && mkdir "$t" || exit 1
shift 6
{_DELIVER}echo $$ >"$t/keeper"
head -c "$bytes" >"$t/in"
if [ $(($(wc -c <"$t/in"))) -ne "$bytes" ]; then rm -rf "$t"; exit 1; fi
exec 3<"$t/in"
rm "$t/in"
echo "   " >"$t/rc.new" || exit 1
if [ "$holder" != 0 ]; then
  exec 8>>{BUSY}
  flock -s 8
  grep -q "$run" "/proc/$holder/cmdline" 2>/dev/null || {{ rm -rf "$t"; say unheld; exit 0; }}
fi
: >"$t/begun" || exit 1
(
  umask 022
  exec setsid timeout -k {KILL_AFTER} "$limit" "$@" <&3 3<&- 8>&- >"$t/out" 2>"$t/err"
) &
echo $! >"$t/process"
exec 3<&-
wait $!
printf %s "$?" 1<>"$t/rc.new"
mv "$t/rc.new" "$t/rc"
exec 8>&-
deliver
"""
"""Arguments: token, folder, bytes of input, limit in seconds, who holds the machine (0: nobody need), the run, argv.

The exit status has its place before the command begins: it is kept even where the command fills ``/run``. Whether the
run still holds the machine is looked at under the lock that keeps another run from beginning: ``unheld`` if not.
"""

_COLLECT = f"""\
{_PRELUDE}token=$1 t=$2/$1
{_DELIVER}if [ -d "$t" ] && [ ! -e "$t/begun" ]; then
  kill "$(cat "$t/keeper")" 2>/dev/null
  sleep 0.2
  [ -e "$t/begun" ] || rm -rf "$t"
fi
[ -d "$t" ] || {{ say unknown; exit 0; }}
while [ ! -e "$t/rc" ]; do
  kill -0 "$(cat "$t/keeper")" 2>/dev/null || [ -e "$t/rc" ] || {{ say lost; exit 0; }}
  sleep 0.2
done
deliver
"""
"""Arguments: token, folder. Waits for the command, then delivers as ``_START`` does."""

_END = f"""\
{_PRELUDE}[ ! -e "$2/$1/process" ] || kill "$(cat "$2/$1/process")" 2>/dev/null
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


def hold(mode: str, run: str, before: int = 0, wait: int = 0) -> str:
    """Hold the machine as long as bytes come in. ``mode``: look, begin or again; ``before``: the holder's process."""
    return _line(_HOLD, mode, str(before), run, str(wait))


@dataclass(frozen=True, slots=True)
class Remote:
    """A command on its way: its token, its run, and who holds the machine for it (a process; None: it only looks)."""

    token: str
    run: str
    holder: int | None

    @property
    def _folder(self) -> str:
        return _LOOKS if self.holder is None else _COMMANDS

    def start(self, command: Command) -> str:
        """Run a command whose input comes as so many bytes."""
        size = len(encode(command.stdin))
        arguments = (str(size), f"{command.timeout:g}", str(self.holder or 0), self.run)
        return _line(_START, self.token, self._folder, *arguments, *command.argv)

    def collect(self) -> str:
        """What a command said whose connection broke."""
        return _line(_COLLECT, self.token, self._folder)

    def end(self) -> str:
        """End a command: asked first, then killed."""
        return _line(_END, self.token, self._folder)


def frame(line: str, token: str) -> Framed | str | None:
    """The head of a delivery, or ``unknown``, ``unheld`` or ``lost`` in its place; None for somebody else's line."""
    head, _, rest = line.strip().partition(" ")
    if head != token:
        return None
    words = rest.split()
    if len(words) == 3 and all(word.isdecimal() for word in words):
        return Framed(*(int(word) for word in words))
    return rest
