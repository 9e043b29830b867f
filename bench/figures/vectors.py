"""Vectors searched in the house's index beside bare pgvector and milvus-lite, and how fast the index follows."""

import asyncio
import importlib.util
from dataclasses import asdict
from typing import Any, Final

from bench.durable import vectoring
from bench.durable.programs import play
from bench.durable.servers import database_of
from bench.figures.figure import Figure
from bench.figures.run import Run
from bench.rows import Row, Target


def _measure(run: Run) -> list[Row]:
    count, queries, followed = (100_000, 300, 5_000) if run.full else (8_000, 150, 1_500)
    urls = asyncio.run(run.servers.postgres.make("memory", "servers.memory"))
    owner = run.servers.postgres.address(database_of(urls.app_dsn))
    job = {"urls": asdict(urls), "owner": owner, "count": count, "queries": queries}
    seen: dict[str, dict[str, Any]] = {}
    for way in ("house", "bare", "lite"):
        if way == "lite" and importlib.util.find_spec("milvus_lite") is None:
            run.miss("milvus-lite is not installed (pip install milvus-lite)")
            continue
        run.note(f"{count:,} vectors of 256 numbers: {way}")
        seen[way] = play(vectoring.__name__, {**job, "way": way})
    run.note(f"{followed:,} memories into the index")
    rate = play(vectoring.__name__, {**job, "way": "follow", "count": followed})["rate"]
    house = seen["house"]
    fifth = Target(0.2)
    size = f"over {count:,}"
    found = f"recall@10 {house['recall']:.3f}"
    rows = [
        Row(f"vector search {size}, p50", house["p50_ms"], "ms", "bare pgvector", seen["bare"]["p50_ms"], note=found)
    ]
    if "lite" in seen:
        note = f"recall@10 {house['recall']:.3f} and {seen['lite']['recall']:.3f}"
        rows.append(
            Row(f"vector search {size}, p50", house["p50_ms"], "ms", "milvus-lite", seen["lite"]["p50_ms"], fifth, note)
        )
    return [*rows, Row("memories a second into the index", rate, "/s", target=Target(250.0, False, False))]


FIGURE: Final = Figure(
    "memory-vectors",
    "Vectors of memories",
    "Unit vectors in 200 clusters, all of one tenant, are searched one after the other for the nearest ten; what is "
    "found is held against the exact answer. The house searches its table under row-level security, with the tenant "
    "and the namespace as filters, in a graph once there are more than 5,000. Bare pgvector has the same graph without "
    "any filter, milvus-lite a filter by tenant. Then memories are stored at once, and the follower brings them into "
    "the index with its graph.",
    (),
    _measure,
)
