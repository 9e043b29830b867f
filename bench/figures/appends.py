"""Durable facts with their outbox rows a second, and how long a caller waits for one."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from bench.arms.arm import ArmMissingError
from bench.arms.environment import environment
from bench.durable import appends, peers
from bench.durable.programs import play
from bench.figures.figure import Figure
from bench.figures.run import Run
from bench.rows import Row, Target

VERSION: Final = "9.5.6"
CONNECTIONS: Final = 2
CALLERS: Final = 256
_BATCH: Final = 256
_PEER: Final = Path(peers.__file__).parent / "eventsourcing_appends.py"
_EVENTS: Final = "durable events per second"


def _measure(run: Run) -> list[Row]:
    group, single = _own(run, "publisher", CALLERS), _own(run, "single", CONNECTIONS)
    rate = group["rate"]
    least = Target(20_000, at_most=False, of_ratio=False)
    rows = [
        Row(f"{_EVENTS}, EventPublisher, {CALLERS} callers", rate, "/s", target=least),
        *_waits("EventPublisher", group, Target(20.0, of_ratio=False)),
        Row(f"{_EVENTS}, EventPublisher", rate, "/s", "a transaction each", single["rate"], Target(5.0, at_most=False)),
        *_waits("a transaction each", single),
    ]
    for batch in (1, _BATCH):
        by, seen = f"eventsourcing {VERSION}, {batch} in a call", _peer(run, batch)
        rows.append(Row(f"{_EVENTS}, EventPublisher", rate, "/s", by, None if seen is None else seen["rate"]))
        rows += [] if seen is None else _waits(by, seen)
    return rows


def _waits(by: str, seen: dict[str, Any], most: Target | None = None) -> list[Row]:
    return [
        Row(f"time to a durable event, {by}, p50", seen["p50_ms"], "ms"),
        Row(f"time to a durable event, {by}, p99", seen["p99_ms"], "ms", target=most),
    ]


def _seconds(run: Run) -> float:
    return 15.0 if run.full else 3.0


def _own(run: Run, way: str, callers: int) -> dict[str, Any]:
    run.note(f"{_EVENTS}, {way}, {callers} callers")
    job = {"urls": asdict(run.servers.house()), "way": way, "callers": callers}
    return play(appends.__name__, {**job, "connections": CONNECTIONS, "seconds": _seconds(run)})


def _peer(run: Run, batch: int) -> dict[str, Any] | None:
    """What the peer manages on the same server, or None with a word in the list of what is missing."""
    try:
        folder = environment(f"eventsourcing-{VERSION}", f"eventsourcing=={VERSION}", "psycopg[binary,pool]")
    except ArmMissingError as problem:
        run.miss(f"eventsourcing {VERSION}: {problem}")
        return None
    run.note(f"{_EVENTS}, eventsourcing, {batch} in a call")
    job = {"connections": CONNECTIONS, "seconds": _seconds(run), "batch": batch, "settings": _settings(run)}
    return play(_PEER, job, folder / "bin" / "python")


def _settings(run: Run) -> dict[str, str]:
    """Where the peer finds a database of its own."""
    parts = urlsplit(run.servers.superuser_of_a_new_database())
    return {
        "POSTGRES_DBNAME": parts.path.lstrip("/"),
        "POSTGRES_HOST": parse_qs(parts.query)["host"][0],
        "POSTGRES_USER": parts.username or "",
        "POSTGRES_PASSWORD": parts.password or "",
    }


FIGURE: Final = Figure(
    "events-append",
    "Durable events",
    f"Facts of about 200 bytes with their outbox rows, on a server of their own with `synchronous_commit` on, over "
    f"{CONNECTIONS} connections each time. {CALLERS} callers of EventPublisher, each on a stream of its own, in 16 "
    "tenants, publish again as soon as they have their event; facts in a transaction each come from as many callers as "
    "there are connections. The peer is the PostgreSQL recorder of the library eventsourcing, its database functions "
    "on, a thread a connection: one event a call, as independent callers bring them, and as many of one aggregate in a "
    "call as a group of ours may have. It keeps no outbox, and its streams have one writer.",
    (),
    _measure,
)
