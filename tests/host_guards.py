"""What upholds the laws on the node itself, and how it is switched off: rows as in guards.py, and what code tells.

Each ``Obstacle`` and each error of the resources and of the node's features is one guard: it is never reached.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mutations import Dead, Edit, Function, Mutation, Returns, functions

ESTABLISHED = "tests/engine/test_established.py"
PLAN = "tests/plan/test_host.py"
FILE = "tests/resources/test_file.py"
DISKS = "tests/features/host/test_zfs_disks.py|tests/laws/test_destroying_nothing.py"
POOL = "tests/features/host/test_zfs_pool.py"
DATASET = "tests/features/host/test_zfs_dataset.py tests/features/host/test_zfs.py"
NVIDIA = "tests/features/host/test_nvidia.py tests/features/host/test_nvidia_state.py"
NFS = "tests/features/host/test_nfs.py"
SAMBA = "tests/features/host/test_samba.py"
ADMIN = "tests/features/host/test_admin_user.py tests/resources/test_accounts.py"
NETWORK = "tests/resources/test_network.py"
SERVICE = "tests/resources/test_service.py"
INITRAMFS = "tests/resources/test_initramfs.py tests/features/host/test_zfs_arc.py"
REMOVAL = "tests/laws/test_host_removal.py"
FAULTS = "tests/laws/test_host_faults.py"
HOST_SECRETS = "tests/laws/test_host.py -k secret|tests/features/host"
CHANGES = "tests/cli/test_host_changes.py tests/cli/test_host_losses.py"
SETUP = "tests/features/host/test_initial_setup.py"
NAMES = "tests/resources/test_names.py"
SLICES = "tests/plan/test_part_slices.py"

# fmt: off
ROWS: dict[str, list[tuple[str, Returns | Edit, str]]] = {
    "law 2, the node itself": [
        ("engine.work.Worker._established", Returns(), ESTABLISHED),
        ("plan.host._Builder._step", Edit(", Established(resource))", ")"), PLAN),
        ("resources.due.MARK", Returns("':\\n'"), f"{SERVICE}|{SAMBA}"),
        ("resources.due.settled", Edit('"$@" || exit\\nrm', '"$@"\\nrm'), f"{SERVICE}|{FAULTS}"),
        ("resources.due.LASTING", Returns("'run/phoenix_hypervisor/lasting'"), INITRAMFS),
        ("resources.service.Service._is_due", Returns("False"), SERVICE),
        ("resources.initramfs.Initramfs.change", Edit("DUE in facts[due.MARKS] or ", ""), INITRAMFS),
        ("resources.exports.Exports.change", Edit("DUE in facts[due.MARKS] or ", ""), NFS),
        ("resources.exports.Exports.change",
         Edit(" or {export.path for export in self.exports} - facts[_ETAB_FACT]", ""), NFS),
        ("resources.exports._APPLY", Edit('"$before"\n[ -z "$wrong" ]', '"$before"'), NFS),
        ("features.host.nvidia.driver.Driver.waits", Returns("''"), NVIDIA),
        ("features.host.nvidia.nodes.Nodes.change", Edit("if self.driver.waits(facts)", "if False"), NVIDIA),
    ],
    "spec S3 and H4, destroying nothing": [
        ("engine.work.Worker._look_once_more", Returns(), ESTABLISHED),
        ("engine.work.Worker._look_once_more", Edit("if obstacle.loses not in work.allowed", "if False"), ESTABLISHED),
        ("engine.work.Worker._look_once_more",
         Edit("if tuple(work.resource.change(facts)) != work.commands", "if False"), ESTABLISHED),
        ("plan.host._Builder._step", Edit("if resource.guarded else ()", "if False else ()"), PLAN),
        ("features.host.zfs.pool.Pool.guarded", Returns("False"), f"{FAULTS} -k partitioned"),
        ("plan.host._Builder._one", Edit("each.loses not in self._allowed or not each.loses", "not each.loses"), PLAN),
        ("plan.host._Builder._one", Edit(" or not each.loses]", "]"), PLAN),
        ("plan.host._Builder._one", Edit("if standing or not commands", "if not commands"), PLAN),
        ("plan.host._Builder._one", Edit("if need in self._stuck]", "if False]"), PLAN),
        ("cli.run._plan_again", Edit("if plan.refused", "if False"), CHANGES),
        ("cli.options.require_mode", Returns(), CHANGES),
        ("features.host.zfs.disk.Disk.obstacles", Edit(", loses=self.loss", ""), DISKS),
        ("features.host.zfs.disk.Disk._findings", Edit("if self.parts:", "if False:"), DISKS),
        ("features.host.zfs.disk.Disk._findings", Edit("if content.found:", "if False:"), DISKS),
        ("features.host.zfs.disk.Disk._content", Edit('Content(fault="it was not looked at")', "Content()"), DISKS),
        ("features.host.zfs.disk.Disk.wipe", Returns("iter(())"), DISKS),
        ("features.host.zfs.disk.disk", Edit('serial if unique else ""', "serial"), DISKS),
        ("features.host.zfs.disk.Disk._in_use", Edit("in self.probe.tables", "in ()"), DISKS),
        ("features.host.zfs.disks._with_ends", Returns("content"), DISKS),
        ("features.host.zfs.disks._probe", Edit("row[0].startswith(own) or ", ""), DISKS),
        ("features.host.zfs.disks._of_wipefs", Returns("Content()"), DISKS),
        ("features.host.zfs.disks._of_wipefs", Edit('if rc != "0"', "if False"), DISKS),
        ("features.host.zfs.disks._with_blkid", Returns("content"), f"{DISKS}|{FAULTS}"),
        ("features.host.zfs.disks._with_blkid", Edit("if content.fault or", "if"), DISKS),
        ("features.host.zfs.disks._with_blkid", Edit('rc not in ("0", str(AMBIVALENT))', "False"), DISKS),
        ("features.host.zfs.disks._with_blkid",
         Edit("if rc == str(AMBIVALENT) and not content.found else []", "if False else []"), DISKS),
        ("features.host.zfs.disks._PROBE", Edit('for part in sys/block/"$name"/*/partition', "for part in"), DISKS),
        ("features.host.zfs.disks._PROBE", Edit("[ $? -eq 1 ] || exit 1; continue", "continue"), f"{FAULTS} -k probe"),
        ("features.host.zfs.disks._with_blkid", Edit("if rc == \"0\" and '=\"' not in text", "if False"), DISKS),
        ("features.host.zfs.dataset.Dataset._lies", Edit("if storage.path:", "if True:"), f"{DATASET}|{REMOVAL}"),
        ("features.host.zfs.disks._PROBE", Edit("etc/pve/nodes/*/qemu-server/*.conf", ""), DISKS),
        ("features.host.zfs.disks._PROBE", Edit("etc/pve/nodes/*/lxc/*.conf", ""), DISKS),
        ("features.host.zfs.pools.Pools.user", Returns(), DISKS),
        ("features.host.zfs.pools._IMPORTS", Edit("zpool import 2>&1\n", ""), POOL),
        ("features.host.zfs.pools._IMPORTS", Edit("zpool import -D 2>&1\n", ""), f"{POOL}|{DISKS}"),
        ("features.host.zfs.pool.Pool._importable", Edit("and one.number not in here", ""), POOL),
        ("features.host.zfs.dataset.Dataset._held", Returns("[]"), DATASET),
        ("features.host.zfs.dataset.Dataset._gone", Edit("(ours(state) or frozenset())", "frozenset(state)"), DATASET),
        ("features.host.zfs.states.ours", Edit('if source != "local"', "if False"), DATASET),
        ("features.host.zfs.states._marked", Edit(' and row[3] == "local"', ""), f"{DATASET}|{REMOVAL}"),
        ("features.host.zfs.leftovers.Leftovers._datasets", Returns("iter(())"), f"{DATASET}|{REMOVAL}"),
        ("features.host.zfs.leftovers.Leftovers._storages", Returns("iter(())"), f"{DATASET}|{REMOVAL}"),
    ],
    "spec R4 and R11, what waits": [
        ("plan.build._waits", Returns("''"), f"{CHANGES}|tests/plan/test_build.py"),
        ("plan.build._waits", Edit("if need in own.blocked", "if False"), f"{CHANGES} -k storage"),
        ("plan.build._after_host", Returns("steps"), f"{CHANGES} -k failed_first"),
        ("plan.build._with_reboot", Returns("steps"), CHANGES),
        ("plan.build._with_reboot", Edit("REBOOT, HOST, Symbol.CHANGE, \"reboot\", reason, work, needs",
                                         "REBOOT, HOST, Symbol.CHANGE, \"reboot\", reason, work, ()"), CHANGES),
        ("cli.changes._require_word_for_reboot", Returns(), CHANGES),
        ("features.host.nvidia.driver._INSTALL",
         Edit('as_declared || { rm -f "$file"; echo "$url: its SHA-256 is ${found%% *}, declared is $sum" >&2; '
              'exit 1; }', ":"), NVIDIA),
        ("features.host.nvidia.driver._INSTALL",
         Edit('sh "$file" --check >/dev/null 2>&1 || { rm -f "$file"; echo "$url: what was fetched is damaged" >&2; '
              'exit 1; }', ":"), NVIDIA),
    ],
    "law 6, secrets of the node": [
        ("resources.user.User.change", Edit(", confidential=True", ""), HOST_SECRETS),
        ("resources.samba_user.SambaUser.change",
         Edit("stdin=twice, timeout=_LIMIT, confidential=True", "stdin=twice, timeout=_LIMIT"), HOST_SECRETS),
        ("resources.samba_user._RECORD", Edit("umask 077\n", ""), SAMBA),
        ("resources.file.write", Edit(", confidential=secret", ""), FILE),
        ("resources.file.File._diff", Edit('"" if self.secret else ', ""), FILE),
        ("cli.revealing.Secrets.reveal", Edit("self.revealed.add(value)", "pass"), CHANGES),
        ("cli.revealing.Secrets.require", Returns(), "tests/cli/test_revealing.py"),
    ],
    "law 7, what is not ours on the node": [
        ("resources.file._WRITE", Edit('[ "${found%% *}" = "$before" ] ||', "true ||"), FILE),
        ("resources.file._WRITE", Edit('"$@" >"$draft.said" 2>&1 ||', '"$@" >"$draft.said" 2>&1 || true ||'), FILE),
        ("resources.file.NoFile.change", Edit(" and HEADER in seen.text", ""), FILE),
        ("resources.block.Block.wanted", Edit('"".join(lines[: marks[0]]) + block', "block"), FILE),
        ("resources.block.Block.wanted", Edit(' + "".join(lines[marks[1] + 1 :])', ""), FILE),
        ("resources.block.Block.change", Edit("owner, group, mode = seen.owner, seen.group, seen.mode", "pass"), FILE),
        ("resources.exports.Exports._is_so", Edit(' or HEADER not in (seen.text or "")', ""), NFS),
        ("resources.exports._APPLY", Edit('if [ -n "$wrong" ]', "if false"), NFS),
        ("resources.exports._KEEP", Edit('if [ -e "$2" ]; then exit 0; fi\n', ""), f"{NFS}|{FAULTS}"),
        ("resources.samba_shares.samba_shares",
         Edit('check=("sh", "-c", _CHECK, "check-shares", "{}", MAIN, _INCLUDE),', ""), SAMBA),
        ("resources.samba_shares._CHECK", Edit("case $said in *'nknown parameter'*)", "case $said in never)"), SAMBA),
        ("resources.samba_shares._CHECK", Edit('judged "$folder/smb.conf"', ":"), SAMBA),
        ("resources.samba_shares._APPEND", Edit('[ -z "$(tail -c 1 "$path")" ] || echo >>"$draft"', ":"), SAMBA),
        ("resources.sudoers.sudoers", Edit('check=("visudo", "-c", "-f", "{}"),', ""), ADMIN),
        ("resources.sudoers._WHOLE", Returns("'exit 0\\n'"), ADMIN),
        ("resources.sudoers._WHOLE", Edit("|| exit 0", "|| :"), ADMIN),
        ("resources.authorized_keys._WRITE",
         Edit("[ \"$(pwd -P)\" = \"$place\" ] || fail 'is not where it seems to be'", ":"), ADMIN),
        ("resources.authorized_keys._WRITE", Edit("[ ! -L authorized_keys ] ||", ": ||"), ADMIN),
        ("resources.authorized_keys._WRITE", Edit('[ "${found%% *}" = "$before" ] ||', ": ||"), ADMIN),
        ("resources.authorized_keys.AuthorizedKeys._wanted",
         Edit(".wanted(text)", '.wanted("")'), ADMIN),
        ("resources.former_admins._LOOK", Edit('! grep -qF "$1" "$file" ||', ""), ADMIN),
        ("resources.former_admins._LOOK", Edit('[ ! -L "$keys" ] && ', ""), ADMIN),
        ("resources.former_admins.FormerAdmins._of_others", Edit(" and name != self.user", ""), ADMIN),
        ("resources.former_admins._STRIP", Edit("&& [ ! -L authorized_keys ] ||", "||"), ADMIN),
        ("resources.former_admins._STRIP", Edit('[ "$(grep -cxF "$3" authorized_keys)" = 1 ] ||', ": ||"), ADMIN),
        ("resources.storage.Storage._another", Returns("iter(())"), "tests/resources/test_storage.py"),
        ("resources.repository._is_mixed", Returns("False"), "tests/resources/test_repository.py"),
        ("resources.repository._has_subscription", Returns("False"), "tests/resources/test_repository.py"),
        ("resources.network._APPLY", Edit('[ "${{found%% *}}" = "$before" ] ||', ": ||"), NETWORK),
        ("resources.network._APPLY", Edit('if systemctl is-active --quiet "$undo.timer" "$undo.service"',
                                          "if false"), NETWORK),
        ("resources.network._APPLY", Edit('--on-active=90', "--on-active=90000"), NETWORK),
        ("resources.network._APPLY", Edit('ifreload -a --syntax-check >&2 ||', ": ||"), NETWORK),
        ("resources.network._APPLY", Edit('back "$why" loaded', ":"), NETWORK),
        ("resources.network._APPLY",
         Edit('else sh "$reload" "$old" "$path"; fi || exit 1', 'else cp -p "$old" "$path"; fi || exit 1'), NETWORK),
        ("resources.network._APPLY", Edit('"$path"; fi || exit 1', '"$path"; fi || :'), NETWORK),
        ("resources.network._APPLY", Edit('[ "$now" = "$wanted" ] && !', "!"), NETWORK),
        ("resources.network._RELOAD",
         Edit("grep -q 'nother instance of this program' \"$said\"", "false"), NETWORK),
        ("resources.network._unapplied", Returns("iter(())"), NETWORK),
        ("resources.timezone._SET", Edit('[ -f "$1" ] ||', ": ||"), SETUP),
        ("resources.storage.Storage._wanted",
         Edit("sorted(found.content | lacking)", "sorted(self.content or ())"), "tests/resources/test_storage.py"),
        ("resources.nameservers.Nameservers.change", Edit("if _is_made(seen)", "if False"),
         "tests/resources/test_nameservers.py"),
    ],
    "spec S2, what a part does not say": [
        ("resource.Slice.knows", Returns("True"), SLICES),
        ("features.host.nfs.lacks", Returns("iter(())"), SLICES),
        ("features.host.samba.lacks", Returns("iter(())"), SLICES),
        ("features.host.zfs.lacks", Returns("iter(())"), f"{SLICES}|tests/cli/test_feature_slices.py"),
        ("features.host.zfs.dataset.Dataset._staying", Returns("frozenset()"), f"{SLICES}|{DATASET}"),
        ("features.host.nfs.resources", Edit("others_stay=piece.is_part, ", ""), NFS),
        ("features.host.samba._left_open", Returns("iter(())"), SAMBA),
        ("resources.samba_shares.SambaShares._among_others", Edit("if self.others_stay and HEADER in text", "if False"),
         SAMBA),
        ("resources.export_lines.Export.closed", Edit("if not self.left_open or not found", "if True"), NFS),
        ("resources.export_lines.merged", Edit('else f"{line}\\n"', 'else ""'), NFS),
    ],
    "law 5, hostile names on the node": [
        ("resources.paths._absolute", Returns("path"), NAMES),
        ("resources.paths.Mode", Returns("str"), NAMES),
        ("resources.paths.Owner", Returns("str"), NAMES),
        ("resources.accounts.AccountName", Returns("str"), NAMES),
        ("resources.user.Comment", Returns("str"), NAMES),
        ("resources.service.UnitName", Returns("str"), NAMES),
        ("resources.due.DueName", Returns("str"), NAMES),
        ("resources.storage.StorageId", Returns("str"), NAMES),
        ("resources.package.PackageName", Returns("str"), NAMES),
        ("resources.export_lines.ClientName", Returns("str"), NAMES),
        ("resources.export_lines.OptionText", Returns("str"), NAMES),
        ("resources.pve_user.PveUser.name", Edit(', Field(pattern=r"^[a-z_][a-z0-9_\\-]{0,31}@[a-z][a-z0-9.\\-_]*$")',
                                                 ", Field()"), NAMES),
        ("resources.pve_user.PveUser.role",
         Edit(', Field(pattern=r"^[A-Za-z][A-Za-z0-9._\\-]*$")', ", Field()"), NAMES),
        ("resources.timezone.ZoneName", Returns("str"), SETUP),
        ("resources.runfile.Sha256", Returns("str"), NVIDIA),
    ],
}
# fmt: on


_OTHERWISE = ("joined", "_contents", "_card")
"""Where an error that is never raised is another one at once, or no end."""


def told() -> Iterator[Mutation]:
    """Everything that a resource or a feature of the node says to be in the way, and every error that it raises."""
    for module, dotted, function in functions(("resources", "features/host")):
        nodes = (node for node in ast.walk(function) if isinstance(node, ast.stmt) and _tells(node, function))
        places = {node.lineno: node for node in nodes}
        for number, (line, node) in enumerate(sorted(places.items()), 1):
            how = Dead(line - function.lineno, ast.unparse(node).partition("\n")[0][:60])
            upholds = "law 2, garbage" if isinstance(node, ast.Raise) else "spec P3, what stands in the way"
            yield Mutation(f"{dotted}/{number}", upholds, dotted, how, _tests_of(module))


def _tells(node: ast.stmt, function: Function) -> bool:
    if isinstance(node, ast.Raise):
        return function.name not in _OTHERWISE
    given = node.value if isinstance(node, ast.Return | ast.Expr) else None
    return given is not None and "Obstacle(" in ast.unparse(given) and isinstance(given, ast.Yield | ast.Call)


def _tests_of(module: str) -> tuple[str, ...]:
    own = next((tests for part, tests in _NEAR if part in module), "tests/resources")
    return *own.split("|"), "tests/resources", "tests/features/host"


_NEAR = (
    *(("nvidia", NVIDIA), ("samba", SAMBA), ("exports", NFS), ("network", NETWORK), ("directory", SERVICE)),
    *((f"resources.{name}", FILE) for name in ("file", "block")),
    *(("zfs.disk", DISKS), ("zfs.pool", POOL), ("zfs.arc", INITRAMFS), ("features.host.zfs", DATASET)),
)
"""A part of a module's name, and where what it tells is tested; the first that fits."""
