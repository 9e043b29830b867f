"""Names that say nothing, and the sentence with which a package introduces itself."""

import ast
import re
from pathlib import Path

from tests.arch.source import need, product, sources

EMPTY_WORDS = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "base", "misc"}


def words_of_path(path: str) -> set[str]:
    parts = Path(path).with_suffix("").parts
    return {word for part in parts if part != "soma_common" for word in part.split("_")}


def words_of_class(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z][a-z0-9]*", name)}


def test_no_module_has_a_name_that_says_nothing() -> None:
    need([source.path for source in sources() if words_of_path(source.path) & EMPTY_WORDS], "modules to rename")


def test_no_class_has_a_name_that_says_nothing() -> None:
    found = [
        source.at(node, node.name)
        for source in product()
        for node in source.nodes
        if isinstance(node, ast.ClassDef) and words_of_class(node.name) & EMPTY_WORDS
    ]
    need(found, "classes to rename")


def test_every_package_introduces_itself_with_one_sentence() -> None:
    broken = []
    for source in product():
        if not source.path.endswith("__init__.py"):
            continue
        sentence = ast.get_docstring(source.tree) or ""
        if not sentence.endswith(".") or re.search(r"[.!?]\s+[A-Z`]", sentence) or "\n\n" in sentence:
            broken.append(f"{source.path} {sentence!r}")
    need(broken, "packages without a docstring of one sentence")


def test_every_module_says_what_belongs_in_it() -> None:
    need([source.path for source in product() if not ast.get_docstring(source.tree)], "modules without a docstring")
