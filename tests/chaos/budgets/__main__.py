"""`python -m tests.chaos.budgets [--turns 200] [--kills 10] [--seed N]`: turns under budgets, kills, and the verdict.

Ends with 1 when the checker found something.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

from tests.chaos.budgets.play import Play
from tests.chaos.stage import Stage
from tests.integration.chat.stack import ChatStack


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.budgets", description=__doc__)
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--kills", type=int, default=10, help="kill -9 of governor and chat processes")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    given = parser.parse_args()
    sys.stdout.write(f"seed {given.seed}\n")
    with Stage() as stage, tempfile.TemporaryDirectory(prefix="soma-budgets-") as folder:
        stack = ChatStack(stage.server, Path(folder))
        try:
            stack.start_all()
            outcome = asyncio.run(Play(stack, given.turns, given.kills, random.Random(given.seed)).run())
        finally:
            stack.stop_processes()
    sys.stdout.write(f"{outcome.sentence}\n")
    sys.stdout.writelines(f"  {line}\n" for line in outcome.found)
    return 1 if outcome.found else 0


if __name__ == "__main__":
    sys.exit(main())
