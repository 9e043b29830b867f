"""Processes that somebody else owns: an order names the command to use instead."""

from typing import cast

import pytest

from servers.control.fleet import OrchestratedFleet
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.dial import Channel

COMMANDS = {order: f"kubectl rollout {order} deployment/{{name}}" for order in ("start", "stop", "restart")}


@pytest.fixture
def fleet() -> OrchestratedFleet:
    """No order of this fleet reaches its channels."""
    channels = {"chat": cast(Channel, None)}
    return OrchestratedFleet(channels, {"chat": "chat:20021"}, COMMANDS)


@pytest.mark.parametrize("order", ["start", "stop", "restart"])
async def test_an_order_is_refused_with_the_command_that_does_it(fleet: OrchestratedFleet, order: str) -> None:
    with pytest.raises(SomaError) as refused:
        await fleet.order("chat", order)
    assert refused.value.reason is Reason.ORCHESTRATOR_OWNS_PROCESS
    assert f"kubectl rollout {order} deployment/chat" in refused.value.sentence


async def test_an_order_for_a_service_that_is_not_there_is_refused(fleet: OrchestratedFleet) -> None:
    with pytest.raises(SomaError) as refused:
        await fleet.order("nobody", "stop")
    assert refused.value.reason is Reason.RESOURCE_NOT_FOUND
