"""Judges histories of events: `checker.py FOLDER`. It imports nothing of what it judges.

The folder holds files of JSON lines: `committed` (what the log has at the end), `acknowledged` (what writers heard),
`published` (what the transport holds, shard by shard) and `effects` (what a consumer did, in its order). Prints every
violation; ends with 1 when there is one.
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

Row = dict[str, object]


def main(folder: Path) -> int:
    found = list(violations(folder))
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


def violations(folder: Path) -> Iterator[str]:
    committed, published = read(folder / "committed"), read(folder / "published")
    effects = read(folder / "effects")
    if not committed:
        yield "nothing: the history is empty"
    truth = {str(row["event_id"]): row for row in committed}
    yield from dense(committed)
    lost = [str(row["event_id"]) for row in read(folder / "acknowledged") if row["event_id"] not in truth]
    yield from (f"lost: {event_id} was acknowledged and is not in the log" for event_id in lost)
    yield from transported(truth, published)
    yield from had_effect(truth, effects)


def dense(committed: Iterable[Row]) -> Iterator[str]:
    """Every stream of the log is 1, 2, 3 and so on."""
    for stream, rows in by_stream(committed).items():
        places = sorted(number(row) for row in rows)
        if places != list(range(1, len(places) + 1)):
            yield f"log: the stream {stream} has a hole or a double: {places[:20]}"


def transported(truth: dict[str, Row], published: list[Row]) -> Iterator[str]:
    """The transport holds what was committed and all of it, each stream in one shard, first arrivals in order."""
    seen = {str(row["event_id"]) for row in published}
    yield from (
        f"invented: {event_id} is published and was never committed" for event_id in sorted(seen - truth.keys())
    )
    yield from (f"unpublished: {event_id} is in the log only" for event_id in sorted(truth.keys() - seen))
    for stream, rows in by_stream(published).items():
        if len({(row["topic"], row["shard"]) for row in rows}) > 1:
            yield f"scattered: the stream {stream} lies in several shards"
        firsts = list(dict.fromkeys(number(row) for row in rows))
        if firsts != sorted(firsts):
            yield f"inverted: the stream {stream} arrived as {firsts[:20]}"


def had_effect(truth: dict[str, Row], effects: list[Row]) -> Iterator[str]:
    """Every committed event had its effect once, in the order of its stream."""
    times = Counter(str(row["event_id"]) for row in effects)
    yield from (f"doubled: {event_id} had its effect {n} times" for event_id, n in sorted(times.items()) if n > 1)
    yield from (f"without effect: {event_id}" for event_id in sorted(truth.keys() - times.keys()))
    for stream, rows in by_stream(effects).items():
        places = [number(row) for row in rows]
        if places != sorted(places):
            yield f"inverted: the effects of {stream} came as {places[:20]}"


def by_stream(rows: Iterable[Row]) -> dict[str, list[Row]]:
    streams: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        streams[f"{row['tenant_id']}/{row['stream']}"].append(row)
    return streams


def number(row: Row) -> int:
    return int(str(row["sequence"]))


def read(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.endswith("}")]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
