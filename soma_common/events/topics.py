"""Topics, and which kind of stream goes to which: every stream goes to exactly one, so that its order survives.

Plain values: nothing here knows a broker or a store.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. A state topic keeps the last event of every stream for ever, everything else for `retention`."""

    name: str
    partitions: int = 6
    retention: timedelta = _WEEK
    state: bool = False


TRANSACTIONS: Final = Topic("soma.stack.txn.events")
SAGAS: Final = Topic("soma.stack.saga.events")
DEAD_LETTERS: Final = Topic("soma.stack.dlq", partitions=3, retention=timedelta(days=30))
COGNITIVE: Final = Topic("soma.brain.cognitive.events", state=True)
TASKS: Final = Topic("soma.agent.task.events")
MEMORIES: Final = Topic("soma.memory.store.events")
TURNS: Final = Topic("soma.agent.turn.events")
GOVERNOR: Final = Topic("soma.agent.governor.events")
CONTROL: Final = Topic("soma.stack.control.events")
AUDIT: Final = Topic("soma.stack.audit.events")
VOICE: Final = Topic("soma.voice.session.events")

TOPICS: Final = (
    TRANSACTIONS,
    SAGAS,
    DEAD_LETTERS,
    COGNITIVE,
    TASKS,
    MEMORIES,
    TURNS,
    GOVERNOR,
    CONTROL,
    AUDIT,
    VOICE,
)

# The kind of an aggregate is what stands before the first stroke of its stream: `conversation/<id>`.
AGGREGATES: Final[Mapping[str, Topic]] = {
    "transaction": TRANSACTIONS,
    "saga": SAGAS,
    "dead-letter": DEAD_LETTERS,
    "agent-state": COGNITIVE,
    "adaptation": COGNITIVE,
    "sleep": COGNITIVE,
    "sleep-cycle": COGNITIVE,
    "thread": COGNITIVE,
    "agent": TASKS,
    "model": TASKS,
    "memory": MEMORIES,
    "recall": MEMORIES,
    "sweep": MEMORIES,
    "consolidation": MEMORIES,
    "quarantine": MEMORIES,
    "erasure": MEMORIES,
    "conversation": TURNS,
    "turn": TURNS,
    "budget": GOVERNOR,
    "configuration": GOVERNOR,
    "level": GOVERNOR,
    "feature": CONTROL,
    "service": CONTROL,
    "tenant": CONTROL,
    "api-key": CONTROL,
    "audit": AUDIT,
    "voice-session": VOICE,
}


# The first word of a type tells the topic too, for those who name types and no streams: `turn.completed`.
FAMILIES: Final[Mapping[str, Topic]] = {
    "approval": TURNS,
    "txn": TRANSACTIONS,
    "saga": SAGAS,
    "dead_letter": DEAD_LETTERS,
    "cognitive": COGNITIVE,
    "agent": TASKS,
    "model": TASKS,
    "memory": MEMORIES,
    "conversation": TURNS,
    "turn": TURNS,
    "governor": GOVERNOR,
    "control": CONTROL,
    "audit": AUDIT,
    "voice": VOICE,
}


class UnknownAggregateError(ValueError):
    """A stream whose kind has no topic; the text is a sentence for a person."""


def topic_of(stream: str) -> Topic:
    """The topic of a stream. Raises UnknownAggregateError."""
    kind = stream.partition("/")[0]
    try:
        return AGGREGATES[kind]
    except KeyError:
        raise UnknownAggregateError(f"no topic is known for streams of the kind {kind!r}") from None


def topics_of(types: Iterable[str]) -> tuple[Topic, ...]:
    """The topics in which events of these types lie, each once. Raises ValueError for a type of no known family."""
    families = {name.partition(".")[0] for name in types}
    unknown = sorted(families - FAMILIES.keys())
    if unknown:
        raise ValueError(f"no topic is known for events of the family {unknown[0]!r}")
    wanted = {FAMILIES[family] for family in families}
    return tuple(topic for topic in TOPICS if topic in wanted)
