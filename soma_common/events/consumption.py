"""What a consumer takes and what an event does there: a declaration, made before anything runs.

How events are taken stands in `consumer.py`.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self, TypeAlias

from soma_common.dlq.policy import LetterPolicy
from soma_common.events.inbox import Inbox
from soma_common.events.models import Event
from soma_common.events.topics import Topic, topics_of
from soma_common.postgres.pool import Connection

# What an event does in a house: everything inside the transaction, nothing outside of it. It may be run several times.
Effect: TypeAlias = Callable[[Connection, Event], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Consumption:
    """What a consumer takes and how.

    `types` None means whole streams: then a missing predecessor is refused, the first one too unless
    `starts_anywhere`. With types named, gaps are what one expects.
    """

    consumer: str
    topics: Sequence[Topic]
    effect: Effect
    types: frozenset[str] | None = None
    starts_anywhere: bool = False
    policy: LetterPolicy = field(default_factory=LetterPolicy)

    @classmethod
    def of_types(cls, consumer: str, types: Iterable[str], effect: Effect) -> Self:
        """Events of these types, wherever they lie. Raises ValueError for a type of no known family."""
        wanted = frozenset(types)
        return cls(consumer, topics_of(wanted), effect, wanted)

    def inbox(self) -> Inbox:
        """The inbox of this consumer."""
        whole = self.types is None
        return Inbox(
            self.consumer, whole_streams=whole, starts_anywhere=self.starts_anywhere, passes=self.policy.passes
        )
