"""What nvidia-installer says. Source: NVIDIA/nvidia-installer (misc.c, kernel.c, install-from-cwd.c)."""

from __future__ import annotations

LOG = "/var/log/nvidia-installer.log"
TITLE = "NVIDIA Accelerated Graphics Driver for Linux-x86_64"
NOUVEAU = (
    "The Nouveau kernel driver is currently in use by your system.  This driver is incompatible with the "
    "NVIDIA driver, and must be disabled before proceeding."
)
X_SERVER = (
    "You appear to be running an X server; please exit X before installing.  For further details, please see "
    "the section INSTALLING THE NVIDIA DRIVER in the README available on the Linux driver download page at "
    "www.nvidia.com."
)
OTHER = (
    "The NVIDIA driver appears to have been installed previously using a different installer. To prevent "
    "potential conflicts, it is recommended either to update the existing installation using the same "
    "mechanism by which it was originally installed, or to uninstall the existing installation before "
    "installing this driver."
)
IN_USE = (
    "An NVIDIA kernel module '{}' appears to already be loaded in your kernel.  This may be because it is in "
    "use (for example, by an X server, a CUDA program, or the NVIDIA Persistence Daemon), but this may also "
    "happen if your kernel was configured without support for module unloading.  Please be sure to exit any "
    "programs that may be using the GPU(s) before attempting to upgrade your driver.  If no GPU-based "
    "programs are running, you know that your kernel supports module unloading, and you still receive this "
    "message, then an error may have occured that has corrupted an NVIDIA kernel module's usage count, for "
    "which the simplest remedy is to reboot your computer."
)
TOOL = (
    "Unable to find the development tool `{0}` in your path; please make sure that you have the package '{1}'"
    " installed.  If {1} is installed on your system, then please check that `{0}` is in your PATH."
)
HEADERS = (
    "Unable to find the kernel source tree for the currently running kernel.  Please make sure you have "
    "installed the kernel source files for your kernel and that they are properly configured; on Red Hat "
    "Linux systems, for example, be sure you have the 'kernel-source' or 'kernel-devel' RPM installed.  If "
    "you know the correct kernel source files are installed, you may specify the kernel source path with the "
    "'--kernel-source-path' command line option."
)
FAILED = (
    "Installation has failed.  Please see the file '/var/log/nvidia-installer.log' for details.  You may find"
    " suggestions on fixing installation problems in the README available on the Linux driver download page "
    "at www.nvidia.com."
)
NO_DKMS = (
    "Failed to install the kernel module through DKMS. No kernel module was installed; please try installing "
    "again without DKMS, or check the DKMS logs for more information."
)
NOT_BUILT = (
    "You specified the '--no-kernel-modules' command line option, nvidia-installer will not install any "
    "kernel modules as part of this driver installation."
)
DISABLED = (
    "One or more modprobe configuration files to disable Nouveau have been written.  You will need to reboot "
    "your system and possibly rebuild the initramfs before these changes can take effect.  Note if you later "
    "wish to re-enable Nouveau, you will need to delete these files: {}"
)
