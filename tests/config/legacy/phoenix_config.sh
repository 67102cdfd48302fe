#!/bin/bash
# phoenix_config.sh: what the scripts of the first generation read. Every construct that such files have, and some
# that they should not. Nothing of it is ever run.

set -euo pipefail

# Other files, and functions that only they define.
source /usr/local/bin/common.sh || { echo "common.sh is missing" >&2; exit 1; }
setup_logging

LOGFILE="/var/log/phoenix_setup.log"
export LOGFILE

# --- Driver: the environment may say otherwise ---
export PHOENIX_NVIDIA_DRIVER_VERSION="${PHOENIX_NVIDIA_DRIVER_VERSION:-580.76.05}"
NVIDIA_SITE=https://us.download.nvidia.com/XFree86/Linux-x86_64
export PHOENIX_NVIDIA_RUNFILE_URL="$NVIDIA_SITE/${PHOENIX_NVIDIA_DRIVER_VERSION}/NVIDIA-Linux-x86_64-${PHOENIX_NVIDIA_DRIVER_VERSION}.run"

# --- Network ---
PROXMOX_NFS_SERVER=10.0.0.13; DEFAULT_SUBNET='10.0.0.0/24'
export PROXMOX_NFS_SERVER DEFAULT_SUBNET
: "${DOMAIN_NAME:=lab.example}"

# --- Samba ---
readonly SMB_USER=${SMB_USER:-"heads"}
SMB_PASSWORD="canary-of-samba"       # never leaves this file
ADMIN_PASSWORD_HASH='$6$canary$hash'
SMB_LOGIN="$SMB_USER%$SMB_PASSWORD"

# --- Pools ---
QUICKOS_POOL="quickOS"
FASTDATA_POOL=$'fastData'
# STORAGE_NFS_POOL="storageNFS"  # disabled
DISKS=/dev/disk/by-id
QUICKOS_DRIVES=("$DISKS/nvme-Example_SSD_2TB_S1" ${DISKS}/nvme-Example_SSD_2TB_S2)
QUICKOS_RAID_LEVEL=mirror
FASTDATA_DRIVE="$DISKS"/'nvme-Example_SSD_4TB_S3'

# --- Datasets ---
QUICKOS_DATASET_LIST=("vm-disks" 'lxc-disks')
QUICKOS_DATASET_LIST+=(shared-prod-data)
declare -gA QUICKOS_DATASET_PROPERTIES=(
    ["vm-disks"]="recordsize=128K,compression=lz4,quota=800G"
    # ["vm-disks"]="recordsize=64K"
    [lxc-disks]="recordsize=16K,compression=lz4"   # the quota follows
)
QUICKOS_DATASET_PROPERTIES["lxc-disks"]+=",quota=600G"
QUICKOS_DATASET_PROPERTIES['shared-prod-data']='recordsize=128K,quota=400G'
QUICKOS_DATASET_PROPERTIES[forgotten]="quota=1G"

ISO=shared-iso
FASTDATA_DATASET_LIST=(
    shared-backups
    "$ISO"
    # shared-test-data
    "$(hostname)-data"
)
declare -A FASTDATA_DATASET_PROPERTIES
FASTDATA_DATASET_PROPERTIES=([shared-backups]="recordsize=1M,compression=zstd,quota=2T" ["$ISO"]="recordsize=1M,quota=100G")

# --- Storages ---
declare -A DATASET_STORAGE_TYPES
DATASET_STORAGE_TYPES["quickOS/vm-disks"]="zfspool:images"
DATASET_STORAGE_TYPES["${QUICKOS_POOL}/lxc-disks"]="zfspool:rootdir"
DATASET_STORAGE_TYPES[fastData/shared-backups]="dir:backup"
DATASET_STORAGE_TYPES["$FASTDATA_POOL/$ISO"]="dir:iso,vztmpl"
DEFAULT_STORAGE_ID_QUICKOS_VM="quickOS-vm"
DEFAULT_STORAGE_ID_QUICKOS_LXC_DISKS="quickOS-lxc"
DEFAULT_STORAGE_ID_FASTDATA_BACKUP="fastData-backup"
DEFAULT_STORAGE_ID_FASTDATA_ISO="fastData-iso"
DEFAULT_STORAGE_ID_FASTDATA_SHARED="fastData-shared"

# --- NFS and Samba ---
NFS_DATASET_LIST=("quickOS/shared-prod-data" "fastData/$ISO" "fastData/absent")
declare -A NFS_DATASET_OPTIONS=(
    ["quickOS/shared-prod-data"]="rw,async,no_subtree_check"
    ["fastData/shared-iso"]="ro,sync"
)
SAMBA_DATASET_LIST=(quickOS/shared-prod-data)
declare -A SAMBA_DATASET_OPTIONS
SAMBA_DATASET_OPTIONS["quickOS/shared-prod-data"]="browseable=yes writable=yes"

# --- Limits ---
#ZFS_ARC_MAX=1
ZFS_ARC_MAX="32212254720"  # 30 GiB
MOUNT_BASE=/mnt
MOUNT_POINT_BASE=${MOUNT_BASE}/pve

# --- What only a run would tell ---
TIMEZONE=$(cat /etc/timezone)
CUDA_VERSION=$((12 + 1))
if [[ -d /srv ]]; then
    ADMIN_USER=srv_admin
fi
[ -n "$HF_HOME" ] && HF_TOKEN_FILE="$HF_HOME/token"
ZFS_LXC_POOL=quickOS/lxc-disks
unset ZFS_LXC_POOL

# --- What is not in force ---
with_test_pool() {
    local pool=test
    QUICKOS_POOL="$pool"
    ZFS_ARC_MAX=1
}
(MOUNT_POINT_BASE=/nowhere)
SMB_USER=nobody true

# --- A function that is called ---
network_defaults() {
    local port=9443
    PORTAINER_SERVER_IP=10.0.0.99
    PORTAINER_SERVER_PORT=$port
}
network_defaults
