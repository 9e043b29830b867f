"""Kills at random points across writing, relaying and consuming, judged by the checker of the chaos tests."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

from bench.arms.arm import LegError
from bench.figures.figure import Figure
from bench.figures.run import Run
from bench.rows import Row, Target
from soma_common.testing.servers import program_of

KILLS: Final = 200
_ROOT: Final = Path(__file__).resolve().parent.parent.parent
_VERDICT: Final = re.compile(
    r"^\w+: (?P<kills>\d+) random kills and \d+ failpoints, (?P<events>\d+) events: "
    r"(?:(?P<violations>\d+) violations|0 lost)",
    re.MULTILINE,
)


class Verdict(NamedTuple):
    """What the checker said of one transport."""

    kills: int
    events: int
    violations: int


def _measure(run: Run) -> list[Row]:
    if not run.full:
        return []
    transports = ["bus", *(["kafka"] if program_of("kafka") else [])]
    if "kafka" not in transports:
        run.miss("Kafka is not here: bring it with `make servers ONLY=kafka`")
    rows: list[Row] = []
    for transport in transports:
        run.note(f"{KILLS} kills over {transport}")
        seen = verdict_of(_played(transport))
        over = f"after {seen.kills} kills over {transport}"
        none = Target(0.0, of_ratio=False)
        rows.append(Row(f"events lost, doubled or inverted {over}", seen.violations, "", target=none))
        rows.append(Row(f"events committed meanwhile {over}", seen.events, ""))
    return rows


def _played(transport: str) -> str:
    command = [sys.executable, "-m", "tests.chaos", "--kills", str(KILLS), "--transport", transport]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise LegError(f"{' '.join(command[1:])}: {done.stderr.strip()[-500:]}")
    return done.stdout


def verdict_of(said: str) -> Verdict:
    """The verdict in what the program of the chaos tests says. Raises LegError when there is none."""
    found = _VERDICT.search(said)
    if found is None:
        raise LegError(f"the chaos tests gave no verdict: {said.strip()[-500:]}")
    return Verdict(int(found["kills"]), int(found["events"]), int(found["violations"] or 0))


FIGURE: Final = Figure(
    "events-kills",
    "Kills",
    f"Writers, relays and consumers run as processes and are killed {KILLS} times at random moments, after every "
    "failpoint was visited. A separate program then compares what was acknowledged, committed, published and done. "
    "Full mode only: `.venv/bin/python -m tests.chaos --kills 20` is the same with fewer.",
    (),
    _measure,
)
