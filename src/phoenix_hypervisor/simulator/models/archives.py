"""The archives that their makers publish, by address.

A program in one is a file that names its simulated self and its version: it is there only where it was unpacked.
"""

from __future__ import annotations

import re

OLLAMA, LLAMA = "simulated-ollama", "simulated-llama-server"
"""The names by which the programs are known to the machine."""
MAGIC, ZSTD = "ustar\x00", "zstd\x00"
"""With what each file of a simulated archive begins; with what one does that zstd has made."""
_PLACES = ("https://ollama.com/download/", "https://github.com/ollama/ollama/releases/",
           "https://github.com/ggml-org/llama.cpp/releases/")  # fmt: skip
_OLLAMA = re.compile(
    r"https://(?:ollama\.com/download|github\.com/ollama/ollama/releases/download/v(?P<version>[0-9.]+))"
    r"/ollama-linux-amd64\.(?P<kind>tgz|tar\.zst)"
)
_LLAMA = re.compile(
    r"https://github\.com/ggml-org/llama\.cpp/releases/download/b(?P<build>[0-9]+)"
    r"/llama-b(?P=build)-bin-ubuntu-(?:vulkan-)?x64\.tar\.gz"
)
_LLAMAS = ("8133", "11194", "11211")
_OLLAMAS = ("0.12.11", "0.13.5", "0.14.1", "0.14.3")
_SINCE = "0.14.0"
"""The first release that comes as tar.zst, and no longer as tgz."""


def is_place(url: str) -> bool:
    """Whether such an address is answered for here."""
    return url.startswith(_PLACES)


def published(url: str) -> str | None:
    """What is at an address; None where nothing is."""
    if (build := _LLAMA.fullmatch(url)) and build[1] in _LLAMAS:
        return f"{MAGIC}llama-b{build[1]}/llama-server\n#!/usr/bin/{LLAMA} {build[1]}\n"
    found = _OLLAMA.fullmatch(url)
    if found is None:
        return None
    version = found["version"] or _OLLAMAS[-1]
    kind = "tar.zst" if _numbers(version) >= _numbers(_SINCE) else "tgz"
    if version not in _OLLAMAS or kind != found["kind"]:
        return None
    program = f"#!/usr/bin/{OLLAMA} {version}\n"
    begin = ZSTD if kind == "tar.zst" else ""
    return f"{begin}{MAGIC}bin/ollama\n{program}{MAGIC}lib/ollama/libggml-base.so\n\x7fELF ggml\n"


def unpacked(text: str) -> dict[str, str]:
    """The files of an archive. Raises ValueError for what is none."""
    begin, *files = text.removeprefix(ZSTD).split(MAGIC)
    if begin or not files:
        raise ValueError("no archive")
    return {name: data for name, _, data in (each.partition("\n") for each in files)}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
