"""A legacy file as the host document: what it says is carried over, whole and exact, and the rest is told."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phoenix_hypervisor.config.legacy import SCHEMA, Migration, migrate
from phoenix_hypervisor.config.legacy.parsing import survives
from phoenix_hypervisor.config.legacy.script import SIZE_LIMIT
from phoenix_hypervisor.config.load import load
from phoenix_hypervisor.errors import ConfigurationError

SAMPLE = Path(__file__).with_name("phoenix_config.sh")
DISKS = "/dev/disk/by-id/nvme-Example_SSD"
SITE = "https://us.download.nvidia.com/XFree86/Linux-x86_64"


def read(*lines: str) -> Migration:
    return migrate("\n".join((*lines, "")).encode(), "f.sh")


def codes(found: Migration) -> list[tuple[int, int, str]]:
    return [(each.place.line, each.place.column, each.code) for each in found.problems]


def refusal(content: bytes) -> str:
    with pytest.raises(ConfigurationError) as caught:
        migrate(content, "f.sh")
    return str(caught.value.problems[-1])


def dataset(pool: str, name: str, properties: str, storage: str = "") -> dict[str, Any]:
    kind, _, content = storage.partition(":")
    more = {"proxmox_storage_type": kind, "proxmox_content_type": content} if storage else {}
    return {"name": name, "pool": pool, "properties": properties, **more}


def test_the_sample_is_what_its_file_says() -> None:
    assert migrate(SAMPLE.read_bytes(), "f.sh").document == {
        "$schema": SCHEMA,
        "domain_name": "lab.example",
        "network": {
            "portainer_server_ip": "10.0.0.99",
            "portainer_server_port": 9443,
            "default_subnet": "10.0.0.0/24",
            "nfs_server": "10.0.0.13",
        },
        "nfs": {
            "exports": [
                {"path": "quickOS/shared-prod-data", "options": ["rw", "async", "no_subtree_check"]},
                {"path": "fastData/shared-iso", "options": ["ro", "sync"]},
            ]
        },
        "samba": {
            "user": "heads",
            "shares": [{"path": "quickOS/shared-prod-data", "options": "browseable=yes writable=yes"}],
        },
        "zfs": {
            "arc_max_gb": 30,
            "pools": [
                {"name": "quickOS", "raid_level": "mirror", "disks": [f"{DISKS}_2TB_S1", f"{DISKS}_2TB_S2"]},
                {"name": "fastData", "disks": [f"{DISKS}_4TB_S3"]},
            ],
            "datasets": [
                dataset("quickOS", "vm-disks", "recordsize=128K,compression=lz4,quota=800G", "zfspool:images"),
                dataset("quickOS", "lxc-disks", "recordsize=16K,compression=lz4,quota=600G", "zfspool:rootdir"),
                dataset("quickOS", "shared-prod-data", "recordsize=128K,quota=400G"),
                dataset("fastData", "shared-backups", "recordsize=1M,compression=zstd,quota=2T", "dir:backup"),
                dataset("fastData", "shared-iso", "recordsize=1M,quota=100G", "dir:iso,vztmpl"),
            ],
        },
        "proxmox_storage_ids": {
            "quickOS_vm_disks": "quickOS-vm",
            "quickOS_lxc_disks": "quickOS-lxc",
            "fastData_shared_backups": "fastData-backup",
            "fastData_shared_iso": "fastData-iso",
        },
        "mount_point_base": "/mnt/pve",
        "nvidia_driver": {
            "version": "580.76.05",
            "runfile_url": f"{SITE}/580.76.05/NVIDIA-Linux-x86_64-580.76.05.run",
        },
    }


def test_what_the_sample_does_not_say_is_told_line_by_line() -> None:
    found = migrate(SAMPLE.read_bytes(), "f.sh")
    lines = SAMPLE.read_text("utf-8").splitlines()
    told = {(each.code, lines[each.place.line - 1][each.place.column - 1 :][:24]) for each in found.problems}
    assert told >= {
        ("unknown-value", "source /usr/local/bin/co"),
        ("unknown-value", "setup_logging"),
        ("not-carried-over", 'LOGFILE="/var/log/phoeni'),
        ("literal-secret", 'SMB_PASSWORD="canary-of-'),
        ("literal-secret", "ADMIN_PASSWORD_HASH='$6$"),
        ("unknown-value", 'SMB_LOGIN="$SMB_USER%$SM'),
        ("unknown-value", '"$(hostname)-data"'),
        ("unknown-value", "TIMEZONE=$(cat /etc/time"),
        ("unknown-value", "CUDA_VERSION=$((12 + 1))"),
        ("unknown-value", "ADMIN_USER=srv_admin"),
        ("unknown-value", 'HF_TOKEN_FILE="$HF_HOME/'),
        ("not-in-force", "ZFS_LXC_POOL"),
        ("not-in-force", 'QUICKOS_POOL="$pool"'),
        ("not-in-force", "MOUNT_POINT_BASE=/nowher"),
        ("not-in-force", "SMB_USER=nobody true"),
        ("export-path-unknown", '"fastData/absent")'),
    }
    assert "canary" not in found.render() + "".join(map(str, found.problems))


def test_the_sample_validates(tmp_path: Path) -> None:
    (tmp_path / "phoenix_hypervisor_config.json").write_text(migrate(SAMPLE.read_bytes(), "f.sh").render(), "utf-8")
    assert load(tmp_path).problems == ()


def test_bytes_become_gibibytes() -> None:
    assert read("ZFS_ARC_MAX=1610612736").document["zfs"] == {"arc_max_gb": 1.5}
    assert codes(read("SMB_USER=a", "ZFS_ARC_MAX=30G")) == [(2, 1, "value")]


def test_the_entry_function_counts_as_called() -> None:
    found = read("load_config() {", "  SMB_USER=a", "  declare -A X", "  local NFS_SERVER=10.0.0.1", "}")
    assert found.document["samba"] == {"user": "a"} and "network" not in found.document
    assert codes(found)[:2] == [(1, 1, "function-taken-as-called"), (3, 14, "declared-local")]
    called = read("load_config() {", "  SMB_USER=a", "}", "load_config", "SMB_USER=b")
    assert called.document["samba"] == {"user": "b"} and called.problems == ()


def test_nothing_after_exit_is_in_force() -> None:
    found = read("SMB_USER=a", "exit 0", "SMB_USER=b")
    assert found.document["samba"] == {"user": "a"} and codes(found) == [(2, 1, "not-in-force")]


@pytest.mark.parametrize(
    "line",
    [
        "if true; then SMB_USER=b; fi",
        "for SMB_USER in b; do :; done",
        "while read SMB_USER; do :; done",
        "case $1 in a) SMB_USER=b ;; esac",
        "[ -f /x ] && SMB_USER=b",
        "read -r SMB_USER",
        "printf -v SMB_USER b",
        "((SMB_USER = 1))",
        'SMB_USER="$(id -un)"',
        "SMB_USER=`id -un`",
        "SMB_USER=$((1 + 1))",
        "SMB_USER=~/b",
        "SMB_USER=${SMB_USER%x}",
        "SMB_USER=$ELSEWHERE",
        "f() { SMB_USER=b; }; if true; then f; fi",
        "if true; then : ${SMB_USER:=b}; fi",
        'SMB_USER="b',
        "SMB_USER=$'\\xff'",
    ],
)
def test_a_value_that_only_a_run_would_tell_is_told_and_left_out(line: str) -> None:
    found = read("DEFAULT_SUBNET=10.0.0.0/24", "SMB_USER=a", line)
    assert "samba" not in found.document
    assert {(each.place.line, each.code) for each in found.problems} >= {(3, "unknown-value")}


@pytest.mark.parametrize(
    "line",
    ["(SMB_USER=b)", "SMB_USER=b true", "SMB_USER=b | cat", "SMB_USER=b &", "f() { SMB_USER=b; }", "# SMB_USER=b"],
)
def test_what_is_not_in_force_changes_nothing(line: str) -> None:
    found = read("SMB_USER=a", line)
    assert found.document["samba"] == {"user": "a"}
    assert [each.code for each in found.problems] == (["not-in-force"] if line[0] != "#" else [])


def test_a_default_is_taken_and_told() -> None:
    found = read('SMB_USER="${SMB_USER:-heads}"')
    assert found.document["samba"] == {"user": "heads"} and codes(found) == [(1, 1, "default-taken")]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("SMB_USER='a; reboot'", "value"),
        ("SMB_USER=$'a\\nb'", "value"),
        ("QUICKOS_DATASET_LIST=(vm-disks)", "not-carried-over"),
        ("NFS_DATASET_LIST=(tank/absent)", "export-path-unknown"),
        ("SAMBA_DATASET_LIST=(tank/absent)", "share-path-unknown"),
        ("PHOENIX_NVIDIA_RUNFILE_URL=https://me:canary@host/driver.run", "literal-secret"),
        ("DEFAULT_STORAGE_ID_TANK_X=tank-x", "not-carried-over"),
        ("UNKNOWN_THING=1", "not-carried-over"),
        ("hf_token=canary", "literal-secret"),
    ],
)
def test_what_would_not_validate_or_has_no_place_is_left_out(line: str, code: str) -> None:
    found = read("DEFAULT_SUBNET=10.0.0.0/24", line)
    assert found.document == {"$schema": SCHEMA, "network": {"default_subnet": "10.0.0.0/24"}}
    assert [(each.place.line, each.code) for each in found.problems] == [(2, code)]
    assert "canary" not in str(found.problems)


def test_an_export_with_wrong_options_is_left_out_as_a_whole() -> None:
    found = read(
        "DEFAULT_SUBNET=10.0.0.0/24",
        "A_POOL=tank",
        "A_DATASET_LIST=(x y)",
        "NFS_DATASET_LIST=(tank/x tank/y)",
        "declare -A NFS_DATASET_OPTIONS=([tank/x]='rw(all)' [tank/y]=ro)",
    )
    assert found.document["nfs"] == {"exports": [{"path": "tank/y", "options": ["ro"]}]}
    assert [each.place.line for each in found.problems] == [5]


def test_disks_that_kernels_name_are_told() -> None:
    found = read("A_POOL=tank", 'A_DRIVES="nvme0n1 nvme1n1"')
    assert found.document["zfs"] == {"pools": [{"name": "tank"}]}
    assert [each.code for each in found.problems] == ["not-carried-over", "unstable-disk", "unstable-disk"]
    several = read("A_POOL=tank", "A_DRIVES=(/dev/disk/by-id/a /dev/disk/by-id/b)")
    assert several.document["zfs"] == {"pools": [{"name": "tank"}]}
    assert [each.code for each in several.problems] == ["value"]


def test_a_zfspool_that_cannot_hold_what_it_should_is_left_out() -> None:
    found = read(
        "A_POOL=tank",
        "A_DATASET_LIST=(x)",
        "declare -A DATASET_STORAGE_TYPES",
        'DATASET_STORAGE_TYPES[tank/x]="zfspool:iso"',
    )
    assert "zfspool-content" in [each.code for each in found.problems]
    assert found.document["zfs"]["datasets"][0].get("proxmox_content_type") is None  # type: ignore[index]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "nothing that can be carried over"),
        (b"echo hello\n", "nothing that can be carried over"),
        (b"SMB_USER=$(id)\n", "nothing that can be carried over"),
        (b"SMB_USER=a\n\0", "NUL bytes"),
        ("SMB_USER=a\n".encode("utf-16"), "NUL bytes"),
        (b"if a; then " * 3, "no shell file"),
        (b"SMB_USER=a\n" + b"(" * 1000 + b")" * 1000, "f.sh:"),
        (b"A=" + b"${A:-" * 300 + b"x" + b"}" * 300, "nested too deep"),
        (b"f() { f; f; }\nf\nSMB_USER=a\n", "takes too long"),
        (b"A=(a b)\n" + b'A=("${A[@]}" "${A[@]}")\n' * 60, "takes too long"),
        (b"SMB_USER=a\n" * SIZE_LIMIT, "KiB"),
    ],
)
def test_what_is_no_legacy_file_is_refused(content: bytes, said: str) -> None:
    assert said in refusal(content)


def test_other_encodings_and_line_ends() -> None:
    found = migrate(
        "\ufeffSMB_USER=a\r\nDEFAULT_SUBNET=10.0.0.0/24\r\n".encode() + b"# \xfc\nDOMAIN_NAME=\xfc\n", "f.sh"
    )
    assert found.document["samba"] == {"user": "a"}
    assert codes(found) == [(4, 1, "unknown-value")]


def test_columns_count_characters() -> None:
    assert codes(read("SMB_USER=a; : 'üü'; LOGFILE=x"))[0][:2] == (1, 21)


def test_a_doubled_value_stays_bounded() -> None:
    assert codes(read("SMB_USER=a", "A=0123456789", *["A=$A$A"] * 60))[0] == (13, 1, "unknown-value")


KNOWN = ["SMB_USER", "QUICKOS_POOL", "QUICKOS_DATASET_LIST", "NFS_DATASET_LIST", "NFS_DATASET_OPTIONS", "ZFS_ARC_MAX"]
WORDS = st.sampled_from(
    ["a", "'b c'", '"$SMB_USER"', "${X:-y}", "$(z)", "tank/x", "$'\\n'", "\\", "{a,b}", "[k]=v", "(", "é"]
)
LINES = st.one_of(
    st.tuples(st.sampled_from(KNOWN), st.sampled_from(["=", "+=", "[k]="]), WORDS).map("".join),
    st.tuples(st.sampled_from(KNOWN), st.sampled_from(["=", "+="]), st.lists(WORDS, max_size=3).map(" ".join)).map(
        lambda parts: f"{parts[0]}{parts[1]}({parts[2]})"
    ),
    st.sampled_from(
        ["f() {", "}", "f", "if x; then", "fi", "exit", "unset SMB_USER", "declare -A NFS_DATASET_OPTIONS"]
    ),
    st.text(max_size=12),
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.one_of(st.lists(LINES, max_size=8).map(lambda lines: "\n".join(lines).encode("utf-8", "replace")), st.binary())
)
def test_any_file_gives_a_document_that_validates_or_a_refusal(content: bytes) -> None:
    try:
        found = migrate(content, "f.sh")
    except ConfigurationError as error:
        assert error.problems
        return
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "phoenix_hypervisor_config.json").write_text(found.render(), "utf-8")
        assert load(Path(folder)).errors == ()
    assert json.loads(found.render()) == found.document


def test_a_parser_that_crashes_takes_nothing_with_it() -> None:
    """The grammar's scanner is C, and was seen to end its process on odd bytes."""
    assert survives(lambda: None)
    assert not survives(lambda: os.kill(os.getpid(), signal.SIGSEGV))
    assert not survives(lambda: 1 // 0)
