"""Processes that run sleep cycles and are killed with SIGKILL: another one ends what they began.

`SOMA_TEST_CYCLE_KILLS=26` kills one at every place; two places are the usual. What follows a cut at each place, without
a process of its own, is proved in `test_cycle_faults.py`.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from random import Random

import pytest

from soma_common.rpc.call import acting_as
from soma_common.testing.identity import TestIdentity, user
from soma_common.testing.sizes import size
from tests.integration.cycles.conftest import Dreaming
from tests.integration.cycles.cuts import all_cuts
from tests.integration.cycles.process import Order
from tests.integration.cycles.test_cycle_faults import COMPLETED, check, dreamer, ended, let_leases_run_out

ROOT = Path(__file__).parents[3]
KILLS = size("SOMA_TEST_CYCLE_KILLS", 2)
SEED = size("SOMA_TEST_SEED", 7)
LEASE_SECONDS = 60.0


@pytest.fixture(autouse=True)
def as_olga() -> Iterator[None]:
    with acting_as(user("olga", roles=("operator",)), "test"):
        yield


@pytest.mark.timeout(max(120, KILLS * 20))
async def test_killed_anywhere_another_process_ends_it(
    dreaming: Dreaming, identity: TestIdentity, tmp_path: Path
) -> None:
    print(f"seed {SEED}")
    places = sorted(Random(SEED).sample(range(len(all_cuts())), min(KILLS, len(all_cuts()))))
    dreamers = []
    for place in places:
        it = await dreamer(dreaming, all_cuts()[place].name)
        it.cycle_id = (await dreaming.run(it.agent, async_mode=True)).cycle_id
        order = Order(
            app_dsn=dreaming.urls.app_dsn,
            worker_dsn=dreaming.urls.worker_dsn,
            memory=dreaming.remembering.target,
            key=str(identity.service_key_path("cognitive")),
            now=dreaming.clock.now().isoformat(),
            cut=place,
            lease_seconds=LEASE_SECONDS,
        )
        path = tmp_path / f"{place}.json"
        path.write_text(json.dumps(asdict(order)))
        program = "tests.integration.cycles.process"
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", program, str(path), cwd=ROOT)
        async with asyncio.timeout(60):
            assert await process.wait() == -signal.SIGKILL, it.name
        dreamers.append(it)
    await let_leases_run_out(dreaming)
    async with dreaming.running():
        for it in dreamers:
            done = await ended(dreaming, it)
            assert done.state == COMPLETED, (it.name, done)
            assert (done.group_count, done.fact_count, done.swept_count) == (2, 2, 1), it.name
            await check(dreaming, it, done)
