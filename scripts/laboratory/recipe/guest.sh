#!/bin/bash
# Makes a Debian base system into the lab's machine. Runs in a chroot with mount and process namespaces of its own.
# Arguments: the suite. /recipe is this folder.
set -euo pipefail
suite=$1
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs -o ro sys /sys
mount -t tmpfs tmp /run
mount -t tmpfs tmp /tmp

mapfile -t packages </recipe/packages
install() {
  apt-get -qq -y -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 install "$@"
}

cp -a --no-preserve=ownership /recipe/files/. /
update-ca-certificates
apt-get -qq update
install linux-image-cloud-amd64 linux-headers-cloud-amd64 initramfs-tools busybox udev zstd
install "${packages[@]}"
install -t "$suite-backports" zfs-dkms zfsutils-linux zfs-zed

kernel=$(basename /boot/vmlinuz-*)
kernel=${kernel#vmlinuz-}
if [ ! -e "/lib/modules/$kernel/updates/dkms/zfs.ko" ]; then
  cat /var/lib/dkms/zfs/*/build/make.log >&2 || true
  echo "the ZFS module was not built for $kernel" >&2
  exit 1
fi

# What a fresh node has not running is started by whoever needs it.
systemctl disable -q smbd nmbd samba-ad-dc nfs-server lxc lxc-net
systemctl mask -q serial-getty@ttyS0 e2scrub_all.timer apt-daily.timer apt-daily-upgrade.timer fstrim.timer dpkg-db-backup.timer \
  mdcheck_start.timer mdcheck_continue.timer mdmonitor-oneshot.timer

mkdir -p -m 700 /root/.ssh
cp /recipe/key.pub /root/.ssh/authorized_keys
update-initramfs -u -k "$kernel"
apt-get clean
# QEMU's user network answers names as this machine does.
echo 'nameserver 10.0.2.3' >/etc/resolv.conf
