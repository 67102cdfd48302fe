"""Product code with one check or one guard switched off, for ``scripts/mutate``.

The product knows nothing of it: a module's text is changed while it is imported. What is changed is named by a dotted
definition; a mutation that does not fit the code any more is an error of the table. The guards stand in guards.py.
"""

from __future__ import annotations

import ast
import builtins
import importlib.machinery
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

PACKAGE = "phoenix_hypervisor"
SOURCE = Path(__file__).resolve().parents[1] / "src" / PACKAGE

Function = ast.FunctionDef | ast.AsyncFunctionDef


class BadMutation(Exception):
    """The mutation does not fit the code, or not any more."""


@dataclass(frozen=True, slots=True)
class Returns:
    """The function returns this expression at once, which may name its parameters; the constant is it."""

    expression: str = "None"

    def __str__(self) -> str:
        return f"-> {self.expression}"


@dataclass(frozen=True, slots=True)
class Edit:
    """A text that stands once in the definition becomes another one."""

    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.old!r} -> {self.new!r}"


@dataclass(frozen=True, slots=True)
class Dead:
    """The statement that begins so many lines below the definition's first is never reached."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"never: {self.text}"


@dataclass(frozen=True, slots=True)
class Mutation:
    """What is switched off: the law or section that it upholds, the dotted definition, how, the tests to try first."""

    name: str
    upholds: str
    at: str
    how: Returns | Edit | Dead
    tests: tuple[str, ...] = ()


def locate(dotted: str) -> tuple[str, list[str]]:
    """The module of the package in which a dotted name is defined, and the names inside it."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        if path_of(".".join(parts[:length])).is_file():
            return ".".join(parts[:length]), parts[length:]
    raise BadMutation(f"{dotted}: there is no such module")


def path_of(module: str) -> Path:
    base = SOURCE.joinpath(*module.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


def _definition(tree: ast.Module, names: Sequence[str], dotted: str) -> ast.stmt:
    body: list[ast.stmt] = tree.body
    found: ast.stmt | None = None
    for name in names:
        found = next((statement for statement in body if name in _defined(statement)), None)
        if found is None:
            raise BadMutation(f"{dotted}: {name} is not defined there")
        body = found.body if isinstance(found, ast.ClassDef) else []
    if found is None:
        raise BadMutation(f"{dotted}: this is a module; name something in it")
    return found


def _defined(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def mutated(mutation: Mutation) -> CodeType:
    """The module's code with the mutation; BadMutation when it does not fit."""
    module, names = locate(mutation.at)
    path = path_of(module)
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    found = _definition(tree, names, mutation.at)
    match mutation.how:
        case Returns(expression):
            _return_at_once(tree, found, expression, mutation.at)
        case Edit(old, new):
            tree = ast.parse(_edited(text, found, old, new, mutation.at))
        case Dead(line):
            tree = _Dead(found.lineno + line).visit(tree)
    return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)


def _return_at_once(tree: ast.Module, found: ast.stmt, expression: str, dotted: str) -> None:
    value = ast.parse(expression, mode="eval").body
    known = {*dir(builtins), *(name for node in ast.walk(tree) for name in _names(node))}
    if strange := [node.id for node in ast.walk(value) if isinstance(node, ast.Name) and node.id not in known]:
        raise BadMutation(f"{dotted}: {strange[0]} is not known there")
    if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef):
        found.body.insert(0, ast.Return(value))
    elif isinstance(found, ast.Assign | ast.AnnAssign):
        found.value = value
    else:
        raise BadMutation(f"{dotted}: a class returns nothing; name a method")


def _names(node: ast.AST) -> list[str]:
    """The names that a node brings in."""
    if isinstance(node, ast.alias):
        return [(node.asname or node.name).partition(".")[0]]
    if isinstance(node, ast.arg):
        return [node.arg]
    return _defined(node) if isinstance(node, ast.stmt) else []


def _edited(text: str, found: ast.stmt, old: str, new: str, dotted: str) -> str:
    lines = text.splitlines(keepends=True)
    first, last = found.lineno - 1, found.end_lineno
    inside = "".join(lines[first:last])
    if inside.count(old) != 1:
        raise BadMutation(f"{dotted}: {old!r} stands {inside.count(old)} times in it, not once")
    return "".join([*lines[:first], inside.replace(old, new), *lines[last:]])


class _Dead(ast.NodeTransformer):
    """Puts the statement of one line below a condition that never holds; a generator stays one."""

    def __init__(self, line: int) -> None:
        self._line = line

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.Expr | ast.Raise | ast.Return) and node.lineno == self._line:
            return ast.If(ast.Constant(False), [node], [])
        return self.generic_visit(node)


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, mutation: Mutation) -> None:
        super().__init__(name, path)
        self._mutation = mutation

    def get_code(self, fullname: str) -> CodeType:
        return mutated(self._mutation)


