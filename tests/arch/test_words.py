"""Words that may stand in some places only: the environment, this machine's name, SQL, and promises for later."""

import ast
import re
from collections.abc import Iterator

from tests.arch.source import ROOT, Source, dotted, literals, need, product, sources

OWN_MACHINE = ("local" + "host", "127.0.0" + ".1")
PROMISES = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|NotImplemented" + r"Error)\b")
PROMISE_SUFFIXES = ("py", "sql", "proto", "sh", "toml", "js", "ts", "css", "html", "yaml")
SQL = re.compile(
    r"\s*(?:"
    r"select\s+(?:\d|[\w.]+\(|.*\bfrom\b)|insert\s+into\b|update\s+\S+\s+set\b|delete\s+from\b|with\s+\w+\s+as\s*\("
    r"|(?:create|alter|drop)\s+(?:or\s+replace\s+)?(?:unlogged\s+|unique\s+)?"
    r"(?:table|index|role|schema|database|extension|policy|function|view|trigger|type|sequence)\b"
    r"|grant\s+.*\bto\b|revoke\s+.*\bfrom\b|truncate\s+\w|(?:un)?listen\s+\w+$|notify\s+\w+|set\s+(?:local|role|session|search_path)\b"
    r")",
    re.IGNORECASE | re.DOTALL,
)


def reads_environment(source: Source) -> Iterator[str]:
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and dotted(node) in ("os.environ", "os.getenv", "os.environb"):
            yield source.at(node, dotted(node))
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from (source.at(node, alias.name) for alias in node.names if alias.name in ("environ", "getenv"))


def test_only_config_reads_the_environment() -> None:
    readers = (source for source in product() if not source.within("config/", "soma_common/testing/"))
    need([line for source in readers for line in reads_environment(source)], "readers of the environment")


def test_no_address_of_this_machine_is_written_into_code() -> None:
    found = [
        f"{source.path}:{number} {line.strip()}"
        for source in sources("soma_common", "config", "servers", "edge", "cli", "tools")
        if not source.within("soma_common/testing/")
        for number, line in enumerate(source.text.splitlines(), 1)
        if any(word in line for word in OWN_MACHINE)
    ]
    need(found, "addresses in code")


def test_sql_stands_in_sql_files_only() -> None:
    found = [
        source.at(node, str(node.value).strip().splitlines()[0])
        for source in product()
        for node in literals(source)
        if SQL.match(str(node.value))
    ]
    need(found, "SQL in Python")


def test_the_rule_for_sql_knows_sql_from_prose() -> None:
    sql = (
        "select 1",
        "SELECT a, b FROM t",
        "with x as (select 1)",
        "create table t ()",
        "set local role x",
        "listen wake",
    )
    prose = ("Select a model", "Update the plan", "with care", "Create one", "set of names", "delete it", "listens")
    assert all(SQL.match(text) for text in sql)
    assert not any(SQL.match(text) for text in prose)


def test_nothing_is_promised_for_later() -> None:
    rooms = ("soma_common", "config", "servers", "edge", "cli", "tools", "tests", "proto", "web", "bench", "deploy")
    found = [
        f"{path.relative_to(ROOT)}:{number} {line.strip()}"
        for room in rooms
        for suffix in PROMISE_SUFFIXES
        for path in sorted((ROOT / room).rglob(f"*.{suffix}"))
        if "node_modules" not in path.parts
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if PROMISES.search(line)
    ]
    need(found, "promises for later")


def test_nothing_replaces_our_code_inside_tests() -> None:
    found = [source.path for source in sources("tests") if "unittest" + ".mock" in source.text]
    need(found, "tests that patch instead of using the real thing")
