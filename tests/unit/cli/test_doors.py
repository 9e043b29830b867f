"""What a command is told when services cannot be reached."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.doors import Doors, visit
from cli.exits import CommandError, Exit
from cli.stack.first_start import make_first_start
from config import Settings, load_settings
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import governor_service_pb2_grpc as governor_grpc
from soma_common.kernel.errors import SomaError
from soma_common.kernel.ids import Ids
from soma_common.kernel.reasons import Reason
from soma_common.testing.ports import PortShift


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """An installation that was started once and does not run."""
    free = PortShift.reserve((20022,))
    given = {"SOMA_HOME": str(tmp_path), "SOMA_INSTANCE": "doors", "SOMA_PORT_SHIFT": str(free.shift)}
    make_first_start(load_settings(given), Ids())
    yield load_settings(given)
    free.release()


async def test_a_stopped_stack_is_called_so(settings: Settings) -> None:
    async def work(doors: Doors) -> object:
        return await doors.stub("governor", governor_grpc.GovernorServiceStub).GetBudget(governor_pb.GetBudgetRequest())

    with pytest.raises(CommandError) as caught:
        await visit(settings, work)
    assert caught.value.code is Exit.CANNOT_REACH
    assert "somastack up" in caught.value.sentence


async def test_other_failures_stay_what_they_are(settings: Settings) -> None:
    async def work(_: Doors) -> object:
        raise SomaError(Reason.SCOPE_MISSING, {"scope": "x"})

    with pytest.raises(SomaError) as caught:
        await visit(settings, work)
    assert caught.value.reason is Reason.SCOPE_MISSING
