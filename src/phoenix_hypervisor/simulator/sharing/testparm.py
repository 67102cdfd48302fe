"""testparm(1)."""

from __future__ import annotations

import re

from phoenix_hypervisor.simulator.process import Process
from phoenix_hypervisor.simulator.sharing.parameters import listed, squeezed, table
from phoenix_hypervisor.simulator.sharing.smbconf import (
    GLOBAL,
    MAIN,
    Configuration,
    ConfigurationFault,
    Service,
    dump,
    load,
)  # fmt: skip

_FLAGS = {"-s": "s", "--suppress-prompt": "s", "-v": "v", "--verbose": "v", "-l": "l", "--skip-logic-checks": "l"}
_VALUES = ("--parameter-name", "--section-name", "-d", "--debuglevel", "--option")
_ROLES = {
    "standalone server": "ROLE_STANDALONE",
    "member server": "ROLE_DOMAIN_MEMBER",
    "classic primary domain controller": "ROLE_DOMAIN_PDC",
    "classic backup domain controller": "ROLE_DOMAIN_BDC",
    "active directory domain controller": "ROLE_ACTIVE_DIRECTORY_DC",
}


def testparm(process: Process, words: list[str]) -> int:
    flags, values, operands = set[str](), dict[str, str](), list[str]()
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word in _FLAGS:
            flags.add(_FLAGS[word])
        elif name in _VALUES and (equals or rest):
            values[name] = value if equals else rest.pop(0)
        elif word.startswith("-"):
            process.complain(f"\nInvalid option {word}: unknown option\n\nUsage: testparm [OPTION...]\n")
            return 1
        else:
            operands.append(word)
    path = operands[0] if operands else MAIN
    process.complain(f"Load smb config files from {path}\n")
    try:
        configuration = load(process.files, path if path.startswith("/") else f"{process.directory}/{path}")
    except ConfigurationFault as fault:
        process.complain("".join(f"{line}\n" for line in str(fault).splitlines()) + "Error loading services.\n")
        return 1
    process.complain("".join(f"{line}\n" for line in configuration.warnings) + "Loaded services file OK.\n")
    process.complain("Weak crypto is allowed by GnuTLS (e.g. NTLM as a compatibility fallback)\n")
    status = _checked(process, configuration) if "l" not in flags else 0
    return _print(process, configuration, values, flags) or status


def _print(process: Process, configuration: Configuration, values: dict[str, str], flags: set[str]) -> int:
    section, wanted = values.get("--section-name"), values.get("--parameter-name")
    if section is None and wanted is None:
        role = configuration.value("server role")
        process.complain(f"Server role: {_ROLES.get(role.lower(), 'ROLE_STANDALONE')}\n\n")
    if "s" not in flags:
        process.complain("Press enter to see a dump of your service definitions\n")
    is_global = section is None or squeezed(section) in GLOBAL
    if not is_global and configuration.find(section or "") is None:
        process.complain(f"Unknown section {section}\n")
        return 1
    parameter = table().get(squeezed(wanted)) if wanted is not None else None
    if wanted is not None and (parameter is None or not (is_global or parameter.of_shares)):
        return _parametric(process, configuration, section, wanted)
    name = None if section is None else "global" if is_global else section
    if wanted is not None and is_global:
        name = None
    process.say(dump(configuration, name, parameter))
    return 0


def _parametric(process: Process, configuration: Configuration, section: str | None, wanted: str) -> int:
    share = configuration.find(section) if section else None
    values = (share or configuration.globals).parametric
    found = next((value for key, value in values.items() if squeezed(key) == squeezed(wanted)), None)
    if found is None:
        process.complain(f"Parameter {wanted} unknown for section {section or 'global'}\n")
        return 1
    process.say(f"{found}\n")
    return 0


def _checked(process: Process, configuration: Configuration) -> int:
    """The checks across parameters: 1 where one of them is an error."""
    process.complain("\n")
    texts, status = [], 0
    if configuration.holds("wins support") and configuration.value("wins server"):
        texts.append(
            "ERROR: both 'wins support = true' and 'wins server = <server list>' cannot be set in the smb.conf file. "
            "nmbd will abort with this setting."
        )
        status = 1
    if configuration.value("workgroup").upper() == _netbios(process, configuration):
        texts.append("WARNING: 'workgroup' and 'netbios name' must differ.")
    if len(_netbios(process, configuration)) > 15:
        texts.append("WARNING: The 'netbios name' is too long (max. 15 chars).")
    if squeezed(configuration.value("dos charset")) in ("utf8", "utf-8"):
        texts.append("ERROR: 'dos charset' must not be UTF8")
        status = 1
    if len(configuration.value("winbind separator")) != 1:
        texts.append("ERROR: the 'winbind separator' parameter must be a single character.")
        status = 1
    for share in configuration.sections.values():
        texts += _of_share(configuration, share)
    process.complain("".join(f"{text}\n\n" for text in texts))
    return status


def _netbios(process: Process, configuration: Configuration) -> str:
    return (configuration.value("netbios name") or process.machine.hostname).upper()


def _of_share(configuration: Configuration, share: Service) -> list[str]:
    found = []
    for name in ("hosts deny", "hosts allow"):
        for one in listed(configuration.value(name, share)):
            if sign := re.search(r"[*?]", one):
                found.append(f"Invalid character {sign[0]} in {name} list ({one}) for service {share.name}.")
    if configuration.holds("level2 oplocks", share) and not configuration.holds("oplocks", share):
        found.append(
            f"Invalid combination of parameters for service {share.name}. "
            "Level II oplocks can only be set if oplocks are also set."
        )
    return found
