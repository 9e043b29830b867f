"""One run: the upstream, the arms that run beside it, and the legs that are played against them.

Knows nothing of what a leg is for.
"""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final

import orjson

from bench.arms.arm import Arm, LegError
from bench.arms.mesh import MeshArm
from bench.durable.servers import Servers
from bench.load.job import Door, Job, Outcome, Pace
from bench.processes import cpu_seconds
from bench.upstream import Answers, Upstream

# A short answer, and how many ask for one at once when capacity is measured.
SHORT_CHUNKS: Final = 8
CROWD: Final = 16
_IDLE_SECONDS: Final = 3.0


@dataclass(slots=True)
class Run:
    """What figures measure with. `full` asks for more of everything; `kept` is what one figure leaves for another.

    `missing` says by name what could not be had.
    """

    upstream: Upstream
    servers: Servers
    full: bool
    mesh: MeshArm | None = None
    bare: Arm | None = None
    proxies: list[Arm] = field(default_factory=list)
    kept: dict[str, float] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    _proxy: Arm | None = None
    _begun: float = field(default_factory=time.monotonic)

    def arms(self) -> list[Arm]:
        """All arms that run, the mesh last."""
        mesh = [] if self.mesh is None else [self.mesh.arm]
        return [*([] if self.bare is None else [self.bare]), *self.proxies, *mesh]

    @property
    def proxy(self) -> Arm | None:
        """The LiteLLM proxy with the number of workers that answers more turns a second."""
        if self._proxy is None and self.proxies:
            self._proxy = max(self.proxies, key=lambda arm: self.capacity(arm, Door.OPENAI))
        return self._proxy

    def direct(self) -> Arm:
        """The upstream itself, asked without anything in between."""
        return Arm("upstream itself", "direct", {Door.OPENAI: self.upstream.base_url}, ("nobody",), ())

    def leg(self, arm: Arm, door: Door, pace: Pace, answers: Answers, **wishes: float) -> Outcome:
        """Play one leg in a process of its own; raises LegError when a turn fails."""
        self.upstream.answer(answers)
        job = replace(Job(door, arm.doors[door], arm.tokens, pace, arm.roots), **wishes)  # type: ignore[arg-type]
        self.note(f"{arm.name} by {door.spoken}, {pace}, {answers.chunks} chunks")
        outcome = play_job(job)
        if outcome.failures:
            raise LegError(f"{arm.name} by {door.spoken}: {'; '.join(outcome.failures)}")
        return outcome

    def together(self, answers: Answers, *jobs: Job) -> list[Outcome]:
        """Play several legs at once; raises LegError when a turn of one fails."""
        self.upstream.answer(answers)
        with ThreadPoolExecutor(len(jobs)) as pool:
            outcomes = list(pool.map(play_job, jobs))
        if failures := [failure for outcome in outcomes for failure in outcome.failures]:
            raise LegError("; ".join(failures))
        return outcomes

    def capacity(self, arm: Arm, door: Door) -> float:
        """Whole turns a second that an arm manages, measured once a run; what one costs is kept beside it."""
        name = f"capacity of {arm.name} by {door}"
        if name not in self.kept:
            seconds = 10.0 if self.full else 3.0
            wishes = {"sessions": CROWD, "seconds": seconds, "warm_seconds": 1.0}
            seen = self.leg(arm, door, Pace.CLOSED, Answers(SHORT_CHUNKS), **wishes)
            self.keep(name, seen.turns / seen.seconds)
            self.keep(f"cost of {arm.name} by {door}", 1000 * seen.cpu_seconds / max(1, seen.turns))
        return self.kept[name]

    def warm(self, arm: Arm) -> None:
        """Let an arm load what it loads late, before anything is measured."""
        for door in arm.doors:
            wishes = {"sessions": CROWD, "seconds": 2.0, "warm_seconds": 0.0}
            self.leg(arm, door, Pace.CLOSED, Answers(SHORT_CHUNKS), **wishes)

    def idle(self, arm: Arm) -> float:
        """Seconds of CPU that an arm takes in a second without work; all arms are looked at once, at the same time."""
        if f"idle of {arm.name}" not in self.kept:
            arms = self.arms()
            before = [cpu_seconds(each.roots) for each in arms]
            time.sleep(_IDLE_SECONDS)
            for each, began in zip(arms, before, strict=True):
                self.keep(f"idle of {each.name}", (cpu_seconds(each.roots) - began) / _IDLE_SECONDS)
        return self.kept[f"idle of {arm.name}"]

    def miss(self, sentence: str) -> None:
        """Say, once, what could not be had."""
        if sentence not in self.missing:
            self.missing.append(sentence)

    def keep(self, name: str, value: float) -> float:
        """Leave a value for figures that come later."""
        self.kept[name] = value
        return value

    def note(self, sentence: str) -> None:
        """Say on standard error what is being done."""
        sys.stderr.write(f"  {time.monotonic() - self._begun:5.0f} s  {sentence}\n")


def play_job(job: Job) -> Outcome:
    """Play a job in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=orjson.dumps(job.to_json()),
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise LegError(done.stderr.decode(errors="replace").strip()[-500:])
    return Outcome.from_json(orjson.loads(done.stdout))
