"""Judges histories of streams: `checker.py FOLDER`. It imports nothing of what it judges.

The folder holds files of JSON lines: `heard` (every event that a client heard, in its order, over all connections),
`turns` (each turn as it is stored at the end, with how often a process took it over), `calls` (what the model's
provider was asked), `billed` (the calls of each receipt) and `ledger` (what the budget says). Prints every violation;
ends with 1 when there is one.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

Row = dict[str, object]
TERMINAL = frozenset(("completed", "failed", "cancelled"))
SEAM = "turn_taken_over"
# What counting at two places may differ in: the framing of messages, and a token that is cut in two.
SLACK = 12


def main(folder: Path) -> int:
    found = list(violations(folder))
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


def violations(folder: Path) -> Iterator[str]:
    heard, turns = read(folder / "heard"), read(folder / "turns")
    if not heard or not turns:
        yield "nothing: the history is empty"
    stored = {str(row["turn"]): row for row in turns}
    for (turn, client), rows in grouped(heard, "turn", "client").items():
        name = f"{turn} as {client} heard it"
        if turn not in stored:
            yield f"lost: {name} is not stored"
        else:
            yield from (f"{line}: {name}" for line in one_stream(rows, stored[turn]))
    told = grouped(heard, "turn")
    for turn in sorted(stored.keys() - {key[0] for key in told}):
        yield f"unheard: nobody heard {turn}"
    calls, billed = grouped(read(folder / "calls"), "turn"), grouped(read(folder / "billed"), "turn")
    for turn, row in stored.items():
        seams = len({number(it, "last") for it in told.get((turn,), []) if it.get("code") == SEAM})
        for line in one_bill(row, seams, calls.get((turn,), []), billed.get((turn,), [])):
            yield f"{line}: {turn}"
    for (turn,) in billed.keys() - {(turn,) for turn in stored}:
        yield f"invented: {turn} is billed and is not stored"
    yield from balanced(read(folder / "ledger"), [row for rows in billed.values() for row in rows])


def one_stream(rows: list[Row], stored: Row) -> Iterator[str]:
    """What one client heard of one turn: dense from 1 to its one end, and the text that is stored."""
    before = 0
    for row in rows:
        first, last = number(row, "first"), number(row, "last")
        if first > before + 1:
            yield f"gap: {first} came after {before}"
        if first <= before:
            yield f"repeat: {first} came after {before}"
        if last < first:
            yield f"backwards: an event covers {first} to {last}"
        before = max(before, last)
    ends = [str(row["kind"]) for row in rows if row["kind"] in TERMINAL]
    if len(ends) != 1 or rows[-1]["kind"] not in TERMINAL:
        yield f"ends: it ended {len(ends)} times, and the last event is {rows[-1]['kind']}"
    elif ends[0] != stored["status"]:
        yield f"another end: {ends[0]} was heard and {stored['status']} is stored"
    if rows[0]["kind"] != "started":
        yield f"beginning: it began with {rows[0]['kind']}"
    text = "".join(str(row["text"]) for row in rows)
    if text != stored["text"]:
        yield f"text: {len(text)} characters were heard and {len(str(stored['text']))} are stored"
    if before != number(stored, "last_sequence"):
        yield f"length: the last event heard is {before} and {stored['last_sequence']} is stored"


def one_bill(stored: Row, seams: int, calls: list[Row], billed: list[Row]) -> Iterator[str]:
    """Every call of the provider is billed once, and a call that goes on with an answer is told of."""
    legs = [number(row, "leg") for row in billed]
    if len(set(legs)) < len(legs):
        yield f"double bill: the calls {sorted(legs)}"
    unheard = max(0, number(stored, "takeovers") - seams)
    silent = sum(number(row, "output_tokens") == 0 for row in billed)
    # A process may die between saying that it calls and calling, or between calling and saying so.
    if len(billed) > len(calls) + silent:
        yield f"double bill: {len(billed)} calls are billed and {len(calls)} were made"
    if len(billed) + unheard < len(calls):
        yield f"unbilled: {len(billed)} calls are billed and {len(calls)} were made"
    if stored["status"] == "completed" and len(billed) != seams + 1:
        yield f"seams: {len(billed)} calls are billed and {seams} were told of as going on"
    whole = [row for row in calls if row["whole"]]
    for row in billed:
        used = (number(row, "input_tokens"), number(row, "output_tokens"))
        if row["estimated"]:
            most = max((number(call, "output_tokens") for call in calls), default=0)
            if used[1] > most + SLACK:
                yield f"too dear: the call {row['leg']} wrote at most {most} tokens and {used[1]} are billed"
        elif used not in {(number(call, "input_tokens"), number(call, "output_tokens")) for call in whole}:
            yield f"another figure: the call {row['leg']} is billed {used}"


def balanced(ledger: list[Row], billed: Iterable[Row]) -> Iterator[str]:
    """The budget is what the receipts say, and nothing is held."""
    used = sum(number(row, "input_tokens") + number(row, "output_tokens") for row in billed)
    for row in ledger:
        if number(row, "used_tokens") != used:
            yield f"ledger: {row['used_tokens']} tokens are used and the receipts have {used}"
        if number(row, "open_holds"):
            yield f"ledger: {row['open_holds']} holds are open"


def grouped(rows: Iterable[Row], *names: str) -> dict[tuple[str, ...], list[Row]]:
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(str(row[name]) for name in names)].append(row)
    return groups


def number(row: Row, name: str) -> int:
    return int(str(row[name]))


def read(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.endswith("}")]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
