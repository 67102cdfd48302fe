"""What upholds each law, and how it is switched off, for ``scripts/mutate``: one line a guard.

A row is the dotted definition, how it is switched off, and the tests to try first: ``Returns(expression)`` (at once;
``None`` when it says nothing) or ``Edit(old, new)`` of a text that stands once in the definition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mutations import Edit, Mutation, Returns

WALK = "tests/engine/test_walk.py"
LOCK = "tests/engine/test_runlock.py"
BUILD = "tests/plan/test_build.py"
HARM = "tests/plan/test_harm.py"
ROAD = "tests/laws/test_road.py"
LAWS = "tests/laws"
SECRETS = "tests/laws/test_secrets.py tests/config/test_secrets.py"
CLONING = "tests/features/test_cloning.py"
FACTS = "tests/features/test_node_facts.py"
PACK = "tests/transport/test_pack.py"
LOCAL = "tests/transport/test_local.py"
CLI = "tests/cli"

ROWS: dict[str, list[tuple[str, Returns | Edit, str]]] = {
    "law 1, planning changes nothing": [
        ("transport.base.Transport.run_together", Edit("looks=True", "looks=False"), CLI),
        ("cli.apply.command", Edit('not click.confirm("\\nApply this?")', "False"), CLI),
    ],
    "law 2, exit code 0 is not the truth": [
        ("engine.converge.converge", Edit("if any(resource.change(facts))", "if False"), f"{WALK} {CLI}"),
        ("cli.run._still_needed", Returns("()"), CLI),
        ("features.lifecycle.commands.stopped", Returns('Command("true")'), f"{BUILD} {ROAD}"),
        ("features.lifecycle.inside.ready", Returns('Command("true")'), FACTS),
        ("features.lifecycle.inside.stamp", Returns('Command("true")'), ROAD),
    ],
    "law 3, a run that was cut off": [
        ("features.lifecycle.commands.begin_creation", Returns('Command("true")'), f"{HARM} {ROAD}"),
        ("features.lifecycle.commands.end_failed_creation", Returns('Command("true")'), f"{HARM} {ROAD}"),
        ("features.lifecycle.commands.end_failed_destruction", Returns('Command("true")'), f"{HARM} {ROAD}"),
        ("features.lifecycle.commands.unmount_remains", Returns('Command("true")'), f"{HARM} {ROAD}"),
        ("features.lifecycle.cloning.take_id", Edit("#{mark}", "#"), ROAD),
        ("features.lifecycle.cloning.take_id", Edit("lock: create\\n", ""), ROAD),
        ("features.lifecycle.cloning.keep_snapshot", Returns('Command("true")'), HARM),
        ("plan.existence.clear", Returns("()"), f"{HARM} {ROAD}"),
        ("plan.existence._begun_volume", Returns(), ROAD),
        ("plan.build._recover", Returns(), f"{BUILD} {HARM}"),
        ("plan.obstacle.is_unfinished", Returns("False"), f"{HARM} {ROAD}"),
        ("plan.obstacle.unfinished_snapshots", Returns("[]"), f"{BUILD} {HARM}"),
        ("engine.work.Worker._guarded", Edit("self._told(work.if_failed, await self._machine.run(work.if_failed))", "pass"), HARM),  # noqa: E501
    ],
    "law 4, parallel as serial": [
        ("engine.walk.Walk._begin", Edit("step.locks & self._held", "False"), WALK),
        ("plan.chain.Chain.add", Edit("needs=(*before, *needs)", "needs=()"), f"{BUILD} {LAWS}"),
        ("plan.chain.Chain._start_needs", Returns("()"), f"{BUILD} {ROAD}"),
        ("plan.build._needs", Returns("()"), f"{BUILD} {ROAD}"),
    ],
    "law 5, a hostile value": [
        ("transport.pack.pack", Edit("shlex.join(command.argv)", '" ".join(command.argv)'), PACK),
        ("transport.pack._standard_input", Edit("while mark in text", "while False"), PACK),
        ("command.Command.__str__", Returns('" ".join(self.argv)'), "tests/transport tests/plan"),
        ("features.lifecycle.marks.layer_mapping", Edit(" if _LAYER.fullmatch(name) and _DIGEST.fullmatch(digest)", ""), FACTS),  # noqa: E501
    ],
    "law 6, secrets": [
        ("config.secrets.redactor", Returns("str"), SECRETS),
        ("config.secrets.literals", Returns("frozenset()"), SECRETS),
        ("config.secrets.Secret.__repr__", Edit("self.reference", "self._reference"), SECRETS),
        ("config.secrets._serialized", Edit("MASK", "secret._reference"), SECRETS),
        ("config.secrets._privacy_fault", Returns(), SECRETS),
        ("config.translate._problem", Edit("bool(SECRET_FIELDS.intersection(steps))", "False"), SECRETS),
        ("engine.walk.Walk._ran", Edit("redact(text)[-_SHOWN:]", "text[-_SHOWN:]"), f"{WALK} {LAWS}"),
        ("engine.walk.Walk._ran", Edit("redact(str(command))", "str(command)"), f"{WALK} {LAWS}"),
        ("engine.walk.Walk._fail", Edit("self._settings.redact(reason)", "reason"), f"{WALK} {LAWS}"),
        ("cli.run.carry_out", Edit("redactor(literals(current.site.host))", "str"), CLI),
        ("journal.Journal.__call__", Edit(", mode=0o700", ""), "tests/test_journal.py"),
    ],
    "law 7, what is not ours": [
        ("plan.obstacle.refuse_foreign", Returns(), BUILD),
        ("plan.obstacle.refuse_locked", Returns(), f"{BUILD} {HARM}"),
        ("plan.obstacle.refuse_lost_root", Returns(), HARM),
        ("features.lifecycle.marks.snapshot_layers", Edit("return None", "return {}"), HARM),
        ("features.lifecycle.marks.marked", Returns("True"), BUILD),
        ("features.lifecycle.node.Guest.has_more_than_root", Returns("False"), HARM),
        ("features.lifecycle.node.Node.lost_root", Returns("False"), HARM),
        ("features.lifecycle.node.Node.remains", Returns("self.volumes(ctid)"), HARM),
        ("plan.rebuild._permit", Edit("if not guest.ours", "if False"), BUILD),
        ("plan.rebuild._permit", Edit('guest.current.get("protection") == "1"', "False"), BUILD),
        ("plan.rebuild._permit", Edit("if guest.lock is not None and", "if False and"), BUILD),
        ("plan.rebuild._permit", Edit("if strange", "if False"), HARM),
        ("plan.rebuild._permit", Edit("if storage not in node.storages", "if False"), HARM),
        ("plan.rebuild._permit", Edit("if clones := ", "if False and "), BUILD),
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
    "spec R5, errors that pass": [
        ("engine.work.TRANSIENT", Returns("()"), WALK),
        ("engine.work._TRIES", Returns("1"), WALK),
        ("transport.pack.unpack", Edit("if len(found) != count or rest", "if False"), PACK),
        ("machine.answered", Edit("if not result.ok", "if False"), f"{FACTS} {CLI}"),
    ],
    "spec R4, what hangs on a failure": [
        ("engine.walk.Walk._skip_dependants", Returns(), WALK),
        ("engine.walk.Walk._end", Edit("if self._settings.fail_fast", "if False"), WALK),
        ("engine.walk.Walk.stop", Returns(), WALK),
        ("engine.walk.Walk.kill", Edit("task.cancel()", "pass"), WALK),
    ],
    "before the run": [
        ("cli.run._plan_again", Edit("plan.steps != shown.steps and not approved", "False"), CLI),
        ("cli.run._plan_again", Edit("current.judge(node)", "pass"), CLI),
        ("cli.session.Session.judge", Edit('if any(problem.severity == "error" for problem in found)', "if False"), CLI),
        ("plan.preflight._network", Returns(), CLI),
        ("plan.preflight._storage", Returns(), CLI),
        ("plan.preflight._tarball", Returns(), CLI),
        ("plan.preflight._cloning", Returns(), CLI),
        ("plan.preflight.answer", Returns(), CLI),
    ],
    "clones of their own (spec L10)": [
        ("features.lifecycle.cloning.reset_identity", Returns('Command("true")'), f"{CLONING} {ROAD}"),
        ("features.lifecycle.cloning._IDENTITY", Edit('[ ! -L "$part" ]', "true"), CLONING),
        ("features.lifecycle.cloning._TAKE_ID", Edit("exit 17", ":"), CLONING),
        ("features.lifecycle.cloning._RELEASE", Edit("is no longer the clone that was begun\" >&2\n  exit 1", "\" >&2"), CLONING),  # noqa: E501
        ("features.lifecycle.cloning._RELEASE", Edit("has no snapshot $snapshot\" >&2\n  exit 1", "\" >&2"), CLONING),
    ],
}


def _guards() -> Iterator[Mutation]:
    """The rows as mutations; the second of one definition is ``…#2``."""
    seen: Counter[str] = Counter()
    for upholds, rows in ROWS.items():
        for at, how, tests in rows:
            seen[at] += 1
            name = f"{at}#{seen[at]}" if seen[at] > 1 else at
            yield Mutation(name, upholds, at, how, tuple(tests.split("|")))


GUARDS = tuple(_guards())
