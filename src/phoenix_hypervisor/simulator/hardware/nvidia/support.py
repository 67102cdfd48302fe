"""Which driver builds for which kernel."""

from __future__ import annotations

import re

_NEWEST: tuple[tuple[tuple[int, ...], tuple[int, int]], ...] = (
    ((0,), (6, 5)),
    ((535,), (6, 8)),
    ((550,), (6, 8)),
    ((550, 120), (6, 11)),
    ((550, 144), (6, 14)),
    ((555,), (6, 9)),
    ((560,), (6, 10)),
    ((565,), (6, 12)),
    ((570,), (6, 13)),
    ((570, 144), (6, 14)),
    ((575,), (6, 15)),
    ((580,), (6, 17)),
    ((580, 119), (6, 18)),
    ((580, 142), (7, 0)),
    ((580, 159, 4), (7, 1)),
    ((590,), (6, 18)),
    ((595,), (7, 0)),
)
"""The newest kernel that a driver builds for, from that version of it on, within its branch.

Sources: NVIDIA's release notes ("fixed kernel module build issue with Linux kernel v7.1" in 580.159.04);
NVIDIA/open-gpu-kernel-modules#1143 (550.163.01 and 555.58.02 fail on 6.17-pve), void-linux/void-packages#54925
(570.133.07 on 6.14), #60171 (580.126.18 on 7.0), #61087 (580.142 on 7.0 and 7.1), Frogging-Family/nvidia-all#379
(580.119.02 builds on 6.18, fails on 7.0).
Branches without a report take what was current when they came out.
"""


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(one) for one in re.findall(r"[0-9]+", version))


def builds(version: str, kernel: str) -> bool:
    """Whether a driver's modules build for a kernel release."""
    wanted = numbers(version)
    found = [newest for since, newest in _NEWEST if since <= wanted]
    return numbers(kernel)[:2] <= found[-1]
