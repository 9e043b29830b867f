"""Composition root of the cognitive service: `python -m servers.cognitive`.

The only place that builds its concrete objects.
"""

import sys
from contextlib import AsyncExitStack

from config import Settings
from config.process import run_service
from servers.cognitive.erasing import erasers
from servers.cognitive.house import CognitiveHouse
from soma_common.operations.erasing import Erasing
from soma_common.rpc.dial import Channel, dial
from soma_common.rpc.features import Features
from soma_common.rpc.process import ProcessSettings, opened

# As long as a step of a cycle may take.
CALL_SECONDS = 30.0


async def main(settings: Settings, own: ProcessSettings) -> None:
    """Serve until a signal."""
    async with opened(own) as process, AsyncExitStack() as closing:

        def reach(name: str) -> Channel:
            channel = dial(settings.endpoint(name).targets, process.signer, timeout_seconds=CALL_SECONDS, name=name)
            closing.push_async_callback(channel.close)
            return channel

        # Effects of the mind are no settings: they act until control says otherwise.
        features = Features("cognitive", {}, reach("control"), process.ids)
        house = CognitiveHouse(process, features, reach("memory"), reach("chat"))
        house.serve()
        async with house.at_work():
            await process.serve(house.drain, sagas=house.sagas, erasing=Erasing("cognitive", erasers(process.database)))


if __name__ == "__main__":
    sys.exit(run_service("cognitive", main))
