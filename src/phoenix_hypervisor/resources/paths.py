"""Places on a machine, as resources name them."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

_PATH = re.compile(r"(?:/[^\x00-\x1f\x7f/]+)+")


def _absolute(path: str) -> str:
    if not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        raise ValueError("it must be an absolute path without . and .. parts")
    return path


AbsolutePath = Annotated[str, AfterValidator(_absolute)]
Mode = Annotated[str, Field(pattern=r"^0[0-7]{3}$")]
"""As ``0644``."""
Owner = Annotated[str, Field(pattern=r"^(?:[a-z_][a-z0-9_.\-]*\$?|[0-9]{1,10})$", max_length=32)]
"""A user or group of the machine, by name or number."""
