"""`python -m bench.load`: a job as JSON comes in by standard input, its outcome goes out."""

import gc
import os
import resource
import sys
from collections.abc import Callable

import aiohttp
import orjson
import uvloop

from bench.load.crowd import hold
from bench.load.job import Door, Job, Pace
from bench.load.leg import play
from bench.load.openai_door import OpenAiTalker
from bench.load.schedule import history
from bench.load.socket_door import SocketTalker
from bench.load.talk import Talker
from bench.processes import load_core


def _opener(job: Job, session: aiohttp.ClientSession) -> Callable[[str], Talker]:
    if job.door is Door.SOCKET:
        return lambda token: SocketTalker(session, job.url, token)
    told = history(job.history_tokens, job.seed)
    return lambda token: OpenAiTalker(job.url, token, job.model, told)


async def _main(job: Job) -> None:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        if job.pace is Pace.IDLE:
            outcome = await hold(job, lambda token: SocketTalker(session, job.url, token))
        else:
            outcome = await play(job, _opener(job, session))
    sys.stdout.buffer.write(orjson.dumps(outcome.to_json()))


if __name__ == "__main__":
    os.sched_setaffinity(0, load_core())
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    gc.freeze()
    uvloop.run(_main(Job.from_json(orjson.loads(sys.stdin.buffer.read()))))