class _Finder:
    """Finds one module, and has it loaded with the mutation."""

    def __init__(self, mutation: Mutation) -> None:
        self._mutation = mutation
        self._module = f"{PACKAGE}.{locate(mutation.at)[0]}"

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        spec = importlib.machinery.PathFinder.find_spec(name, path, target) if name == self._module else None
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(name, spec.origin, self._mutation)
        return spec


def switch_on(mutation: Mutation) -> None:
    """From now on the module is imported with the mutation; nothing of the package may be imported yet."""
    if loaded := [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        raise BadMutation(f"{loaded[0]} is imported already")
    mutated(mutation)
    sys.meta_path.insert(0, _Finder(mutation))  # type: ignore[arg-type]


_FILES = (
    *(f"tests/config/test_{name}.py" for name in ("load", "spellings", "source")),
    *(f"tests/documents/test_{name}.py" for name in ("documents", "secrets", "served")),
)
FIRST = ("tests/config/test_checks.py tests/config/test_findings.py tests/proxmox", " ".join(_FILES))
"""Where the checks are tested, fast ones first."""
_REASONS = (
    *("proxmox.names", "proxmox.options", "config.checks.scripts"),
    *(f"documents.{name}" for name in ("container", "parts", "smbconf", "types")),
)
"""Where functions return the reason why a value is refused, or None."""
READER_CODES = ("syntax", "duplicate-key", "type", "unknown-field", "missing-field", "value", "alias-conflict")
"""Codes of the document itself, which arise while it is read."""


def checks() -> Iterator[Mutation]:
    """Specification section 8: every code, every check, and every single place where one is told of."""
    for code in READER_CODES:
        how = Edit("sorted(problems,", f'sorted((each for each in problems if each.code != "{code}"),')
        yield Mutation(f"code:{code}", "section 8", "config.load.load", how, FIRST)
    for module, dotted, function in functions(("config", "documents", "proxmox")):
        decorators = (each.func for each in function.decorator_list if isinstance(each, ast.Call))
        is_check = any(isinstance(name, ast.Name) and name.id == "finds" for name in decorators)
        if is_check:
            yield Mutation(f"check:{function.name.replace('_', '-')}", "section 8", dotted, Returns(), FIRST)
        places = sorted({node.lineno: node for node in ast.walk(function) if _tells(node, module, function)}.items())
        for number, (line, node) in enumerate(places if len(places) > is_check else (), 1):
            how = Dead(line - function.lineno, ast.unparse(node).partition("\n")[0][:60])
            near = ("tests/documents",) if module.startswith("documents.") else ()
            yield Mutation(f"{dotted}/{number}", "section 8", dotted, how, (*near, *FIRST))


def _tells(node: ast.AST, module: str, function: Function) -> bool:
    """Whether a statement tells of a problem: yields one, raises one inside a model, or returns the reason of one."""
    if isinstance(node, ast.Expr):
        return module.startswith("config.checks.") and isinstance(node.value, ast.Yield | ast.YieldFrom)
    if isinstance(node, ast.Raise):
        raised = node.exc.func if isinstance(node.exc, ast.Call) else None
        return isinstance(raised, ast.Name) and raised.id in ("PydanticCustomError", "_wrong")
    gives_reason = function.returns is not None and ast.unparse(function.returns) == "str | None"
    if not isinstance(node, ast.Return) or not module.startswith(_REASONS) or not gives_reason:
        return False
    return not (isinstance(node.value, ast.Constant) and node.value.value is None)


def functions(rooms: Iterable[str]) -> Iterator[tuple[str, str, Function]]:
    """Module, dotted name and tree of every function and method of the rooms."""
    for path in (path for room in rooms for path in sorted((SOURCE / room).rglob("*.py"))):
        module = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        for statement in ast.parse(path.read_text("utf-8")).body:
            inner = statement.body if isinstance(statement, ast.ClassDef) else [statement]
            prefix = f"{module}.{statement.name}." if isinstance(statement, ast.ClassDef) else f"{module}."
            for function in inner:
                if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield module, prefix + function.name, function


def every() -> dict[str, Mutation]:
    """Every mutation by its name: the checks of section 8, then the guards."""
    from guards import GUARDS

    return {each.name: each for each in (*checks(), *GUARDS)}


class Reporter:
    """A pytest plugin that writes down every test that fails; with ``only``, runs no others; never those of ``but``."""

    def __init__(self, failed: Path, only: Iterable[str] = (), but: Iterable[str] = ()) -> None:
        self._failed = failed
        self._only = frozenset(only)
        self._but = frozenset(but)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if item.nodeid in self._only or not self._only]
        items[:] = [item for item in items if item.nodeid not in self._but]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            with self._failed.open("a", encoding="utf-8") as file:
                file.write(report.nodeid + "\n")
