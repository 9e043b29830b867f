"""Named statements: found by name, refused when a file is without order; every shipped file parses."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

import soma_common
from soma_common.postgres.house import PLACES, ROLES, HouseDatabase
from soma_common.postgres.migrate import MigrationError, migrations_of
from soma_common.postgres.queries import Queries

pytestmark = pytest.mark.unit

ROOM = Path(str(files(soma_common.__name__)))


def test_a_statement_is_found_by_its_name() -> None:
    queries = Queries("here", "-- a file\n\n-- name: one\nselect 1;\n\n-- name: two\n-- why\nselect 2;\n")
    assert queries.one == "select 1;"
    assert queries.two == "-- why\nselect 2;"
    assert dir(queries) == ["one", "two"]
    with pytest.raises(AttributeError, match="here has no statement named 'three'"):
        _ = queries.three


@pytest.mark.parametrize("text", ["", "select 1;", "-- name: a\n", "-- name: a\nx\n-- name: a\ny\n"])
def test_a_file_without_order_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="here"):
        Queries("here", text)


def test_every_shipped_file_parses() -> None:
    found = [path for path in ROOM.rglob("sql/*.sql") if path.parent.name == "sql"]
    assert len(found) >= 6
    for path in found:
        assert dir(Queries(path.name, path.read_text()))


def test_a_missing_file_is_said() -> None:
    with pytest.raises(FileNotFoundError):
        Queries.of("soma_common.postgres", "sql/nothing.sql")


def test_the_shared_migrations_protect_every_table() -> None:
    seen = set()
    for migration in migrations_of(None):
        for table, columns in re.findall(r"create table (\w+) \((.+?)\n\)", migration.text, re.DOTALL):
            seen.add(table)
            assert f"alter table {table} enable row level security" in migration.text
            assert f"alter table {table} force row level security" in migration.text
            assert (f"create policy tenant on {table}" in migration.text) == ("tenant_id uuid" in columns)
    assert {"events", "outbox", "idempotency", "dead_letters"} <= seen


def test_migrations_are_numbered_without_gaps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a_house" / "sql" / "migrations"
    folder.mkdir(parents=True)
    (tmp_path / "a_house" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    (folder / "0002_b.sql").write_text("select 1")
    with pytest.raises(MigrationError, match="without gaps"):
        migrations_of("a_house")
    (folder / "0001_a.sql").write_text("select 1")
    assert [migration.label for migration in migrations_of("a_house")][-2:] == ["house/0001_a", "house/0002_b"]
    (folder / "3_c.sql").write_text("select 1")
    with pytest.raises(MigrationError, match="not named"):
        migrations_of("a_house")


def test_every_house_has_its_place_and_three_roles() -> None:
    assert set(PLACES) == {"chat", "governor", "control", "cognitive", "memory", "bus"}
    assert len(set(ROLES)) == 19
    assert PLACES["bus"].roles == ("bus_owner", "bus_app", "bus_worker", "bus_relay")
    assert PLACES["memory"].search_path == "memory, public"
    assert PLACES["chat"].role("app") == "chat_app"


def test_addresses_never_show_their_passwords() -> None:
    assert "secret" not in repr(HouseDatabase("chat", "chat", "a:secret", "b:secret", "c:secret"))
