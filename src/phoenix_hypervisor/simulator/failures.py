"""How a Proxmox command says that it failed."""

from __future__ import annotations

from collections.abc import Mapping


class PveError(Exception):
    """A Perl ``die``: the text for standard error and the exit status."""

    def __init__(self, text: str, rc: int = 255) -> None:
        super().__init__(text)
        self.text = text
        self.rc = rc


class ParameterError(PveError):
    """``400 Parameter verification failed.``: one reason per parameter; the command adds its usage line."""

    def __init__(self, reasons: Mapping[str, str], rc: int = 2) -> None:
        lines = "".join(f"{name}: {reason}\n" for name, reason in sorted(reasons.items()))
        super().__init__(f"400 Parameter verification failed.\n{lines}".removesuffix("\n"), rc)
        self.reasons = dict(reasons)


def no_configuration(node: str, ctid: int, rc: int = 2) -> PveError:
    return PveError(f"Configuration file 'nodes/{node}/lxc/{ctid}.conf' does not exist", rc)
