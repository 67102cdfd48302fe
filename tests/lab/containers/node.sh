#!/bin/sh
# Makes its process the first one of a node: a machine with files, processes, name and network of its own, on the kernel
# and over the files of this one, which stay as they are. It is started in new namespaces.
# Arguments: a folder of the node's, the image's folder, this repository, its Python.
set -eu
place=$1 image=$2 repository=$3 python=$4
address=10.0.2.100/24

hostname pve1
mount --make-rprivate /
mount -t tmpfs -o mode=755 lab "$place/top"
cd "$place/top"
mkdir upper work root
mount -t overlay lab -o "lowerdir=/,upperdir=upper,workdir=work" root
cd root

# Where the kernel has Btrfs, snapshots and clones take a moment; elsewhere they are copied file by file.
truncate -s 64G "$place/pool"
if mkfs.btrfs -q "$place/pool" >&2 && mount -t btrfs -o loop,noatime "$place/pool" "$place/tank"; then
  mkdir "$place/tank/.standin"
fi

bind() {
  mkdir -p ".$2"
  mount --bind "$1" ".$2"
}
mount --rbind /dev dev
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup sys/fs/cgroup
mount -t tmpfs -o mode=755 run run
mount -t tmpfs tmp tmp
rm -rf etc/pve var/lib/lxc var/lib/phoenix var/lib/vz
mkdir -p var/lib/lxc run/lock/lxc etc/pve
bind "$place/tank" /tank
bind "$place/user" "$place/user"
bind "$image" /var/lib/vz/template/cache
bind "$repository" "$repository"
bind "$place/src" "$repository/src"
bind "$place/lab" "$repository/tests/lab"

for tool in pct pvesm pveum pveam pveversion zfs; do
  rm -f "usr/sbin/$tool"
  cat >"usr/sbin/$tool" <<END
#!/bin/sh
# A stand-in of the lab: this is not the command itself.
PYTHONPATH=$repository/src:$repository/tests exec "$python" -m lab.standin $tool "\$@"
END
  chmod 755 "usr/sbin/$tool"
done
echo pve1 >etc/hostname
printf '127.0.0.1 localhost\n%s pve1.local pve1\n' "${address%/*}" >etc/hosts
rm -f etc/resolv.conf
echo 'nameserver 10.0.2.3' >etc/resolv.conf
echo root:100000:65536 | tee etc/subuid >etc/subgid
ln -snf nodes/pve1 etc/pve/local
printf 'user:root@pam:1:0:::root@localhost::\n' >etc/pve/user.cfg
printf 'dir: local\n\tpath /var/lib/vz\n\tcontent iso,vztmpl,backup\n\n' >etc/pve/storage.cfg
printf 'zfspool: tank\n\tpool tank\n\tcontent images,rootdir\n\tsparse 1\n' >>etc/pve/storage.cfg

mkdir .old
pivot_root . .old
cd /
umount -l /.old
rmdir /.old
ip link set lo up
ip link add vmbr0 type bridge
ip address add "$address" dev vmbr0
ip link set vmbr0 up
PYTHONPATH=$repository/src:$repository/tests "$python" -m lab.standin.guests_list &
zfs list >/dev/null
until [ -s /etc/pve/.vmlist ]; do sleep 0.1; done
echo ready
exec >&- 2>&-
while :; do
  sleep 86400 &
  wait $!
done
