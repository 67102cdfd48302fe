"""Runs tests against product code with one check or guard switched off at a time; started by ``scripts/mutate``.

The mutations stand in tests/mutations.py (specification section 8) and tests/guards.py (the laws). Each is first run
against the tests that it names, and against all when these pass. One that no test sees is a missing test.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOME / "tests"))

from mutations import BadMutation, Mutation, Reporter, every, mutated, switch_on  # noqa: E402

ALL = "tests --ignore=tests/test_launcher.py --ignore=tests/test_documentation.py --ignore=tests/test_mutate.py"
"""Left out is what looks at no module of the product in this process."""
LIMIT = 600.0
FOUND, MISSED, NONE_FOUND = 1, 0, 5


@dataclass(frozen=True)
class Verdict:
    """What became of a mutation: ``caught``, ``SURVIVED`` or ``NO FIT`` (an error of the table)."""

    mutation: Mutation
    word: str
    by: str
    """The test that fails, else what is the matter."""
    seconds: float
    far: bool = False
    """Whether the test is not among those that the mutation names."""

    def __str__(self) -> str:
        of = self.mutation
        note = " (not among its tests)" if self.far else ""
        return f"{self.word:<9} {self.seconds:5.1f} s  {of.name} ({of.upholds}; {of.how}): {self.by}{note}"


@dataclass(frozen=True)
class Run:
    """How one run of tests ended, and the tests that failed."""

    rc: int
    failed: tuple[str, ...]
    said: str


class Runner:
    """Runs tests in processes of their own, below one folder; ``last``: what is tried after a mutation's own tests."""

    def __init__(self, folder: Path, last: tuple[str, ...]) -> None:
        self._folder = folder
        self._last = last
        self.broken: frozenset[str] = frozenset()
        """Tests that fail without any mutation: they catch nothing."""

    def judge(self, mutation: Mutation) -> Verdict:
        begun = time.monotonic()
        word, by, far = self._judge(mutation)
        return Verdict(mutation, word, by, time.monotonic() - begun, far)

    def _judge(self, mutation: Mutation) -> tuple[str, str, bool]:
        try:
            mutated(mutation)
        except (BadMutation, SyntaxError) as error:
            return "NO FIT", str(error), False
        for tests in (*mutation.tests, *self._last):
            run = self._run(mutation.name, tests.split(), "-x")
            if run.rc == FOUND and run.failed:
                return "caught", run.failed[0], tests in self._last
            if run.rc not in (MISSED, NONE_FOUND):
                return "NO FIT", run.said, False
        return "SURVIVED", "no test sees it", False

    def unsound(self, verdicts: Iterable[Verdict]) -> list[Verdict]:
        """The verdicts by tests that fail without the mutation as well, which are known as broken from now on."""
        caught = [each for each in verdicts if each.word == "caught" and "::" in each.by]
        by = sorted({each.by for each in caught} - self.broken)
        files = sorted({test.partition("::")[0] for test in by})
        self.broken |= {*self._run("none", files, only=by).failed} if by else set()
        return [each for each in caught if each.by in self.broken]

    def _run(self, name: str, arguments: list[str], *options: str, only: Iterable[str] = ()) -> Run:
        """Tests with the mutation of that name."""
        place = Path(tempfile.mkdtemp(dir=self._folder))
        orders = place / "orders"
        orders.write_text(json.dumps({"mutation": name, "only": list(only), "but": sorted(self.broken)}), "utf-8")
        argv = [sys.executable, __file__, "--run", place, f"--basetemp={place / 'tests'}", *options, *arguments]
        environ = os.environ | {"HYPOTHESIS_STORAGE_DIRECTORY": str(place / "hypothesis")}
        try:
            done = subprocess.run(argv, cwd=HOME, env=environ, capture_output=True, text=True, timeout=LIMIT)
        except subprocess.TimeoutExpired:
            return Run(FOUND, (f"no end within {LIMIT:g} s",), "")
        failed = place / "failed"
        lines = failed.read_text("utf-8").splitlines() if failed.exists() else []
        return Run(done.returncode, tuple(lines), " ".join((done.stdout + done.stderr).split())[-400:])


def run_tests(place: Path, arguments: list[str]) -> int:
    """In a process of its own: the mutation is switched on, then pytest runs."""
    import pytest

    orders = json.loads((place / "orders").read_text("utf-8"))
    if orders["mutation"] != "none":
        switch_on(every()[orders["mutation"]])
    fixed = ["-q", "--no-header", "--tb=short", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
    return int(pytest.main([*fixed, *arguments], plugins=[Reporter(place / "failed", orders["only"], orders["but"])]))


def chosen(patterns: list[str]) -> list[Mutation]:
    table = every()
    found = [name for name in table if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns or ["*"])]
    for pattern in patterns:
        if not fnmatch.filter(table, pattern):
            sys.exit(usage(f'no mutation is called "{pattern}"; scripts/mutate --list shows them'))
    return [table[name] for name in found]


def usage(text: str) -> int:
    print(f"scripts/mutate: {text}", file=sys.stderr)
    return 2


def judged(mutations: list[Mutation], jobs: int, last: tuple[str, ...]) -> list[Verdict]:
    """A verdict for each, told as it is found; one by a test that is broken itself is found anew."""
    final: dict[str, Verdict] = {}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(max(1, jobs)) as pool:
        runner = Runner(Path(folder), last)
        while mutations:
            for verdict in pool.map(runner.judge, mutations):
                print(verdict, flush=True)
                final[verdict.mutation.name] = verdict
            again = runner.unsound(final.values())
            for verdict in again:
                print(f"broken without a mutation: {verdict.by}")
            mutations = [verdict.mutation for verdict in again]
    return list(final.values())


def main() -> int:
    if sys.argv[1:2] == ["--run"]:
        return run_tests(Path(sys.argv[2]), sys.argv[3:])
    parser = argparse.ArgumentParser(prog="scripts/mutate", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("name", nargs="*", help="only these; * stands for anything, as in check:* or engine.*")
    parser.add_argument("--list", action="store_true", help="show the mutations, run nothing")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at once (default: one per processor)")
    parser.add_argument("--quick", action="store_true", help="try no more than the tests that a mutation names")
    options = parser.parse_args()
    mutations = chosen(options.name)
    if options.list:
        for each in mutations:
            print(f"{each.name} ({each.upholds}): {each.how}")
        return 0
    begun = time.monotonic()
    verdicts = judged(mutations, options.jobs, () if options.quick else (ALL,))
    missed = [each for each in verdicts if each.word != "caught"]
    print(f"\n{len(verdicts) - len(missed)} of {len(verdicts)} caught in {time.monotonic() - begun:.0f} s.")
    for each in missed:
        print(each)
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
