"""The options of nvidia-installer. Source: its option_table.h."""

from __future__ import annotations

from dataclasses import dataclass, field


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SHORT = dict(
    pair.split("=")
    for pair in _names(
        """
        v=version h=help A=advanced-options a=accept-license i=driver-info e=expert q=no-questions s=silent
        c=no-ncurses-color k=kernel-name n=no-precompiled-interface b=no-backup r=no-recursion K=kernel-modules-only
        z=no-nouveau-check Z=disable-nouveau X=run-nvidia-xconfig j=concurrency-level M=kernel-module-type
        m=kernel-module-build-directory
        """
    )
)
_VALUES = _names(
    """
    compat32-chroot compat32-libdir compat32-prefix concurrency-level documentation-prefix force-selinux
    kernel-include-path kernel-install-path kernel-module-build-directory kernel-module-source-dir
    kernel-module-source-prefix kernel-module-type kernel-name kernel-output-path kernel-source-path log-file-name
    module-signing-hash module-signing-key-path module-signing-public-key module-signing-script
    module-signing-secret-key opengl-libdir opengl-prefix proc-mount-point tmpdir ui utility-libdir utility-prefix
    wine-prefix x-library-path x-module-path x-prefix x-sysconfig-path
    """
)
_FLAGS = _names(
    """
    accept-license advanced-options allow-installation-with-running-driver disable-nouveau dkms driver-info expert
    force-libglx-indirect help install-compat32-libs install-libglvnd kernel-module-only kernel-modules-only
    no-abi-note no-allow-installation-with-running-driver no-backup no-cc-version-check
    no-check-for-alternate-installs no-disable-nouveau no-distro-scripts no-dkms no-drm no-install-compat32-libs
    no-install-libglvnd no-kernel-module no-kernel-module-source no-kernel-modules no-libglx-indirect
    no-ncurses-color no-nouveau-check no-nvidia-modprobe no-opengl-files no-peermem no-precompiled-interface
    no-questions no-rebuild-initramfs no-recursion no-rpms no-sigwinch-workaround no-systemd no-unified-memory
    no-wine-files no-x-check rebuild-initramfs run-nvidia-xconfig sanity silent skip-depmod skip-module-unload
    systemd uninstall version
    """
)
_SAME = {"no-kernel-module": "no-kernel-modules", "kernel-module-only": "kernel-modules-only"}


class OptionFault(Exception):
    """Words that nvidia-installer does not take."""


@dataclass
class Options:
    """What was given, by the long names."""

    given: dict[str, str] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.given

    def get(self, name: str) -> str:
        return self.given.get(name, "")

    @property
    def is_silent(self) -> bool:
        """Whether no question is asked."""
        return "silent" in self or "no-questions" in self

    @property
    def without_kernel(self) -> bool:
        return "no-kernel-modules" in self


def parse(words: list[str]) -> Options:
    """Raises OptionFault."""
    options, rest = Options(), list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.lstrip("-").partition("=")
        if word[:1] != "-" or not name:
            raise OptionFault(f'unrecognized option: "{word}"')
        if not word.startswith("--") and len(name) == 1:
            name = _SHORT.get(name, name)
        if name in _VALUES:
            if not equals and not rest:
                raise OptionFault(f'option requires an argument: "{word}"')
            options.given[name] = value if equals else rest.pop(0)
        elif name in _FLAGS and not equals:
            options.given[_SAME.get(name, name)] = ""
        else:
            raise OptionFault(f'unrecognized option: "{word}"')
    _check(options)
    return options


def _check(options: Options) -> None:
    if options.get("ui") not in ("", "none", "ncurses", "ncurses6", "ncursesw6"):
        raise OptionFault(f'invalid value for option "ui": "{options.get("ui")}"')
    if options.get("kernel-module-type") not in ("", "open", "proprietary"):
        raise OptionFault(f'invalid value for option "kernel-module-type": "{options.get("kernel-module-type")}"')
