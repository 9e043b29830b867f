"""Sagas on a real server: done once and in order, or undone in the opposite order."""

import pytest

from soma_common.sagas.models import SagaDefinition, Status
from tests.integration.sagas.conftest import Participant, Sagas, history

pytestmark = pytest.mark.integration


async def test_all_steps_are_done_in_order(sagas: Sagas, participant: Participant) -> None:
    saga = await sagas.go(SagaDefinition("walk", tuple(participant.step(name) for name in "abc")))
    assert saga.status is Status.COMPLETED
    assert participant.calls == ["a", "b", "c"]
    assert history(saga) == ["a", "b", "c"]
    assert await sagas.told(saga.saga_id) == ["saga.started", *["saga.step.completed"] * 3, "saga.completed"]
