"""Statements in the log of PostgreSQL, and what a saga takes."""

import math

import pytest

from bench.durable.log import statements
from bench.figures.sagas import runs_per_cpu_second, statements_a_run

SAID = """\
2026-11-25 23:40:05.208 UTC [7] chat_app@one LOG:  execute __asyncpg_stmt_3__: select s.fresh
\tfrom start_saga($1) s
2026-11-25 23:40:05.209 UTC [7] chat_app@one DETAIL:  Parameters: $1 = 'begin'
2026-11-25 23:40:05.226 UTC [7] chat_app@one LOG:  statement: -- One message of two statements.
\tbegin; set local soma.tenant_id = '1';
2026-11-25 23:40:05.228 UTC [7] chat_app@one LOG:  execute <unnamed>: -- A comment
\tselect * from sagas
2026-11-25 23:40:05.229 UTC [7] chat_app@one LOG:  statement: commit;
2026-11-25 23:40:05.230 UTC [8] postgres@other LOG:  statement: select 1
2026-11-25 23:40:05.231 UTC [8] postgres@one LOG:  statement: BEGIN
2026-11-25 23:40:05.232 UTC [8] postgres@one LOG:  statement: INSERT INTO steps VALUES (1)
2026-11-25 23:40:05.233 UTC [8] postgres@one LOG:  statement: ROLLBACK
2026-11-25 23:40:05.234 UTC [9] @ LOG:  checkpoint complete: execute nothing: really
2026-11-25 23:40:05.235 UTC [8] postgres@one ERROR:  statement: it failed
"""


def test_statements_of_one_database_count_and_the_frame_of_a_transaction_does_not() -> None:
    assert statements(SAID, "one") == 3
    assert statements(SAID, "other") == 1
    assert statements(SAID, "on") == 0
    assert statements("", "one") == 0


def test_looks_are_no_statements_of_a_saga() -> None:
    assert statements_a_run({"statements": 430, "looks": 30, "runs": 100}) == 4.0
    assert statements_a_run({"statements": 4100, "runs": 100}) == 41.0


@pytest.mark.parametrize(("runs", "seconds", "rate"), [(400, 2.0, 200.0), (400, 0.5, 800.0)])
def test_runs_are_divided_by_the_cpu_of_all(runs: int, seconds: float, rate: float) -> None:
    assert math.isclose(runs_per_cpu_second({"runs": runs, "cpu_seconds": seconds}), rate)
