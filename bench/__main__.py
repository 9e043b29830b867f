"""`python -m bench`: measures the mesh beside its peers and prints a table of ratios. Asserts no times."""

import argparse
import os
import sys
from contextlib import ExitStack
from typing import Final

from bench.arms.arm import ArmMissingError
from bench.arms.bare.arm import bare_path
from bench.arms.litellm_proxy import litellm_proxy
from bench.arms.mesh import running_mesh
from bench.figures import chunk, first_token, load, turns
from bench.figures.figure import Figure
from bench.figures.run import LegError, Run
from bench.processes import measured_cores
from bench.rows import Row
from bench.terminal import show
from bench.upstream import Upstream

FIGURES: Final[tuple[Figure, ...]] = (turns.FIGURE, chunk.FIGURE, load.FIGURE, first_token.FIGURE)
ARMS: Final = ("mesh", "bare", "litellm")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="longer legs and larger stores")
    parser.add_argument("--only", type=_words(figure.name for figure in FIGURES), help="figures, with commas between")
    parser.add_argument("--arms", type=_words(ARMS), default=ARMS, help="arms, with commas between: mesh,bare,litellm")
    return parser.parse_args()


def _words(known: "object") -> "object":
    names = tuple(known)  # type: ignore[call-overload]

    def read(text: str) -> tuple[str, ...]:
        chosen = tuple(text.split(","))
        if unknown := [name for name in chosen if name not in names]:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: there are {', '.join(names)}")
        return chosen

    return read


def _start(run: Run, wanted: set[str], stack: ExitStack) -> list[str]:
    """Start the arms; what cannot be had is told by name."""
    missing: list[str] = []
    base_url = run.upstream.base_url
    if "litellm" in wanted:
        for workers in (1, len(measured_cores())):
            run.note(f"starting the LiteLLM proxy with {workers} worker{'s' * (workers > 1)}")
            try:
                run.proxies.append(stack.enter_context(litellm_proxy(base_url, workers)))
            except ArmMissingError as problem:
                missing.append(str(problem))
                break
    if "bare" in wanted:
        run.bare = stack.enter_context(bare_path(base_url))
    if "mesh" in wanted:
        run.note("starting the mesh")
        run.mesh = stack.enter_context(running_mesh(base_url))
    for arm in run.arms():
        run.warm(arm)
    return missing


def main() -> int:
    """Measure, print, and answer 0 unless an arm failed."""
    options = _options()
    os.sched_setaffinity(0, measured_cores())
    chosen = [figure for figure in FIGURES if options.only is None or figure.name in options.only]
    wanted = {arm for figure in chosen for arm in figure.arms} & set(options.arms)
    rows: list[Row] = []
    failures: list[str] = []
    with ExitStack() as stack:
        run = Run(stack.enter_context(Upstream()), options.full)
        missing = _start(run, wanted, stack)
        for figure in chosen:
            run.note(figure.title)
            try:
                rows += figure.measure(run)
            except LegError as problem:
                failures.append(f"{figure.title}: {problem}")
    show(rows, missing)
    for sentence in failures:
        sys.stderr.write(f"failed: {sentence}\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
