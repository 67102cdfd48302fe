"""A small OS tarball, made on the machine of its own BusyBox: enough for a container that starts, runs and stops."""

from __future__ import annotations

NAME = "debian-12-lab_1_amd64.tar.gz"
SET_UP = rf"""
set -e
root=$(mktemp -d)
chmod 755 "$root"
cd "$root"
mkdir -p bin sbin etc/network etc/ssh proc sys dev tmp root run var/lib usr/bin
cp /bin/busybox bin/
for lib in $(ldd /bin/busybox | grep -o '/lib[^ ]*'); do
  mkdir -p ".$(dirname "$lib")"
  cp "$lib" ".$lib"
done
for name in sh ls cat dd echo env head hostname id mkdir ps rm sleep stat sync touch true; do
  ln -s busybox "bin/$name"
done
for name in init halt poweroff; do ln -s ../bin/busybox "sbin/$name"; done
printf 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="A container of the lab"\n' >etc/os-release
cat >etc/inittab <<END
::sysinit:/bin/hostname -F /etc/hostname
::respawn:/bin/sleep 100000
::shutdown:/bin/true
::ctrlaltdel:/sbin/poweroff
END
printf 'root:x:0:0:root:/root:/bin/sh\n' >etc/passwd
printf 'root:x:0:\n' >etc/group
printf 'root:*:20000:0:99999:7:::\n' >etc/shadow
: >etc/machine-id
mkdir -p /var/lib/vz/template/cache
tar -czf /var/lib/vz/template/cache/{NAME} .
cd /
rm -rf "$root"
"""
"""What is run on the machine, by ``sh``: the tarball lies in the storage ``local`` then."""
