"""`python -m tests.chaos.streams [--cuts 1000] [--kills 20] [--seed N] [--keep FOLDER]`: the checker's verdict.

Ends with 1 when the checker found something.
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
from pathlib import Path

from soma_common.testing.upstream import Script
from tests.chaos.stage import Stage
from tests.chaos.streams.show import Show, summary
from tests.chaos.streams.stand import Stand


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.streams", description=__doc__)
    parser.add_argument("--cuts", type=int, default=1000, help="connections that are cut")
    parser.add_argument("--kills", type=int, default=20, help="replicas that are killed")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--keep", type=Path, help="where the history and the logs are left")
    given = parser.parse_args()
    sys.stdout.write(f"seed {given.seed}\n")
    folder = given.keep or Path(tempfile.mkdtemp(prefix="soma-streams-"))
    folder.mkdir(exist_ok=True)
    script = Script(chunks=100, gap_seconds=0.03)
    with Stage() as stage, Stand(stage.server, folder, script) as stand:
        show = Show(stand, folder / "history", given.cuts, given.kills, random.Random(given.seed))
        found = asyncio.run(show.play())
        sys.stdout.write(summary(show, found) + "\n")
    sys.stdout.writelines(f"  {line}\n" for line in found)
    if not given.keep:
        shutil.rmtree(folder)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
