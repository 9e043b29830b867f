"""Measures how well and how fast memory recalls.

python -m bench.memory --speed                    # a search of the view, 600 and 100,000 memories
python -m bench.memory FILE                       # recall of FILE, by the view alone, as it is delivered
python -m bench.memory FILE --fit                 # fits the weights anew, judged across the conversations
python -m bench.memory FILE --served              # through the calls of a mesh that is started for it
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.memory import served
from bench.memory.fit import PLAIN, STYLED, crossed, fit
from bench.memory.locomo import read
from bench.memory.scores import CUTS, Answered, table
from bench.memory.shelves import pool, reader
from bench.memory.speed import told
from servers.memory.domain.ranking import Weights


def main() -> None:
    """Read the command line and print what is seen."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description="How well and how fast memory recalls.")
    parser.add_argument("file", nargs="?", type=Path, help="conversations in the form of LoCoMo")
    parser.add_argument("--fit", action="store_true", help="fit the weights anew")
    parser.add_argument("--served", action="store_true", help="through the served calls")
    parser.add_argument("--speed", action="store_true", help="how long a search takes")
    options = parser.parse_args()
    if options.speed:
        _say(told(600), told(100_000))
    if options.file is None:
        return
    conversations = read(options.file)
    if options.served:
        _table("served", served.answers(conversations))
        return
    read_text = reader()
    pools = [pool(read_text, each) for each in conversations]
    if options.fit:
        for title, names in (("plain", PLAIN), ("with style", STYLED)):
            _table(f"{title}, each judged by the others", crossed(pools, names))
            model = fit(pools, names)
            _table(f"{title}, fitted on all", [answer for each in pools for answer in model.answers(each)])
            _say(", ".join(f"{name} {weight:.2f}" for name, weight in zip(names, model.weights, strict=True)))
        return
    for style in (0.0, 1.0):
        weights = Weights(style=style)
        for each in pools:
            _table(f"{each.conversation.name}, style {style:.0f}", each.answers(weights))
        _table(f"all, style {style:.0f}", [answer for each in pools for answer in each.answers(weights)])


def _table(title: str, answered: Sequence[Answered]) -> None:
    rows = (f"{name:12}" + "".join(f"{recall[cut]:8.1f}" for cut in CUTS) for name, recall in table(answered).items())
    _say(f"{title}: {len(answered)} questions", f"{'recall@':12}" + "".join(f"{cut:8}" for cut in CUTS), *rows)


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    main()
