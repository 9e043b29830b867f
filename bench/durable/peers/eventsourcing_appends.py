"""Durable facts by the recorder of `eventsourcing`, with its database functions on.

A program for the peer's own Python: a job as JSON comes in, what was seen goes out.
"""

import json
import sys
import threading
import time
from math import ceil
from uuid import uuid4

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresFactory
from eventsourcing.utils import Environment

PAYLOAD = b"x" * 200
WARM_SECONDS = 1.0


def run(settings: dict[str, str], connections: int, batch: int, seconds: float) -> dict[str, float]:
    """So many threads record `batch` events of an aggregate of their own in each call, again and again."""
    pool = {"POSTGRES_POOL_SIZE": str(connections), "POSTGRES_MAX_OVERFLOW": "0", "POSTGRES_ENABLE_DB_FUNCTIONS": "y"}
    recorder = PostgresFactory(Environment("bench", {**settings, **pool})).application_recorder()
    begin = time.perf_counter() + WARM_SECONDS
    end = begin + seconds
    waits: list[list[float]] = [[] for _ in range(connections)]

    def record(number: int) -> None:
        aggregate, version = uuid4(), 1
        while (asked := time.perf_counter()) < end:
            events = [StoredEvent(aggregate, version + place, "bench:Started", PAYLOAD) for place in range(batch)]
            recorder.insert_events(events)
            version += batch
            answered = time.perf_counter()
            if asked >= begin and answered <= end:
                waits[number].append(answered - asked)

    threads = [threading.Thread(target=record, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = sorted(wait for each in waits for wait in each)
    p50, p99 = (taken[max(0, ceil(part * len(taken)) - 1)] * 1000 for part in (0.5, 0.99))
    return {"rate": len(taken) * batch / seconds, "p50_ms": p50, "p99_ms": p99}


if __name__ == "__main__":
    job = json.loads(sys.stdin.readline())
    print(json.dumps({"ready": True}), flush=True)
    sys.stdin.readline()
    print(json.dumps(run(**job)), flush=True)
    sys.stdin.readline()
