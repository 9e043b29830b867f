"""Leaves out each clause that keeps tenants apart, in the statements and functions of a house, and says which matter.

Without any one clause a superuser, whom no policy binds, finds something else; without all of them the house's own role
finds nothing else.
"""

import os
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from itertools import zip_longest
from typing import Final

import asyncpg

from soma_common.postgres.queries import Queries
from tests.rpc.memory.replays import Replay, Scene
from tests.rpc.memory.twins import mutants_of, texts_of, without_all

MADE: Final = re.compile(r"create (?:or replace )?function ([a-z_]+)")
TABLE: Final = re.compile(r"create table (?:if not exists )?([a-z_]+)")
# Each clause is left out in turn; with SOMA_TEST_MUTANTS=6 only every sixth, and any that nothing comes by.
EVERY: Final = int(os.environ.get("SOMA_TEST_MUTANTS", "1"))
POLICIES: Final = "select tablename, policyname from pg_policies where schemaname = $1"


def migrations(package: str) -> list[str]:
    """Those of a house, in their order."""
    folder = files(package).joinpath("sql/migrations")
    return [each.read_text() for each in sorted(folder.iterdir(), key=lambda it: it.name)]


def tables_in(package: str) -> list[str]:
    """The names of a house's own tables."""
    return [name for text in migrations(package) for name in TABLE.findall(text)]


def texts_in(package: str) -> dict[str, str]:
    """The statements of all files of a house."""
    names = [each.name for each in files(package).joinpath("sql").iterdir() if each.name.endswith(".sql")]
    return texts_of(Queries.of(package, f"sql/{name}") for name in sorted(names))


async def definitions(connection: asyncpg.Connection, house: str) -> dict[str, str]:
    """The functions of a house as they are now."""
    made = (name for text in migrations(f"servers.{house}") for name in MADE.findall(text))
    names = dict.fromkeys(made)
    text = "select pg_get_functiondef(($1::text)::regproc)"
    return {name: str(await connection.fetchval(text, f"{house}.{name}")) for name in names}


def difference(found: Sequence[str], expected: Sequence[str]) -> list[str]:
    """The words that are not the same."""
    pairs = zip_longest(" ".join(found).split(), " ".join(expected).split())
    return [f"{one} instead of {other}" for one, other in pairs if one != other][:20]


async def each_matters(
    replay: Replay, scenes: Sequence[Scene], texts: Mapping[str, str], cascaded: frozenset[str] = frozenset()
) -> set[str]:
    """Proves both lines of defence; answers the clauses that no scene misses.

    `cascaded` are functions that run of rows which a foreign key takes along, as the owner, whom no policy binds there.
    """
    alone = [await replay.answer(scene) for scene in scenes]
    await replay.twins.join()
    for scene in scenes:
        scene.answer = await replay.answer(scene)
        scene.places = await replay.places(scene)
    # All but what the others have.
    differing = {
        scene.name: words
        for scene, expected in zip(scenes, alone, strict=True)
        if not scene.is_unbound and (words := difference(scene.answer[:-1], expected[:-1]))
    }
    assert differing == {}
    await policies_hold(replay)
    unnoticed = await left_out(replay, scenes, texts)
    assert await only_policies(replay, scenes, texts, cascaded) == {}
    return unnoticed


async def only_policies(
    replay: Replay, scenes: Sequence[Scene], texts: Mapping[str, str], cascaded: frozenset[str]
) -> dict[str, list[str]]:
    """What differs without any clause, where only policies hold."""
    instead = {place: without_all(text) for place, text in texts.items()}
    change = ";".join(without_all(body) for name, body in replay.functions.items() if name not in cascaded)
    found = {
        scene.name: await replay.differs(scene, instead, change, is_bound=True)
        for scene in scenes
        if not scene.is_unbound and not any(asked.is_worker for asked in scene.asked)
    }
    return {name: words for name, words in found.items() if words}


async def policies_hold(replay: Replay) -> None:
    """No statement sees or makes a row of another tenant, whatever it says; and without a table's policy one does."""
    rows = await replay.twins.connection.fetch(POLICIES, replay.twins.house)
    policies = {row["tablename"]: row["policyname"] for row in rows if row["tablename"] in replay.twins.tables}
    assert policies.keys() == replay.twins.tables.keys()
    for table, policy in policies.items():
        assert await replay.reaches(table) == set(), table
        both = await replay.reaches(table, f"alter policy {policy} on {table} using (true) with check (true)")
        assert both, table
        for half in ("using (true)", "with check (true)"):
            assert await replay.reaches(table, f"alter policy {policy} on {table} {half}") < both or len(both) < 2, (
                table
            )


async def left_out(replay: Replay, scenes: Sequence[Scene], statements: Mapping[str, str]) -> set[str]:
    """The clauses that no scene misses."""
    texts = {**replay.functions, **statements}
    mutants = [mutant for place, text in texts.items() for mutant in mutants_of(place, text)]
    reached_at_all = {place for scene in scenes for place in scene.places}
    unnoticed = set[str]()
    for number, mutant in enumerate(mutants):
        if number % EVERY and mutant.place in reached_at_all:
            continue
        is_function = mutant.place in replay.functions
        instead, change = ({}, mutant.text) if is_function else ({mutant.place: mutant.text}, "")
        reached = [scene for scene in scenes if mutant.place in scene.places]
        for scene in sorted(reached, key=lambda it: (not mutant.place.endswith(it.about or "/"), len(it.asked))):
            if await replay.differs(scene, instead, change):
                break
        else:
            unnoticed.add(mutant.name)
            print(f"unnoticed: {mutant.name}: {mutant.clause} ({len(reached)} scenes)", flush=True)
    print(f"{len(mutants)} clauses, {len(unnoticed)} unnoticed", flush=True)
    return unnoticed
