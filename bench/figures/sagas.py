"""What a saga of three steps costs: statements and CPU, beside DBOS Transact on the same server."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from bench.arms.arm import ArmMissingError
from bench.arms.environment import environment
from bench.durable import peers, sagas
from bench.durable.programs import play
from bench.figures.figure import Figure
from bench.figures.run import Run
from bench.rows import Row, Target

VERSION: Final = "3.4.0"
_CALLERS: Final = 8
_COUNTED: Final = 100
_PEER: Final = Path(peers.__file__).parent / "dbos_sagas.py"
_NAME: Final = f"DBOS {VERSION}"


def _measure(run: Run) -> list[Row]:
    timed = {"way": "timed", "callers": _CALLERS, "runs": 4000 if run.full else 400, "warm_runs": 80}
    counted = {"way": "counted", "callers": 1, "runs": _COUNTED, "warm_runs": 4}
    rate, statements = runs_per_cpu_second(_own(run, timed)), statements_a_run(_own(run, counted))
    peer, peer_counted = _peer(run, timed), _peer(run, counted)
    peer_rate = None if peer is None else runs_per_cpu_second(peer)
    peer_statements = None if peer_counted is None else statements_a_run(peer_counted)
    most = Target(5.0, of_ratio=False)
    return [
        Row("sagas of three steps per CPU-second", rate, "/s", _NAME, peer_rate, Target(3.0, at_most=False)),
        Row("statements of a saga of three steps", statements, "", _NAME, peer_statements, most),
    ]


def runs_per_cpu_second(seen: Mapping[str, Any]) -> float:
    """By what the program and its server took together."""
    return float(seen["runs"]) / float(seen["cpu_seconds"])


def statements_a_run(seen: Mapping[str, Any]) -> float:
    """What the server was sent, without the looks by which the end of a run was noticed."""
    return (float(seen["statements"]) - float(seen.get("looks", 0))) / float(seen["runs"])


def _own(run: Run, job: Mapping[str, object]) -> dict[str, Any]:
    run.note(f"{job['runs']} sagas, {job['way']}")
    urls = run.servers.house()
    return _played(run, sagas.__name__, {**job, "urls": asdict(urls)}, urls.app_dsn, None)


def _peer(run: Run, job: Mapping[str, object]) -> dict[str, Any] | None:
    """What the peer takes, or None with a word in the list of what is missing."""
    try:
        folder = environment(f"dbos-{VERSION}", f"dbos=={VERSION}")
    except ArmMissingError as problem:
        run.miss(f"{_NAME}: {problem}")
        return None
    run.note(f"{job['runs']} workflows of DBOS, {job['way']}")
    dsn = run.servers.superuser_of_a_new_database()
    return _played(run, _PEER, {**job, "dsn": dsn}, dsn, folder / "bin" / "python")


def _played(run: Run, program: str | Path, job: Mapping[str, object], dsn: str, python: Path | None) -> dict[str, Any]:
    """A counted job is one of which the server writes down the statements, from its being ready on."""
    before: list[int] = []
    if job["way"] == "counted":
        run.servers.listen_to(dsn)
    seen = play(
        program, job, python, (run.servers.postgres_root,), lambda: before.append(run.servers.statements_of(dsn))
    )
    return {**seen, "statements": run.servers.statements_of(dsn) - before[0]}


FIGURE: Final = Figure(
    "events-saga",
    "Sagas of three steps",
    f"Three steps that do nothing, each with a compensation, with the events that tell of them; {_CALLERS} callers "
    "start a saga and wait for its end, again and again, in one process. The peer is a workflow of three steps that "
    f"do nothing in DBOS Transact, called by {_CALLERS} threads, on the same server. CPU is that of the process and of "
    "the whole server. Statements are those that the server writes into its log for one saga after the other, without "
    "BEGIN, COMMIT and the looks by which the end of a saga is noticed.",
    (),
    _measure,
)
