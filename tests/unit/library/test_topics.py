"""Where events of which types lie."""

import pytest

from soma_common.events.consumption import Consumption
from soma_common.events.models import Event
from soma_common.events.topics import CONTROL, MEMORIES, TURNS, topics_of
from soma_common.postgres.pool import Connection


async def nothing(_: Connection, __: Event) -> None:
    """An effect that has none."""


def test_types_lie_in_the_topic_of_their_family() -> None:
    assert topics_of(["turn.completed", "turn.failed", "conversation.created"]) == (TURNS,)
    assert topics_of(["control.feature.changed", "memory.stored"]) == (MEMORIES, CONTROL)
    assert topics_of([]) == ()


def test_a_type_of_no_family_is_refused() -> None:
    with pytest.raises(ValueError, match="'weather'"):
        topics_of(["turn.completed", "weather.changed"])


def test_a_consumer_of_types_reads_their_topics_and_expects_gaps() -> None:
    what = Consumption.of_types("control.usage", ["turn.completed"], nothing)
    assert (what.topics, what.types) == ((TURNS,), frozenset(("turn.completed",)))
