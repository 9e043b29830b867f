"""What people say of answers reaches the receipt and the calibration, once, whenever it is said."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4

import pytest

from servers.governor.calibration.feedback import CONSUMER
from servers.governor.calibration.reading import Calibrations
from servers.governor.calibration.store import CalibrationStore
from servers.governor.domain.calibration import Calibration
from soma.events.v1 import payloads_pb2 as payloads_pb
from soma.governor.v1 import governor_service_pb2 as governor_pb
from soma.governor.v1 import receipt_pb2 as receipt_pb
from soma_common.dlq.handler import DLQHandler
from soma_common.events.codec import schema_of
from soma_common.events.consumer import Consumer
from soma_common.events.metrics import ConsumerMetrics
from soma_common.events.models import Event
from soma_common.events.store import EventStore
from soma_common.events.topics import TURNS
from soma_common.events.transports.port import Envelope
from soma_common.events.transports.postgres import PostgresTransport
from soma_common.kernel.clock import Clock
from soma_common.kernel.ids import Ids
from soma_common.kernel.tenancy import TenantId
from soma_common.testing.identity import OTHER_TENANT, TENANT
from soma_common.testing.postgres import HouseDatabases, OpenDatabase, TestServer
from tests.rpc.governor.conftest import Governor
from tests.unit.governor.samples import plan_request, settle_request

Rate = Callable[..., Awaitable[None]]
IDS = Ids()


@pytest.fixture
async def rate(
    governor: Governor, house_database: HouseDatabases, open_database: OpenDatabase, postgres_server: TestServer
) -> Rate:
    """Publishes ratings of a turn, each a further event of its stream, and has the governor's consumer take them."""
    bus = house_database("bus", "soma_common.events")
    relay, reader = await open_database(postgres_server.as_relay(bus)), await open_database(bus)
    transport = PostgresTransport(relay, reader, Clock(), IDS)
    letters = DLQHandler(governor.database, EventStore("governor", IDS))
    what = governor.servicer.settlement.feedback.consumption()
    consumer = Consumer(governor.database, transport, letters, what, IDS, ConsumerMetrics())
    said = 0

    async def rate(turn_id: str, *ratings: str, tenant: TenantId = TENANT, twice: bool = False) -> None:
        nonlocal said
        for rating in ratings:
            said += 1
            payload = payloads_pb.TurnRated(turn_id=turn_id, rating=rating, rated_by="ada")
            event = Event(
                IDS.uuid7(), "turn.rated", "0" * 32, "c", "", "chat", tenant, f"turn/{turn_id}", said,
                datetime.now(UTC), schema_of(payload), payload.SerializeToString(),
            )  # fmt: skip
            for _ in range(2 if twice else 1):
                await transport.publish([Envelope.of(TURNS, event)])
        subscription = await transport.subscribe(CONSUMER, [TURNS])
        while await consumer.take_some(subscription, 0.0):
            pass
        await subscription.close()

    return rate


async def planned(governor: Governor) -> str:
    request = plan_request()
    await governor.stub.PlanTurn(request)
    return request.turn_id


async def settled(governor: Governor, finish_reason: str = "stop") -> str:
    turn_id = await planned(governor)
    await governor.stub.SettleTurn(settle_request(turn_id, (1, 90, 256), finish_reason=finish_reason))
    return turn_id


async def receipt_of(governor: Governor, turn_id: str) -> receipt_pb.Receipt:
    receipt: receipt_pb.Receipt = (
        await governor.stub.GetReceipt(governor_pb.GetReceiptRequest(receipt_id=turn_id))
    ).receipt
    return receipt


async def calibrated(governor: Governor, tenant: TenantId = TENANT) -> tuple[Calibration, ...]:
    return await Calibrations(governor.database, CalibrationStore()).of(tenant)


RATED: Final = (
    (("good",), "length", 65, True),
    (("bad",), "stop", 60, False),
    (("good", "bad"), "length", 10, False),
    (("bad", "bad"), "stop", 60, False),
    (("bad", ""), "stop", 100, None),
    (("bad",), "error", 0, False),
)


