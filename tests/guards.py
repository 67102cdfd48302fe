"""What upholds each law, and how it is switched off, for ``scripts/mutate``: one row a guard.

A row is the dotted definition, how it is switched off, and the tests to try first, ``|`` between what is tried one
after the other. ``Returns(expression)``: at once, None unless it says more. ``Edit(old, new)``: a text that stands once
in the definition becomes another one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import container_guards
import host_guards
from mutations import Edit, Mutation, Returns

WALK = "tests/engine/test_walk.py"
WORK = "tests/engine/test_work.py"
UNDO = "tests/engine/test_undo.py"
EXPECT = "tests/engine/test_expect.py"
LOCK = "tests/engine/test_runlock.py"
HARM = "tests/plan/test_harm.py tests/plan/test_build.py"
FAILED = "tests/plan/test_failed_commands.py"
CRASH = "tests/laws/test_crash.py"
ROAD = f"{FAILED}|{HARM}|{CRASH}"
PLAN = f"{HARM}|tests/plan"
SECRETS = "tests/laws/test_secrets.py tests/documents/test_secrets.py"
CLONING = "tests/features/test_cloning.py"
CONDITIONS = "tests/features/test_conditions.py"
EFFECTS = "tests/features/test_effects.py"
MARKS = "tests/features/test_marks.py"
RAW = "tests/features/test_raw.py"
PREFLIGHT = "tests/plan/test_preflight.py|tests/cli/test_node_errors.py"
TAKEN_BACK = "tests/plan/test_undo.py"
FOREIGN = "tests/plan/test_foreign.py"
FACTS = "tests/features/test_node_facts.py"
PACK = "tests/transport/test_pack.py"
NODE = "tests/cli/test_node_errors.py"
DESTROY = "tests/plan/test_destroy.py"
ROLLBACK = "tests/plan/test_rollback.py|tests/cli/test_rollback.py"
SAVED = "tests/plan/test_saved.py tests/cli/test_saved_plan.py"
CAUTION = "tests/cli/test_caution.py"
CLI = "tests/cli"

NO_COMMAND = Returns('Command("true")')
SEES_NOTHING = Returns('_lines("nothing", "exit 0")')

# fmt: off
ROWS: dict[str, list[tuple[str, Returns | Edit, str]]] = {
    "law 1, planning changes nothing": [
        ("transport.base.Transport.run_together", Edit("looks=True", "looks=False"), "tests/transport|tests/cli"),
        ("cli.changes.perform", Edit('not click.confirm(f"\\n{intent.question}")', "False"), CAUTION),
        ("cli.changes.Manner.require_consent", Returns(), CAUTION),
    ],
    "law 2, exit code 0 is not the truth": [
        ("engine.converge.converge", Edit("if any(resource.change(after))", "if False"), EXPECT),
        ("engine.work.Worker._expect", Returns(), EXPECT),
        ("cli.run._still_needed", Returns("()"), CAUTION),
        ("features.lifecycle.commands.stopped", NO_COMMAND, EXPECT),
        ("features.lifecycle.inside.ready", NO_COMMAND, EXPECT),
        ("features.lifecycle.inside.stamp", NO_COMMAND, ROAD),
        ("features.lifecycle.conditions.Whole.wrong_in", Returns(), CONDITIONS),
        ("features.lifecycle.conditions.Unlocked.wrong_in", Returns(), CONDITIONS),
        ("features.lifecycle.conditions.Gone.wrong", Returns(), CONDITIONS),
        ("features.lifecycle.conditions.Runs.wrong_in", Returns(), CONDITIONS),
        ("features.lifecycle.conditions.IsBase.wrong_in", Returns(), CONDITIONS),
        ("features.lifecycle.conditions.KeysAre.wrong_in", Returns(), CONDITIONS),
        ("features.lifecycle.conditions.RecordIs.wrong_in", Returns(), CONDITIONS),
        ("features.lifecycle.conditions.NothingPending.wrong_in", Returns(), CONDITIONS),
        ("features.lifecycle.conditions.RawIs.wrong_in", Returns(), CONDITIONS),
        ("features.lifecycle.conditions.SizeIs.wrong_in", Returns(), CONDITIONS),
        ("features.lifecycle.conditions.HasSnapshot.wrong_in", Returns(), CONDITIONS),
        ("features.lifecycle.conditions.HasSnapshot.zfs_snapshots", Returns("()"), CONDITIONS),
        ("features.lifecycle.conditions.NoSnapshot.wrong_in", Returns(), CONDITIONS),
        ("features.lifecycle.conditions.Begun.wrong_in", Returns(), CONDITIONS),
        ("features.lifecycle.conditions.OnlyRoot.wrong_in", Returns(), CONDITIONS),
        ("features.lifecycle.conditions.RolledBack.wrong_in", Returns(), CONDITIONS),
        ("features.lifecycle.conditions.PutBack.wrong_in", Returns(), CONDITIONS),
        ("features.lifecycle.conditions.FirewallIs.wrong", Returns(), CONDITIONS),
        ("features.lifecycle.conditions.FileIsThere.wrong", Returns(), CONDITIONS),
        ("features.lifecycle.conditions._OfGuest.wrong", Edit("if seen.config is None", "if False"), CONDITIONS),
        ("features.lifecycle.effects.Unmarked.fact", SEES_NOTHING, EFFECTS),
        ("features.lifecycle.effects.NoDatasets.fact", SEES_NOTHING, EFFECTS),
        ("features.lifecycle.effects.Datasets.fact", SEES_NOTHING, EFFECTS),
        ("features.lifecycle.effects.NothingUnnamed.fact", SEES_NOTHING, EFFECTS),
        ("features.lifecycle.effects.OwnIdentity.fact", SEES_NOTHING, EFFECTS),
        ("features.lifecycle.effects.Stamped.fact", SEES_NOTHING, EFFECTS),
        ("features.lifecycle.effects.Holds.fact", SEES_NOTHING, EFFECTS),
        ("features.lifecycle.effects.FolderIs.fact", SEES_NOTHING, EFFECTS),
        ("features.lifecycle.effects.IdsAllowed.fact", SEES_NOTHING, EFFECTS),
    ],
    "law 3, a run that was cut off": [
        ("features.lifecycle.commands.begin_creation", NO_COMMAND, ROAD),
        ("features.lifecycle.commands.end_creation", NO_COMMAND, ROAD),
        ("features.lifecycle.commands.end_failed_creation", NO_COMMAND, ROAD),
        ("features.lifecycle.commands.end_failed_destruction", NO_COMMAND, ROAD),
        ("features.lifecycle.commands.unmount_remains", NO_COMMAND, "tests/features/test_commands.py"),
        ("features.lifecycle.commands.take_back_base", NO_COMMAND, ROAD),
        ("features.lifecycle.copying.end_failed", NO_COMMAND, ROAD),
        ("features.lifecycle.cloning.take_id", Edit("#{mark}", "#"), ROAD),
        ("features.lifecycle.cloning.take_id", Edit("lock: create\\n", ""), ROAD),
        ("features.lifecycle.cloning.keep_snapshot", NO_COMMAND, PLAN),
        ("plan.existence.clear", Returns("()"), ROAD),
        ("plan.cloning._begun_volume", Returns(), ROAD),
        ("plan.snapshots.clear_unfinished", Returns(), ROAD),
        ("plan.container._half_made_base", Returns("()"), ROAD),
        ("plan.container._finish_copy", Returns(), ROAD),
        ("plan.obstacle.is_unfinished", Returns("False"), ROAD),
        ("plan.obstacle.is_copied", Returns("False"), f"{CRASH} -k full"),
        ("plan.obstacle.is_our_copying", Returns("False"), f"{CRASH} -k full"),
        ("plan.obstacle.unfinished_snapshots", Returns("[]"), ROAD),
        ("engine.work.Worker._guarded",
         Edit("self._told(work.if_failed, await self._machine.run(work.if_failed))", "pass"), WORK),
    ],
    "law 4, parallel as serial": [
        ("engine.walk.Walk._begin", Edit("            if step.locks & self._held", "            if False"), WALK),
        ("engine.walk.Walk._begin", Edit("if not step.locks & self._held", "if True"), UNDO),
        ("engine.walk.Walk._is_ready", Edit("not self._needs[step_id]", "True"), WALK),
        ("engine.walk.Walk._is_ready", Edit("not self._after[step_id]", "True"), WORK),
        ("plan.chain.Chain.add", Edit("needs=(*before, *needs)", "needs=()"), ROAD),
        ("plan.chain.Chain._start_needs", Returns("()"), "tests/plan/test_dependencies.py"),
        ("plan.survey.needs_of", Returns("{ctid: () for ctid in ctids}"), f"tests/plan/test_dependencies.py|{ROAD}"),
        ("plan.cloning.Origin.needs", Returns("()"), ROAD),
    ],
    "law 5, a hostile value": [
        ("transport.pack._line", Edit("{shlex.join(command.argv)}", "{' '.join(command.argv)}"), PACK),
        ("transport.pack._standard_input", Edit("while mark in text", "while False"), PACK),
        ("command.Command.__str__", Returns('" ".join(self.argv)'), "tests/test_command.py"),
        ("plan.obstacle._with_ours", Edit("shlex.quote", ""), "tests/plan/test_hints.py"),
        ("features.lifecycle.marks.layer_mapping",
         Edit(" if _LAYER.fullmatch(name) and _DIGEST.fullmatch(digest)", ""), MARKS),
        ("features.lifecycle.raw._escaped", Returns("path"), RAW),
    ],
    "law 6, secrets": [
        ("documents.secrets.redactor", Returns("str"), SECRETS),
        ("documents.secrets.literals", Returns("frozenset()"), SECRETS),
        ("documents.secrets.Secret.reference", Returns("self._reference"), SECRETS),
        ("documents.secrets._serialized", Returns("secret._reference"), SECRETS),
        ("documents.secrets._privacy_fault", Returns(), SECRETS),
        ("config.translate._problem", Edit("bool(SECRET_FIELDS.intersection(steps))", "False"), SECRETS),
        ("engine.walk.Walk._ran", Edit("redact(text)[-_SHOWN:]", "text[-_SHOWN:]"), WALK),
        ("engine.walk.Walk._ran", Edit("redact(str(command))", "str(command)"), WALK),
        ("engine.walk.Walk._fail", Edit("self._settings.redact(reason)", "reason"), WALK),
        ("cli.run.carry_out", Edit("redactor(literals(current.site.host) | current.revealed)", "str"), CAUTION),
        ("journal.Journal.__call__", Edit(", mode=0o700", ""), "tests/test_privacy.py"),
    ],
    "law 7, what is not ours": [
        ("plan.obstacle.refuse_foreign", Edit("if ctid in node.elsewhere", "if False"), NODE),
        ("plan.obstacle.refuse_foreign", Edit('guest.lock == "create"', "False"), PLAN),
        ("plan.obstacle.refuse_foreign", Edit("not guest.ours", "False"), PLAN),
        ("plan.obstacle.refuse_locked", Returns(), PLAN),
        ("plan.obstacle.refuse_lost_root", Returns(), PLAN),
        ("features.lifecycle.marks.snapshot_layers",
         Edit("if not description.startswith(_SNAPSHOT):\n        return None",
              "if not description.startswith(_SNAPSHOT):\n        return {}"), MARKS),
        ("features.lifecycle.marks.marked", Returns("True"), MARKS),
        ("features.lifecycle.guest.Guest.has_more_than_declared", Returns("False"), PLAN),
        ("features.lifecycle.node.Node.lost_root", Returns("False"), PLAN),
        ("features.lifecycle.node.Node.remains", Returns("self.volumes(ctid)"), PLAN),
        ("features.lifecycle.node.Node.own_volumes", Returns("self.volumes(guest.ctid)"), PLAN),
        ("features.lifecycle.firewall.is_ours", Returns("True"), FOREIGN),
        ("plan.reconcile._write_firewall", Edit("if owner is firewall.Owner.OTHERS", "if False"), FOREIGN),
        ("plan.build._undo", Edit("survey.node.clones_of(guest)", "False"), TAKEN_BACK),
        ("plan.destroy._permit", Edit("if not guest.ours", "if False"), DESTROY),
        ("plan.destroy._permit", Edit('guest.current.get("protection") == "1"', "False"), DESTROY),
        ("plan.destroy._permit", Edit("if guest.lock is not None and", "if False and"), DESTROY),
        ("plan.destroy._permit", Edit("if storage not in node.storages", "if False"), DESTROY),
        ("plan.destroy._permit", Edit("if strange", "if False"), DESTROY),
        ("plan.destroy._permit", Edit("if clones := ", "if clones := [] and "), DESTROY),
        ("plan.destroy._refuse_needed", Returns(), DESTROY),
        ("plan.destroy._refuse_lost_storage", Returns(), DESTROY),
        ("plan.destroy.destroy", Edit("for ctid in sorted(wanted & set(node.elsewhere))", "for ctid in ()"), DESTROY),
        ("plan.destroy.destructions", Edit("if ctid not in site.containers", "if False"), DESTROY),
        ("plan.rollback._permit", Edit("if not guest.ours", "if False"), ROLLBACK),
        ("plan.rollback._permit", Edit("if guest.is_base", "if False"), ROLLBACK),
        ("plan.rollback._permit", Edit('.get("snapstate") is not None', ".get(\"snapstate\") == 0"), ROLLBACK),
        ("plan.rollback._permit", Edit("if guest.lock is not None", "if False"), ROLLBACK),
        ("plan.rollback._permit", Edit('guest.current.get("protection") == "1"', "False"), ROLLBACK),
        ("plan.rollback._refuse_newer", Returns(), ROLLBACK),
    ],
    "spec R7, one run at a time": [
        ("engine.runlock.take", Returns(), LOCK),
        ("engine.runlock.give", Returns(), LOCK),
        ("engine.runlock._TAKE", Edit("set -C\n", ""), LOCK),
        ("engine.runlock._GIVE", Edit('[ "$(cat "$1" 2>/dev/null)" = "$2" ]', "true"), LOCK),
        ("engine.runlock.Owner.alive", Returns("False"), LOCK),
        ("engine.runlock.Owner.alive", Returns("True"), LOCK),
        ("cli.where.held", Edit("fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)", "pass"), CLI),
    ],
    "spec R5, what fails": [
        ("engine.work.TRANSIENT", Returns("()"), WALK),
        ("engine.work._TRIES", Returns("1"), WALK),
        ("engine.work._tries", Edit("if LOCKED in result.stderr", "if False"), WORK),
        ("transport.pack.unpack",
         Edit("if rest or not (len(found) == changes + count or _ended(found, changes))", "if False"), PACK),
        ("transport.pack.pack", Edit("lines.append('[ \"$rc\" -eq 0 ] || exit 0\\n')", "pass"), PACK),
        ("engine.converge.converge", Edit("if after is None", "if False"), f"{EXPECT}|{WORK}"),
        ("machine.answered", Edit("if not result.ok", "if False"), f"{FACTS}|{CLI}"),
        ("engine.walk.Walk._skip_dependants", Returns(), WALK),
        ("engine.walk.Walk._end", Edit("if self._settings.fail_fast", "if False"), WALK),
        ("engine.walk.Walk.stop", Returns(), WALK),
        ("engine.walk.Walk.kill", Edit("task.cancel()", "pass"), WALK),
        ("engine.work.Worker._go_on", Returns(), WORK),
        ("engine.walk.Walk._take_back", Returns(), UNDO),
        ("engine.walk.Walk._take_back", Edit("or self._interrupted", "or False"), UNDO),
        ("engine.walk.Walk._take_back", Edit("undo.since in self._begun", "True"), UNDO),
        ("engine.walk.Walk._take_back", Edit("undo.until not in self.summary.done", "True"), UNDO),
        ("engine.walk.Walk._take_back", Edit("not self._begun.intersection(undo.unless)", "True"), UNDO),
        ("plan.existence.remember_undo", Returns(), TAKEN_BACK),
        ("plan.chain.Chain._keep_restore_point", Returns(), TAKEN_BACK),
        ("plan.chain.Chain.forget_restore_point", Returns(), TAKEN_BACK),
    ],
    "before the run": [
        ("cli.run._plan_again", Edit("plan.steps != shown.steps and not approved", "False"), CAUTION),
        ("plan.saved.changes", Returns("iter(())"), SAVED),
        ("plan.saved.step_fingerprint", Returns("''"), SAVED),
        ("plan.saved._facts", Returns("iter(())"), SAVED),
        ("cli.session.Session.judge",
         Edit('any(problem.severity == "error" for problem in found)', "False"), NODE),
        ("plan.preflight.answer", Returns(), PREFLIGHT),
        ("plan.preflight._network", Returns(), PREFLIGHT),
        ("plan.preflight._storage", Returns(), PREFLIGHT),
        ("plan.preflight._tarball", Returns(), PREFLIGHT),
        ("plan.preflight._cloning", Returns(), PREFLIGHT),
        ("plan.preflight._ways", Returns(), PREFLIGHT),
        ("plan.preflight._folders", Returns(), PREFLIGHT),
        ("plan.cloning._refuse", Returns(), "tests/plan/test_refused_clones.py"),
        ("plan.chain.Chain.stop", Edit("if not (self.may_restart or self.fresh)", "if False"), f"{PLAN}|{CLI}"),
    ],
    "spec L10, clones of their own": [
        ("features.lifecycle.identity.reset_identity", NO_COMMAND, f"{CLONING}|{ROAD}"),
        ("features.lifecycle.identity.reset_copied_identity", NO_COMMAND, f"{CLONING}|{ROAD}"),
        ("features.lifecycle.identity._RESET", Edit('[ ! -L "$part" ]', "true"), CLONING),
        ("features.lifecycle.cloning._TAKE_ID", Edit("exit 17", ":"), CLONING),
        ("features.lifecycle.cloning._RELEASE",
         Edit('is no longer the clone that was begun" >&2\n  exit 1', '" >&2'), CLONING),
        ("features.lifecycle.cloning._RELEASE", Edit('has no snapshot $snapshot" >&2\n  exit 1', '" >&2'), CLONING),
    ],
}
# fmt: on


def _guards() -> Iterator[Mutation]:
    """The rows as mutations; the second of one definition is ``…#2``."""
    seen: Counter[str] = Counter()
    for upholds, rows in (*ROWS.items(), *host_guards.ROWS.items(), *container_guards.ROWS.items()):
        for at, how, tests in rows:
            seen[at] += 1
            name = f"{at}#{seen[at]}" if seen[at] > 1 else at
            yield Mutation(name, upholds, at, how, tuple(tests.split("|")))


GUARDS = (*_guards(), *host_guards.told())
