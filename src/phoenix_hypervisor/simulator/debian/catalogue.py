"""The packages of the simulated archives: name, version, seconds, what they depend on, the units that they bring."""

from __future__ import annotations

ROWS = """
adduser 3.152 0.3
apparmor 4.1.0-1 1.5
apparmor-utils 4.1.0-1 0.6 apparmor
apt-transport-https 3.0.3 0.1
attr 1:2.5.2-3 0.2
acl 2.3.2-2+b1 0.2
autofs 5.1.9-1 1.0 - autofs
bash 5.2.37-2+b10 0.5
bash-completion 1:2.16.0-7 0.4
bind9-dnsutils 1:9.20.15-1 1.0
bridge-utils 1.7.1-4+b1 0.3
build-essential 12.12 25 gcc,g++,make
bzip2 1.0.8-6 0.2
ca-certificates 20250419 1.2 openssl
chrony 4.6.1-3 1.2 - chrony
cifs-utils 2:7.4-1 0.6
cloud-init 25.1.4-1 2.0 - cloud-init
cmake 3.31.6-2 5.0
containerd 1.7.24 4.0 runc containerd
containerd.io 1.7.28-1 5.0 - containerd
cron 3.0pl1-197 0.4 - cron
cuda-toolkit-12-8 12.8.1-1 90
cuda-toolkit-13-0 13.0.2-1 95
curl 8.14.1-2 0.8 libcurl4t64
dbus 1.16.2-2 0.6 - dbus
debconf 1.5.91 0.2
dialog 1.3-20250116 0.3
dirmngr 2.4.7-21 0.4
dkms 3.2.2-1 1.0
dnsutils 1:9.20.15-1 0.2 bind9-dnsutils
docker-buildx-plugin 0.29.1-1 2.0
docker-ce 5:28.5.1-1 8.0 docker-ce-cli,containerd.io,iptables docker
docker-ce-cli 5:28.5.1-1 3.0
docker-compose-plugin 2.40.0-1 2.0
docker-ce-rootless-extras 5:28.5.1-1 1.0
docker-cli 26.1.5+dfsg1-9 2.0
docker-compose 2.26.1-4 1.0
docker-compose-v2 2.40.0-0ubuntu1 1.0
docker.io 26.1.5+dfsg1-9 8.0 containerd,iptables,tini docker
dosfstools 4.2-1.2 0.3
e2fsprogs 1.47.2-3 0.6
ethtool 1:6.14.2-1 0.3
fail2ban 1.1.0-8 1.5 - fail2ban
file 1:5.46-5 0.5
fuse-overlayfs 1.14-1 0.4 fuse3
fuse3 3.17.2-3 0.4
g++ 4:14.2.0-1 8.0 gcc
gcc 4:14.2.0-1 10.0
gdisk 1.0.10-2 0.3
git 1:2.47.3-0 4.0
gnupg 2.4.7-21 1.5 dirmngr
gnupg2 2.4.7-21 0.2 gnupg
gpg 2.4.7-21 0.6
hdparm 9.65+ds-1 0.3
hello 2.10-5 0.3
ifupdown2 3.3.0-1+pmx11 0.6 - networking
intel-microcode 3.20250812.1 1.0
amd64-microcode 3.20250311.1 0.8
firmware-misc-nonfree 20250410-2 1.0
htop 3.4.1-5 0.4
iftop 1.0~pre4-9 0.3
initramfs-tools 0.148.3 2.0
init-system-helpers 1.69 0.1
iotop 0.6-42 0.2
iperf3 3.18-2 0.5
iptables 1.8.11-2 0.8
iputils-ping 3:20240905-3 0.2
iproute2 6.15.0-1 0.6
isc-dhcp-client 4.4.3-P1-8 0.8
jq 1.7.1-6 0.4
keyutils 1.6.3-6 0.2
kmod 34.2-2 0.3
krb5-user 1.21.3-5 0.8
less 668-1 0.3
linux-headers-amd64 6.12.57-1 4.0
lm-sensors 1:3.6.2-2 0.4 - lm-sensors
libcurl4t64 8.14.1-2 0.3
libffi-dev 3.4.8-2 0.3
libgomp1 14.2.0-19 0.2
libnfs-utils 5.0.2-1 0.2
libnvidia-container-tools 1.17.8-1 0.5
libnvidia-container1 1.17.8-1 0.5
libssl-dev 3.5.1-1 1.5
libvulkan1 1.4.309.0-1 0.3
locales 2.41-12 4.0
locales-all 2.41-12 12.0
logrotate 3.22.0-1 0.3
lsb-release 12.1-1 0.1
lshw 02.19.git.2024 0.4
lsof 4.99.4 0.4
lvm2 2.03.31-2 1.5
lxc 1:6.0.4-4 2.0
lxc-pve 6.0.5-3 1.5
lxcfs 6.0.4-pve1 0.5 - lxcfs
libpve-storage-perl 9.1.7 0.3
mailutils 1:3.19-1 1.0
make 4.4.1-2 0.5
man-db 2.13.1-1 4.0
mbuffer 20240107-1 0.2
mdadm 4.4-11 1.0
moreutils 0.69-1 0.3
mosquitto 2.0.21-1 0.8 - mosquitto
nano 8.4-1 0.4
ncdu 1.22-1 0.2
net-tools 2.10-1.3 0.3
nfs-common 1:2.8.3-1 1.5 rpcbind nfs-client.target
nfs-kernel-server 1:2.8.3-1 1.8 nfs-common nfs-server
nftables 1.1.3-1 0.5 - nftables
nginx 1.26.3-3 1.5 - nginx
nodejs 20.19.2 4.0
npm 9.2.0 15
numactl 2.0.19-1 0.2
nvidia-driver 550.163.01-2 30 dkms
nvidia-container-toolkit 1.17.8-1 1.5 libnvidia-container-tools,libnvidia-container1
nvtop 3.2.0-1 0.4
nvme-cli 2.13-2 0.5
open-iscsi 2.1.11-1 1.0
openssh-client 1:10.0p1-7 0.6
openssh-server 1:10.0p1-7 1.0 openssh-client ssh
openssl 3.5.1-1 0.6
p7zip-full 16.02 0.3
parted 3.6-5 0.4
pciutils 1:3.13.0-2 0.3
pigz 2.8-1 0.1
pipx 1.7.1-1 0.5 python3
pkg-config 1.8.1-4 0.2
podman 5.4.2 6.0 fuse-overlayfs
postfix 3.10.4-1 2.5 - postfix
postgresql 17+278 12 - postgresql
prometheus-node-exporter 1.9.0-1 0.8 - prometheus-node-exporter
psmisc 23.7-2 0.2
pv 1.9.31-1 0.2
pve-headers 8.4.0 0.2 proxmox-default-headers
proxmox-default-headers 2.0.0 0.2 proxmox-headers-$(uname-r)
proxmox-archive-keyring 4.0 0.2
proxmox-backup-client 4.1.0-1 0.5
proxmox-default-kernel 2.0.0 0.2
proxmox-mail-forward 1.0.2 0.2
proxmox-ve 9.0.0 0.2
proxmox-widget-toolkit 5.1.5 0.3
pve-container 6.1.10 1.0
pve-cluster 9.0.7 1.0 - pve-cluster
pve-docs 9.1.2 0.5
pve-edk2-firmware 4.2025.05-2 0.5
pve-firewall 6.0.4 0.8 - pve-firewall
pve-firmware 3.17-2 1.5
pve-ha-manager 5.0.8 0.8 - pve-ha-lrm,pve-ha-crm
pve-i18n 3.6.6 0.2
pve-lxc-syscalld 2.0.0-1 0.2 - pve-lxc-syscalld
pve-manager 9.2.11 3.0 - pvedaemon,pveproxy,pvestatd,pvescheduler,pve-guests,spiceproxy
pve-qemu-kvm 10.1.2-4 2.0
pve-zsync 2.4.1 0.2
python3 3.13.5-1 2.0
python3-dev 3.13.5-1 4.0 python3
python3-pip 25.1.1 6.0 python3
python3-setuptools 78.1.1 1.0 python3
python3-venv 3.13.5-1 2.0 python3
python3-yaml 6.0.2-1 0.4 python3
redis-server 5:8.0.2-3 1.0 - redis-server
rpcbind 1.2.7-1 0.5 - rpcbind
rsync 3.4.1 0.5
rsyslog 8.2504.0-1 0.8 - rsyslog
runc 1.1.15 1.0
samba 2:4.22.11+dfsg-0+deb13u1 9.0 samba-common-bin smbd,nmbd
samba-common 2:4.22.11+dfsg-0+deb13u1 0.4
samba-common-bin 2:4.22.11+dfsg-0+deb13u1 3.0 samba-common
samba-vfs-modules 2:4.22.11+dfsg-0+deb13u1 0.2
screen 4.9.1-3 0.4
sg3-utils 1.48-3 0.4
slirp4netns 1.2.1-1 0.2
smartmontools 7.4-3 0.8 - smartmontools
smbclient 2:4.22.11+dfsg-0+deb13u1 1.5
socat 1.8.0.3-1 0.3
software-properties-common 0.111 2.0
sqlite3 3.46.1-7 0.5
strace 6.13 0.4
sudo 1.9.16p2-3 0.6
sysstat 12.7.5-2 0.8
systemd-timesyncd 257.8-1 0.4 - systemd-timesyncd
systemd-resolved 257.8-1 0.6 - systemd-resolved
tcpdump 4.99.5-2 0.5
tini 0.19.0-1 0.2
tmux 3.5a-3 0.5
traceroute 1:2.1.6-1 0.1
tree 2.2.1-1 0.1
tzdata 2025b-4 1.0
ufw 0.36.2-9 1.0 - ufw
uidmap 1:4.17.4-2 0.2
unattended-upgrades 2.12 1.0 - unattended-upgrades
unzip 6.0-29 0.2
usbutils 1:018-2 0.2
util-linux 2.41-5 0.8
ucf 3.0052 0.1
vim 2:9.1.1230-2 2.5
vim-tiny 2:9.1.1230-2 0.8
virt-what 1.27-1 0.1
wget 1.25.0-2 0.5
whiptail 0.52.25-1 0.1
wireguard-tools 1.0.20210914-3 0.4
xfsprogs 6.13.0-2 0.8
xz-utils 5.8.1-1 0.3
yq 3.4.3-2 0.4
zfs-dkms 2.3.2-2 20 dkms
zfs-initramfs 2.3.4-pve1 0.4 zfsutils-linux
zfs-zed 2.3.4-pve1 0.8 - zfs-zed
zfsutils-linux 2.3.4-pve1 2.0 - zfs-mount,zfs-import-cache
zip 3.0-15 0.2
zstd 1.5.7+dfsg-1 0.3
"""