async def test_a_rating_moves_what_was_observed_once(governor: Governor, rate: Rate) -> None:
    for ratings, finish_reason, quality, feedback in RATED:
        with governor.acting():
            turn_id = await settled(governor, finish_reason)
            before = await receipt_of(governor, turn_id)
            await rate(turn_id, *ratings, twice=True)
            after = await receipt_of(governor, turn_id)
        assert after.aiq_observed.response_quality == quality
        assert after.aiq_observed.value == pytest.approx(0.5 * quality + 20 + 30)
        assert (after.feedback if after.HasField("feedback") else None) is feedback
        rows = await governor.rows("select aiq_observed from receipts where turn_id = $1", UUID(turn_id))
        assert rows == [{"aiq_observed": after.aiq_observed.value}]
        after.aiq_observed.CopyFrom(before.aiq_observed)
        after.ClearField("feedback")
        assert after == before


async def test_a_rating_before_the_settlement_counts_when_it_settles(governor: Governor, rate: Rate) -> None:
    with governor.acting():
        turn_id = await planned(governor)
        await rate(turn_id, "good", "bad")
        answer = await governor.stub.SettleTurn(settle_request(turn_id, (1, 90, 256)))
        receipt = await receipt_of(governor, turn_id)
    assert receipt.feedback is False
    assert receipt.HasField("feedback")
    assert answer.aiq_observed.response_quality == 60
    assert answer.aiq_observed == receipt.aiq_observed
    [found] = await calibrated(governor)
    assert found.turns == 1
    assert found.bins[0].mean_observed == pytest.approx(receipt.aiq_observed.value, abs=1e-6)


async def test_a_rating_of_another_tenant_or_of_nothing_changes_nothing(governor: Governor, rate: Rate) -> None:
    with governor.acting():
        turn_id = await settled(governor)
        before = await receipt_of(governor, turn_id)
        await rate(turn_id, "bad", tenant=OTHER_TENANT)
        await rate(str(uuid4()), "bad")
        assert await receipt_of(governor, turn_id) == before


async def test_a_rating_of_no_meaning_is_parked_and_others_pass(governor: Governor, rate: Rate) -> None:
    with governor.acting():
        turn_id, other = await settled(governor), await settled(governor)
        await rate(turn_id, "splendid")
        await rate(other, "bad")
        assert (await receipt_of(governor, other)).feedback is False
        assert not (await receipt_of(governor, turn_id)).HasField("feedback")
    letters = await governor.rows("select event_type from dead_letters")
    assert len(letters) == 1


async def test_calibration_is_kept_by_tenant_and_model_and_follows_ratings(governor: Governor, rate: Rate) -> None:
    assert await calibrated(governor) == ()
    with governor.acting():
        turns = [await settled(governor) for _ in range(3)]
        await settled(governor, "error")
        predicted = (await receipt_of(governor, turns[0])).aiq_predicted.value
        [found] = await calibrated(governor)
        assert (found.model, found.turns) == ("m", 4)
        # Three answers that stopped are worth 100, the failed one 50.
        assert found.mean_error == pytest.approx((3 * 100 + 50) / 4 - predicted, abs=1e-5)
        assert found.mean_absolute_error == pytest.approx((3 * (100 - predicted) + predicted - 50) / 4, abs=1e-5)
        assert found.expected_calibration_error == pytest.approx(abs(found.mean_error), abs=1e-5)
        assert [(each.number, each.turns) for each in found.bins] == [(int(predicted // 10), 4)]
        await rate(turns[1], "bad")
        [moved] = await calibrated(governor)
        assert moved.turns == 4
        assert moved.mean_error == pytest.approx((100 + 80 + 100 + 50) / 4 - predicted, abs=1e-5)
        await rate(turns[1], "")
        assert await calibrated(governor) == (found,)
    with governor.acting("eve", tenant=OTHER_TENANT):
        await settled(governor)
    [theirs] = await calibrated(governor, OTHER_TENANT)
    assert theirs.turns == 1
    assert await calibrated(governor) == (found,)


async def test_a_repeated_settlement_is_calibrated_once_and_a_job_never(governor: Governor) -> None:
    with governor.acting():
        turn_id = await settled(governor)
        await governor.stub.SettleTurn(settle_request(turn_id, (1, 90, 256)))
    assert [each.turns for each in await calibrated(governor)] == [1]


async def test_the_release_before_closes_receipts_on_these_tables(governor: Governor) -> None:
    with governor.acting():
        turn_id = await planned(governor)
    async with governor.database.transaction(TENANT) as connection:
        closed = await connection.fetchval(
            "select close_receipt($1, $2, $3, 80, now(), '{}', '{}', '{}', 'm', 5)", TENANT, turn_id, b""
        )
    assert closed is True
    [found] = await calibrated(governor)
    assert found.bins[0].mean_observed == 80
