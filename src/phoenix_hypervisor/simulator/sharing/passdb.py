"""Samba's accounts: ``/var/lib/samba/private/passdb.tdb``, here as lines; a password is its NT hash.

Source of the forms: smbpasswd(5), pdbedit(8).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from phoenix_hypervisor.simulator.coreutils.accounts import table
from phoenix_hypervisor.simulator.filesystem import Filesystem

DATABASE = "/var/lib/samba/private/passdb.tdb"
NO_PASSWORD = "X" * 32


@dataclass(frozen=True, slots=True)
class Account:
    """A user whom Samba knows. ``nt`` is empty where no password was ever set."""

    name: str
    uid: int
    full_name: str = ""
    nt: str = ""
    disabled: bool = False
    without_password: bool = False
    set_at: int = 0

    @property
    def flags(self) -> str:
        """``[DU         ]``."""
        letters = ("N" if self.without_password else "") + ("D" if self.disabled else "") + "U"
        return f"[{letters:<11}]"


def read(files: Filesystem) -> dict[str, Account]:
    """The accounts by name."""
    entry = files.stat(DATABASE)
    found: dict[str, Account] = {}
    for line in (entry.data if entry else "").splitlines():
        name, uid, full, nt, disabled, without, set_at = line.split("\t")
        found[name] = Account(name, int(uid), full, nt, disabled == "1", without == "1", int(set_at))
    return found


def write(files: Filesystem, accounts: dict[str, Account]) -> None:
    rows = (
        (one.name, one.uid, one.full_name, one.nt, int(one.disabled), int(one.without_password), one.set_at)
        for one in accounts.values()
    )
    files.mkdir(DATABASE.rpartition("/")[0], parents=True)
    files.write(DATABASE, "".join("\t".join(map(str, row)) + "\n" for row in rows), mode=0o600)


def of_unix(files: Filesystem, name: str) -> Account | None:
    """A new account for a user of the system; None where there is no such user."""
    row = next((row for row in table(files, "/etc/passwd") if row[0] == name), None)
    return None if row is None else Account(name, int(row[2]), row[4].partition(",")[0])


def with_password(account: Account, password: str, now: float) -> Account:
    return replace(account, nt=nt_hash(password), without_password=False, set_at=int(now))


def opens(account: Account, password: str) -> bool:
    """Whether a password lets the user in."""
    if account.disabled:
        return False
    return account.without_password or (bool(account.nt) and account.nt == nt_hash(password))


def nt_hash(password: str) -> str:
    """MD4 over UTF-16 in 32 hexadecimal digits. Source: RFC 1320."""
    data = password.encode("utf-16-le")
    data += b"\x80" + bytes(-(len(data) + 9) % 64) + (8 * len(data)).to_bytes(8, "little")
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    for start in range(0, len(data), 64):
        words = [int.from_bytes(data[at : at + 4], "little") for at in range(start, start + 64, 4)]
        state = [(old + new) & 0xFFFFFFFF for old, new in zip(state, _round(state, words), strict=True)]
    return b"".join(word.to_bytes(4, "little") for word in state).hex().upper()


_ORDERS = (
    tuple(range(16)),
    tuple(4 * (number % 4) + number // 4 for number in range(16)),
    (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15),
)
_SHIFTS = ((3, 7, 11, 19), (3, 5, 9, 13), (3, 9, 11, 15))
_ADDED = (0, 0x5A827999, 0x6ED9EBA1)


def _round(state: list[int], words: list[int]) -> list[int]:
    a, b, c, d = state
    for step, (order, shifts, added) in enumerate(zip(_ORDERS, _SHIFTS, _ADDED, strict=True)):
        for number, index in enumerate(order):
            mixed = ((b & c) | (~b & d), (b & c) | (b & d) | (c & d), b ^ c ^ d)[step]
            total = (a + mixed + words[index] + added) & 0xFFFFFFFF
            shift = shifts[number % 4]
            a, b, c, d = d, ((total << shift) | (total >> (32 - shift))) & 0xFFFFFFFF, b, c
    return [a, b, c, d]
