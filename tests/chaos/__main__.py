"""`python -m tests.chaos [--kills 200] [--transport bus|kafka|both] [--seed N]`: kills, and the checker's verdict.

Every failpoint is visited first; the kills that are counted come on top. Ends with 1 when the checker found something.
"""

import argparse
import asyncio
import random
import sys

from tests.chaos.course import Course
from tests.chaos.stage import TRANSPORTS, Stage


async def play(stage: Stage, transport: str, kills: int, seed: int) -> list[str]:
    """One scene from its beginning to the verdict."""
    course = Course(await stage.scene(transport), seed)
    try:
        course.start_all()
        await course.at_every_failpoint()
        await course.at_random(kills)
        found = await course.judged()
    finally:
        course.scene.end_all()
    events = len((course.scene.history / "committed").read_text().splitlines())
    words = f"{transport}: {kills} random kills and {len(course.visited)} failpoints, {events} events: "
    sys.stdout.write(words + (f"{len(found)} violations\n" if found else "0 lost, 0 doubled, 0 inverted\n"))
    sys.stdout.writelines(f"  {line}\n" for line in found)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="random kills on each transport")
    parser.add_argument("--transport", choices=(*TRANSPORTS, "both"), default="both")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    given = parser.parse_args()
    sys.stdout.write(f"seed {given.seed}\n")
    with Stage() as stage:
        found = [
            asyncio.run(play(stage, transport, given.kills, given.seed))
            for transport in (TRANSPORTS if given.transport == "both" else (given.transport,))
        ]
    return 1 if any(found) else 0


if __name__ == "__main__":
    sys.exit(main())
