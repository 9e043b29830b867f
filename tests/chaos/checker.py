"""Judges histories of events: `checker.py FOLDER`. It imports nothing of what it judges.

The folder holds files of JSON lines: `committed` (the events of the log at the end), `changes` (what was changed
beside them, with the number of its events), `acknowledged` (the changes of which writers heard), `published` (what the
transport holds, shard by shard), `effects` (what consumers did, in their order; some keep the order of streams),
`begun` (the sagas that somebody was told of), `sagas` (how each stands at the end) and `saga_effects` (what their steps
did, in the order of time). Prints every violation; ends with 1 when there is one.
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
    effects, changes = read(folder / "effects"), read(folder / "changes")
    if not committed:
        yield "nothing: the history is empty"
    truth = {str(row["event_id"]): row for row in committed}
    yield from dense(committed)
    yield from whole(changes, committed)
    sagas = read(folder / "sagas")
    yield from walked(sagas, read(folder / "saga_effects"))
    begun = {str(row["saga_id"]) for row in read(folder / "begun")} - {str(row["saga_id"]) for row in sagas}
    yield from (f"lost: the saga {saga_id} was begun and is not there" for saga_id in sorted(begun))
    known = {str(row["request_id"]) for row in changes}
    lost = {str(row["request_id"]) for row in read(folder / "acknowledged")} - known
    yield from (f"lost: {request_id} was acknowledged and is not there" for request_id in sorted(lost))
    yield from transported(truth, published)
    consumers: dict[str, list[Row]] = defaultdict(list)
    for row in effects:
        consumers[str(row["consumer"])].append(row)
    for consumer, own in (consumers or {"any": []}).items():
        yield from (f"{line} ({consumer})" for line in had_effect(truth, own))


def walked(sagas: list[Row], effects: list[Row]) -> Iterator[str]:
    """Every saga is completed with all its steps, or undone: in reverse, each once, and nothing comes behind that."""
    steps = {number(row, "place") for row in effects}
    own: dict[str, list[tuple[int, str]]] = {str(row["saga_id"]): [] for row in sagas}
    for row in effects:
        own.setdefault(str(row["saga_id"]), []).append((number(row, "place"), str(row["direction"])))
    status = {str(row["saga_id"]): str(row["status"]) for row in sagas}
    for saga_id, done in own.items():
        forward = [place for place, direction in done if direction == "forward"]
        back = [place for place, direction in done if direction == "back"]
        if len(set(done)) < len(done):
            yield f"doubled: the saga {saga_id} did {done}"
        if back and done[-len(back) :] != [(place, "back") for place in back]:
            yield f"fenced by nobody: the saga {saga_id} did {done}"
        if back != sorted(back, reverse=True) or forward != sorted(forward):
            yield f"out of order: the saga {saga_id} did {done}"
        match status.get(saga_id):
            case "COMPLETED" if set(forward) != steps or back:
                yield f"half done: the saga {saga_id} is completed and did {done}"
            case "COMPENSATED" if set(forward) != set(back):
                yield f"half undone: the saga {saga_id} is undone and did {done}"
            case "COMPLETED" | "COMPENSATED":
                pass
            case other:
                yield f"unfinished: the saga {saga_id} is {other}"


def dense(committed: Iterable[Row]) -> Iterator[str]:
    """Every stream of the log is 1, 2, 3 and so on."""
    for stream, rows in by_stream(committed).items():
        places = sorted(number(row) for row in rows)
        if places != list(range(1, len(places) + 1)):
            yield f"log: the stream {stream} has a hole or a double: {places[:20]}"


def whole(changes: Iterable[Row], committed: Iterable[Row]) -> Iterator[str]:
    """Every change is there with all of its events, once, and no event without its change."""
    there = Counter(str(row["request_id"]) for row in committed)
    for row in changes:
        found, wanted = there.pop(str(row["request_id"]), 0), number(row, "events")
        if found != wanted:
            yield f"torn: {row['request_id']} has {found} events of {wanted}"
    yield from (f"torn: {n} events of {request_id} are there without it" for request_id, n in sorted(there.items()))


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
        if places != sorted(places) and rows[0]["ordered"]:
            yield f"inverted: the effects of {stream} came as {places[:20]}"


def by_stream(rows: Iterable[Row]) -> dict[str, list[Row]]:
    streams: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        streams[f"{row['tenant_id']}/{row['stream']}"].append(row)
    return streams


def number(row: Row, name: str = "sequence") -> int:
    return int(str(row[name]))


def read(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.endswith("}")]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
