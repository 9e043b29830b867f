"""`python -m soma_common.testing.upstream`: serve until SIGTERM, or until standard input closes.

The only module here that reads a command line; prints one JSON line when it is ready.
"""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

import uvloop
from aiohttp import web

from soma_common.testing.upstream.app import Upstream
from soma_common.testing.upstream.records import Log
from soma_common.testing.upstream.script import Scripts
from soma_common.testing.upstream.text import Count, simple_count


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m soma_common.testing.upstream", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--script", default="{}", help="JSON, or @FILE: {default: {…}, queue: [{…}]}")
    parser.add_argument("--model", action="append", help="a name for /v1/models; may be repeated")
    parser.add_argument("--api-key", help="refuse every other key with 401")
    parser.add_argument("--tokenizer", choices=("simple", "model"), default="simple", help="how tokens are counted")
    parser.add_argument("--keep", type=int, default=10_000, help="how many requests are remembered")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with the process that holds stdin")
    return parser.parse_args()


def _model_count(model: str) -> Count:
    """The counter of the model's own tokenizer; loaded on first use, since its tables are large."""
    from soma_common.tokens import tokenizer_for

    return tokenizer_for(model).count


def _scripts(option: str) -> Scripts:
    return Scripts.from_json(json.loads(Path(option[1:]).read_text() if option.startswith("@") else option))


async def _serve(options: argparse.Namespace) -> None:
    upstream = Upstream(
        scripts=_scripts(options.script),
        models=tuple(options.model or ("scripted",)),
        api_key=options.api_key,
        count_for=_model_count if options.tokenizer == "model" else lambda model: simple_count,
        log=Log(keep=options.keep),
    )
    upstream.count_for(upstream.models[0])("loads the tables before the first request comes")
    runner = web.AppRunner(upstream.application(), handler_cancellation=True, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, options.host, options.port, reuse_port=False)
    await site.start()
    host, port = runner.addresses[0][:2]
    print(json.dumps({"address": f"http://{host}:{port}", "base_url": f"http://{host}:{port}/v1"}), flush=True)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if options.until_stdin_closes:
        loop.add_reader(sys.stdin.fileno(), stop.set)
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(_serve(_options()))
