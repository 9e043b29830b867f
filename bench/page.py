"""The page of performance for the documentation: facts, the table, how to read it, a section a figure. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

from bench.figures.figure import Figure
from bench.rows import HEADS, Row

_OPENING: Final = """\
# Performance

<!-- Made by `poe bench`; edit bench/, not this page. -->

What the mesh costs, measured beside two peers in the same run on the same machine: the **bare path** (a WebSocket,
one gRPC stream and a model client by the same libraries in the same two processes, without identity, plan, recall,
budget and journal), and the **LiteLLM proxy** in an environment of its own, with a key and without a database, with
one worker a core (full mode tries a single one too; the better in turns a second is the peer). The mesh has
everything on. The load generator and the model upstream are processes of their own and share one core in every arm;
the arms have two.

Events and sagas are measured without the mesh, on a PostgreSQL with the settings of the standalone shape and on a
Kafka of one broker. Their peers are a transaction for each event, the client library of Kafka alone, and the
libraries **eventsourcing** and **DBOS Transact**, each in an environment of its own, on the same servers in the same
run.
"""
_READING: Final = """\
## How to read it

Times and rates belong to the machine above; **ratios travel**. A ratio is what was seen divided by what it is
compared with in the same run. A target is a limit of the ratio (`×`) or of the value itself. `met` and `missed` are
the verdict; `no peer` says that what it is compared with was not there. Nothing fails because of a time. On a
machine that does other work besides, times get worse first, ratios later.

For the mesh only limits that stand in the way of few users doing much are raised: messages a minute, connections of
a user and of a tenant, and the daily budget.

## How to run it

```sh
.venv/bin/poe bench                        # about five minutes; writes this page
.venv/bin/poe bench-full                   # longer legs, 10,000 sockets, 100,000 memories, kills
.venv/bin/python -m bench --only turns,chunk --arms mesh,bare
.venv/bin/python -m bench --only events    # durable events, relay and sagas, without the mesh
```

The first run installs each peer into `$XDG_CACHE_HOME/somastack/bench`; what cannot be had is left out by name. Kafka
comes by `make servers ONLY=kafka`. A run with `--only` or `--arms` prints and leaves this page alone.
"""


def page(
    facts: Iterable[tuple[str, str]], measured: Sequence[tuple[Figure, Sequence[Row]]], missing: Sequence[str]
) -> str:
    """The page as Markdown."""
    parts = [_OPENING, "## The run\n", _table(("fact", "value"), facts)]
    parts += [f"Left out: {sentence}\n" for sentence in missing]
    targets = [row for _, rows in measured for row in rows if row.target is not None]
    parts += ["## Targets\n", _table(HEADS, (row.cells() for row in targets)), _READING]
    for figure, rows in measured:
        parts += [f"## {figure.title}\n", f"{figure.method}\n", _table(HEADS[:4], (row.cells()[:4] for row in rows))]
    return "\n".join(parts)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
