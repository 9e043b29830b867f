"""What becomes of a rating: an agent's weights move by it, once, and its next recall is asked with them."""

from collections.abc import AsyncIterator

import pytest

from soma.chat.v1 import message_pb2 as message_pb
from soma.common.v1 import modulation_pb2 as common_pb
from soma_common.kernel.tenancy import TenantId
from soma_common.testing.eventually import eventually
from tests.integration.chat.minded import Minded
from tests.integration.chat.person import Told
from tests.integration.chat.stack import ChatStack

QUESTION = "What do herons eat?"


@pytest.fixture
async def ada(stack: ChatStack, tenant: TenantId) -> AsyncIterator[Minded]:
    async with Minded(stack, tenant) as person:
        yield person


def retrievers(weights: common_pb.RetrievalWeights) -> list[float]:
    return [weights.vector, weights.graph, weights.recency, weights.lexical]


async def answered(ada: Minded) -> Told:
    """A turn whose prompt had a memory: a stack that has just begun may not be trusted with its memory at once."""

    async def asked() -> Told | None:
        told = await ada.say(QUESTION)
        receipt = await ada.receipt(told.started.receipt_id)
        return told if any(item.lane == "memory" for item in receipt.items) else None

    told = await eventually(asked, within_seconds=60)
    assert told is not None
    return told


async def learned(ada: Minded, versions: int) -> None:
    """Returns when so many ratings were learned from."""

    async def counted() -> bool:
        return (await ada.adapted()).version >= versions

    assert await eventually(counted, within_seconds=20)
    await ada.quiet()
    assert (await ada.adapted()).version == versions


async def test_a_rating_moves_the_weights_and_the_next_recall_is_asked_with_them(ada: Minded) -> None:
    await ada.remembers("Herons eat small fish.")
    first = await ada.adapted()
    told = await answered(ada)
    # At once: the turn may not even be observed yet.
    await ada.rate(told, message_pb.RATING_GOOD)
    await learned(ada, 1)
    now = await ada.adapted()
    assert now.turn_id == told.turn_id
    assert retrievers(now.retrieval) != retrievers(first.retrieval)
    before, after = [
        (await ada.receipt(each.started.receipt_id)).modulation for each in (told, await ada.say(QUESTION))
    ]
    assert (before.adaptation_version, retrievers(before.retrieval_weights)) == (0, retrievers(first.retrieval))
    assert (after.adaptation_version, retrievers(after.retrieval_weights)) == (1, retrievers(now.retrieval))


async def test_a_changed_rating_tells_the_change_and_one_taken_back_takes_it_back(ada: Minded) -> None:
    await ada.remembers("Herons eat small fish.")
    told = await answered(ada)
    weights = [(await ada.adapted()).retrieval.vector]
    ratings = (message_pb.RATING_GOOD, message_pb.RATING_BAD, message_pb.RATING_BAD, message_pb.RATING_UNSPECIFIED)
    for versions, rating in zip((1, 2, 2, 3), ratings, strict=True):
        await ada.rate(told, rating)
        await learned(ada, versions)
        weights.append((await ada.adapted()).retrieval.vector)
    start, good, bad, still_bad, taken_back = weights
    assert min(good, start) < max(good, start)
    assert (good > start) == (bad < start)
    assert still_bad == bad
    # Nearly: what is usual was learned meanwhile, and a mood changes how fast.
    assert abs(taken_back - start) < abs(good - start)


async def test_a_turn_without_memories_teaches_nothing(ada: Minded) -> None:
    told = await ada.say(QUESTION)
    await ada.rate(told, message_pb.RATING_BAD)
    await ada.quiet()
    assert (await ada.adapted()).version == 0
