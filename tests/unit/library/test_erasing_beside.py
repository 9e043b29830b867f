"""What cannot forget says so: events in Kafka until when, copies for as long as somebody keeps them."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

from soma.common.v1 import erasure_pb2 as line_pb
from soma_common.events.topics import Topic
from soma_common.events.transports.port import Envelope, Outcome, Subscription, Transport, TransportError
from soma_common.operations.beside import UNCHANGEABLE, PublishedEraser, Resting
from soma_common.operations.erasing import Erasing, told
from soma_common.operations.subjects import Found, Subject, pseudonym
from soma_common.testing.clock import SetClock
from soma_common.testing.identity import TENANT


class Unchangeable(Transport):
    """A transport that keeps what it has as it is, like Kafka."""

    async def publish(self, batch: Sequence[Envelope]) -> Outcome:
        return Outcome()

    async def subscribe(self, consumer: str, topics: Sequence[Topic]) -> Subscription:
        raise TransportError("nobody reads it")

    async def sweep(self) -> None:
        return None

    async def close(self) -> None:
        return None


async def test_what_stays_is_told_with_its_reason_and_date() -> None:
    clock = SetClock()
    erasers = (
        PublishedEraser(Unchangeable(), clock),
        Resting("counts", "They end by themselves.", clock, timedelta(minutes=1)),
        Resting("backups", "They are kept elsewhere.", clock),
    )
    lines = await Erasing("memory", erasers).erase(Subject(TENANT, uuid4(), "ada", pseudonym()))
    assert [(line.store, line.state, line.sentence) for line in lines] == [
        ("published events", line_pb.ERASURE_STATE_PENDING, UNCHANGEABLE),
        ("counts", line_pb.ERASURE_STATE_PENDING, "They end by themselves."),
        ("backups", line_pb.ERASURE_STATE_UNSUPPORTED, "They are kept elsewhere."),
    ]
    ends = [line.due_time.ToDatetime(clock.now().tzinfo) - clock.now() for line in lines[:2]]
    assert ends == [timedelta(days=30), timedelta(minutes=1)]
    assert not lines[2].HasField("due_time")


def test_a_name_that_is_left_is_never_called_done() -> None:
    failed = told("chat", "messages", 3, Found(names=2, words=1))
    assert (failed.state, failed.found_count) == (line_pb.ERASURE_STATE_FAILED, 2)
    others = told("chat", "messages", 3, Found(words=1))
    assert (others.state, others.found_count) == (line_pb.ERASURE_STATE_UNSUPPORTED, 1)
    assert "what others said stays theirs" in others.sentence
    assert told("chat", "messages", 3, Found()).state == line_pb.ERASURE_STATE_DONE
