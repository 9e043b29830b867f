"""`python -m bench`: measures the mesh beside its peers and prints a table of ratios. Asserts no times."""

import argparse
import os
import resource
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import grpc

from bench.arms.arm import ArmMissingError, LegError
from bench.arms.bare.arm import bare_path
from bench.arms.litellm_proxy import VERSION, litellm_proxy
from bench.arms.mesh import running_mesh
from bench.durable.servers import Servers
from bench.figures import (
    appends,
    chunk,
    first_token,
    gaps,
    kills,
    learning,
    load,
    minds,
    plan,
    ranking,
    recall,
    relay,
    sagas,
    sockets,
    standalone,
    turns,
    vectors,
)
from bench.figures.figure import Figure
from bench.figures.run import Run
from bench.machine import facts
from bench.page import page
from bench.processes import measured_cores
from bench.rows import Row
from bench.terminal import show
from bench.upstream import Upstream

# Those of events need no mesh and are called by `events` together; the last one starts the mesh anew.
FIGURES: Final[tuple[Figure, ...]] = (
    turns.FIGURE,
    chunk.FIGURE,
    load.FIGURE,
    first_token.FIGURE,
    gaps.FIGURE,
    plan.FIGURE,
    minds.FIGURE,
    ranking.FIGURE,
    learning.FIGURE,
    recall.FIGURE,
    sockets.FIGURE,
    vectors.FIGURE,
    appends.FIGURE,
    relay.FIGURE,
    sagas.FIGURE,
    kills.FIGURE,
    standalone.FIGURE,
)
ARMS: Final = ("mesh", "bare", "litellm")
PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "reference" / "performance.md"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="longer legs and larger stores")
    figures = ", ".join(figure.name for figure in FIGURES)
    only = _words(word for figure in FIGURES for word in (figure.name, figure.group))
    parser.add_argument("--only", type=only, help=f"figures, with commas between: {figures}")
    parser.add_argument("--arms", type=_words(ARMS), help=f"arms, with commas between: {', '.join(ARMS)}")
    return parser.parse_args()


def _words(known: Iterable[str]) -> Callable[[str], tuple[str, ...]]:
    names = tuple(known)

    def read(text: str) -> tuple[str, ...]:
        chosen = tuple(text.split(","))
        if unknown := [name for name in chosen if name not in names]:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: there are {', '.join(names)}")
        return chosen

    return read


def _start(run: Run, wanted: set[str], stack: ExitStack) -> None:
    """Start the arms; what cannot be had is told by name."""
    base_url = run.upstream.base_url
    if "litellm" in wanted:
        many = len(measured_cores())
        for workers in sorted({1, many}) if run.full else (many,):
            run.note(f"starting the LiteLLM proxy, workers: {workers}")
            try:
                run.proxies.append(stack.enter_context(litellm_proxy(base_url, workers)))
            except ArmMissingError as problem:
                run.miss(f"the LiteLLM proxy with {workers} workers: {problem}")
    if "bare" in wanted:
        run.bare = stack.enter_context(bare_path(base_url))
    if "mesh" in wanted:
        run.note("starting the mesh")
        run.mesh = stack.enter_context(running_mesh(base_url))
    for arm in run.arms():
        run.warm(arm)


def _raise_open_files() -> None:
    """What a process may have open is inherited by all arms; thousands of sockets need more than the usual limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> int:
    """Measure, print, and answer 0 unless an arm failed."""
    options = _options()
    os.sched_setaffinity(0, measured_cores())
    _raise_open_files()
    chosen = [figure for figure in FIGURES if options.only is None or {figure.name, figure.group} & set(options.only)]
    wanted = {arm for figure in chosen for arm in figure.arms} & set(options.arms or ARMS)
    measured: list[tuple[Figure, list[Row]]] = []
    failures: list[str] = []
    with ExitStack() as stack:
        run = Run(stack.enter_context(Upstream()), stack.enter_context(Servers()), options.full)
        _start(run, wanted, stack)
        for figure in chosen:
            run.note(figure.title)
            try:
                if rows := figure.measure(run):
                    measured.append((figure, rows))
            except (LegError, grpc.aio.AioRpcError) as problem:
                failures.append(f"{figure.title}: {problem}")
    show([row for _, rows in measured for row in rows], run.missing)
    for sentence in failures:
        sys.stderr.write(f"failed: {sentence}\n")
    if options.only is None and options.arms is None and not failures:
        told = facts("full" if options.full else "short", VERSION)
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(page(told, measured, run.missing))
        sys.stderr.write(f"written: {PAGE}\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
