"""Host documents for the lab's machine, put together from pieces."""

from __future__ import annotations

from typing import Any


def pool(name: str, level: str, *disks: str) -> dict[str, Any]:
    return {
        "name": name,
        "raid_level": level,
        "disks": list(disks),
        "ashift": 12,
        "autotrim": "on",
        "compression": "lz4",
    }


def dataset(pool: str, name: str, properties: str = "", storage: str = "", content: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "pool": pool, "properties": properties}
    return found | ({"proxmox_storage_type": storage, "proxmox_content_type": content} if storage else {})


def host(**parts: Any) -> dict[str, Any]:
    """A document with these parts."""
    return {"version": "1.0.0", "timezone": "Europe/Berlin", "mount_point_base": "/mnt/pve", **parts}


def zfs(*pools: dict[str, Any], datasets: tuple[dict[str, Any], ...] = (), **more: Any) -> dict[str, Any]:
    return {"pools": list(pools), "datasets": list(datasets), **more}


ADMIN: dict[str, Any] = {
    "username": "ann",
    "password_hash": {"env": "LAB_HASH"},
    "sudo_access": True,
    "groups": ["adm"],
}
