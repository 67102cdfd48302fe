"""Users and groups of the node and of Proxmox, and the keys with which they log in."""

from __future__ import annotations

import base64
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from phoenix_hypervisor.documents.types import Matching, UserName, as_tuple

_KEY = re.compile(
    r"(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)"
    r" (?P<blob>[A-Za-z0-9+/]+={0,2})(?: [^\x00-\x1f\x7f-\x9f\u2028\u2029]*)?"
)


def _not_root(name: str) -> str:
    if name == "root":
        raise PydanticCustomError("value", "it must be a user of its own, not root")
    return name


def _keys(value: Any) -> Any:
    """One key, or a list of them; an empty text is none."""
    if isinstance(value, str):
        value = [value]
    return as_tuple([each for each in value if each != ""] if isinstance(value, list) else value)


def _judged(key: str) -> str:
    text = key.strip()
    found = _KEY.fullmatch(text)
    if found is None or not _is_base64(found["blob"]):
        raise PydanticCustomError("value", "it must be a public key, as ssh-ed25519 AAAA… ann@example")
    return text


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True


AdminName = Annotated[UserName, AfterValidator(_not_root)]
GroupName = Annotated[
    str, Matching(r"[a-z_][a-z0-9_\-]{0,31}", "a group starts with a small letter and has small letters, digits, _ -")
]
AccountName = Annotated[
    str,
    Matching(
        r"[a-z_][a-z0-9_\-]{0,31}|[0-9]{1,10}", "it must be a user or group, by its name or by its number as a string"
    ),
]
FolderMode = Annotated[str, Matching(r"0[0-7]{3}", "a mode has four octal digits, as 0750")]
PublicKey = Annotated[str, AfterValidator(_judged)]
PublicKeys = Annotated[
    tuple[PublicKey, ...],
    BeforeValidator(_keys),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
PveRole = Annotated[str, Matching(r"(?:[A-Za-z][A-Za-z0-9._\-]*)?", "a role has letters, digits and . _ - only")]
_ID = r"[A-Za-z0-9._\-]+"
_PVE_PATHS = (
    "/",
    rf"/access(?:/(?:groups|realm)(?:/{_ID})?)?",
    rf"/(?:nodes|storage)(?:/{_ID})?",
    rf"/pool(?:/{_ID}){{0,3}}",
    rf"/sdn(?:/zones(?:/{_ID}(?:/{_ID}(?:/[1-9][0-9]{{0,3}})?)?)?)?",
    "/vms(?:/[1-9][0-9]{2,})?",
    rf"/mapping(?:/{_ID}){{0,2}}",
)
"""Source: PVE::AccessControl, check_path, as far as Proxmox VE 8 and 9 agree."""
PvePath = Annotated[
    str,
    Matching(
        "|".join(_PVE_PATHS),
        "it must be a path of Proxmox's permissions: /, or one below /access, /mapping, /nodes, /pool, /sdn, /storage, "
        "/vms",
    ),
]
