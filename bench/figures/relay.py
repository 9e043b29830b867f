"""The relay to Kafka beside the bare client library, and how long a committed event is on its way."""

import secrets
from dataclasses import asdict
from typing import Any, Final

from bench.arms.arm import ArmMissingError, LegError
from bench.durable import relaying
from bench.durable.programs import play
from bench.figures.figure import Figure
from bench.figures.run import Run
from bench.rows import Row, Target

_RATE: Final = 1000
_BATCH_BYTES: Final = 256 * 1024


def _measure(run: Run) -> list[Row]:
    try:
        broker = run.servers.kafka
    except ArmMissingError as problem:
        run.miss(str(problem))
        return []
    events, seconds = (60_000, 30.0) if run.full else (15_000, 6.0)
    prefix = f"bench-{secrets.token_hex(4)}."
    place = {"kafka": broker, "prefix": prefix, "events": events, "batch_bytes": _BATCH_BYTES}
    run.note(f"{events:,} events from the outbox to Kafka")
    drained = _in_order(play(relaying.__name__, {**place, "way": "drain", "urls": asdict(run.servers.house())}))
    run.note("the same records by the bare client library")
    bare = play(relaying.__name__, {**place, "way": "bare"})
    run.note(f"{_RATE} events a second for {seconds:.0f} s")
    steady = {"way": "steady", "rate": _RATE, "seconds": seconds, "urls": asdict(run.servers.house())}
    lag = _in_order(play(relaying.__name__, {**place, **steady, "prefix": prefix + "steady."}))
    least, most = Target(0.4, at_most=False), Target(100.0, of_ratio=False)
    return [
        Row("events per second from outbox to Kafka", drained["rate"], "/s", "bare aiokafka", bare["rate"], least),
        Row(f"from commit to broker at {_RATE} a second, p50", lag["p50_ms"], "ms"),
        Row(f"from commit to broker at {_RATE} a second, p99", lag["p99_ms"], "ms", target=most),
        Row("events per second published meanwhile", lag["rate"], "/s"),
    ]


def _in_order(seen: dict[str, Any]) -> dict[str, Any]:
    if seen["disorder"] or seen["missing"]:
        raise LegError(f"the broker lacks {seen['missing']} events, and {seen['disorder']} are out of order")
    return seen


FIGURE: Final = Figure(
    "events-relay",
    "From the outbox to Kafka",
    "A full outbox of 256 streams in 16 tenants is carried to one broker: read in order, published, marked and "
    "deleted. The peer is aiokafka alone, with the same records from memory, all replicas, idempotent, the same size "
    "of batch, all futures awaited at the end. Then events come at a steady rate by EventPublisher; the lag is from "
    "the moment a caller knows of the commit to the broker's acknowledgement. The broker's records are read back, and "
    "each stream must be complete and in order, else there is no figure.",
    (),
    _measure,
)
