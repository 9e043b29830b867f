"""The repository as the rules see it: hand-written files, their trees, and places in them.

Nothing here is a rule.
"""

import ast
import gc
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("soma_common", "config", "servers", "edge", "cli")
ROOMS = (*PRODUCT, "tools", "tests", "bench")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file; `nodes` are all of its tree, walked once for all rules."""

    path: str
    text: str
    tree: ast.Module
    nodes: tuple[ast.AST, ...]

    def at(self, node: ast.AST, what: str) -> str:
        """A line that a person can open."""
        return f"{self.path}:{getattr(node, 'lineno', 1)} {what}"

    def within(self, *places: str) -> bool:
        """Whether the file lies in one of these folders or matches one of these patterns."""
        return any(
            self.path.startswith(place) if place.endswith("/") else _matches(self.path, place) for place in places
        )


def _matches(path: str, pattern: str) -> bool:
    return Path(path).match(pattern)


@cache
def _read(room: str) -> tuple[Source, ...]:
    files = sorted((ROOT / room).rglob("*.py"))
    # Nothing of a tree is garbage; looking for some among its nodes would take longer than reading them.
    gc.disable()
    try:
        return tuple(_source(path) for path in files if "__pycache__" not in path.parts)
    finally:
        gc.enable()


def _source(path: Path) -> Source:
    text = path.read_text()
    tree = ast.parse(text)
    return Source(path.relative_to(ROOT).as_posix(), text, tree, tuple(ast.walk(tree)))


def sources(*rooms: str) -> Iterator[Source]:
    """The Python files of the given rooms, or of all of them."""
    for room in rooms or ROOMS:
        yield from _read(room)


def product() -> Iterator[Source]:
    """The Python files that are shipped."""
    yield from sources(*PRODUCT)


def pure() -> Iterator[Source]:
    """The files of floor 0 that hold rules and values only."""
    for source in product():
        rooms = ("soma_common/kernel/", "soma_common/sagas/plan.py", "soma_common/replay/filters.py")
        if "/domain/" in source.path or source.within(*rooms):
            yield source


def functions(source: Source) -> Iterator[Function]:
    """Every function and method of a file."""
    for node in source.nodes:
        if isinstance(node, Function):
            yield node


def docstrings(source: Source) -> set[int]:
    """The identities of the constants that are docstrings."""
    found = set()
    for node in source.nodes:
        if isinstance(node, ast.Module | ast.ClassDef | Function) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                found.add(id(first.value))
    return found


def literals(source: Source) -> Iterator[ast.Constant]:
    """The string literals of a file that are not docstrings."""
    described = docstrings(source)
    for node in source.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in described:
            yield node


def imports(source: Source) -> Iterator[tuple[ast.stmt, str]]:
    """Every imported name in full, with the statement: `a.b` for `from a import b`."""
    for node in source.nodes:
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def dotted(node: ast.AST) -> str:
    """`a.b.c` for a chain of attributes, else the empty string."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join((node.id, *reversed(parts))) if isinstance(node, ast.Name) else ""


def need(broken: list[str], rule: str) -> None:
    """Fail with the rule and every place that breaks it."""
    assert not broken, "\n".join((f"{rule}: {len(broken)}", *broken))
