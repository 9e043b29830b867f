"""What lies beside a house's tables: published events, and stores that forget by themselves or not at all.

Nothing here knows which of them a house has.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from soma_common.events.topics import TOPICS
from soma_common.events.transports.port import Transport, TransportError
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.operations.renaming import field_bytes, renamed_event
from soma_common.operations.subjects import Found, Subject

_BATCH: Final = 500
UNCHANGEABLE: Final = (
    "Events in Kafka cannot be changed: those that say who changed something have the name, and no words, until the "
    "broker drops them."
)
# What keeps events for ever keeps states of agents, which name nobody.
_LONGEST: Final = max(topic.retention for topic in TOPICS)


class PublishedEraser:
    """Takes the name out of published events where the transport lets it; elsewhere says when they are gone."""

    store = "published events"

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock

    async def erase(self, subject: Subject) -> int:
        """A batch after the other, until none names the person. Raises SomaError(DEPENDENCY_DOWN)."""
        total = 0
        while bodies := await self._named(subject, _BATCH):
            changed = {place: renamed_event(body, subject.names) or b"" for place, body in bodies.items()}
            try:
                await self._transport.put_bodies(subject.tenant_id, changed)
            except TransportError:
                raise _away() from None
            total += len(changed)
        return total

    async def find(self, subject: Subject) -> Found:
        """Search all events of the tenant."""
        found = await self._named(subject, _BATCH)
        if found is None:
            return Found(rest=UNCHANGEABLE, due_time=self._clock.now() + _LONGEST)
        return Found(len(found))

    async def _named(self, subject: Subject, limit: int) -> "dict[tuple[str, int, int], bytes] | None":
        needles = [field_bytes(name) for name in subject.names]
        try:
            return await self._transport.find_bodies(subject.tenant_id, needles, limit)
        except TransportError:
            raise _away() from None


@dataclass(frozen=True, slots=True)
class Resting:
    """A store out of which nothing can be taken: what stays there, and how long, None where nobody knows."""

    store: str
    sentence: str
    clock: Clock
    ends_after: timedelta | None = None

    async def erase(self, _: Subject) -> int:
        """Nothing."""
        return 0

    async def find(self, _: Subject) -> Found:
        """What stays."""
        due = None if self.ends_after is None else self.clock.now() + self.ends_after
        return Found(rest=self.sentence, due_time=due)


def _away() -> SomaError:
    return SomaError(Reason.DEPENDENCY_DOWN, {"dependency": "events"})
