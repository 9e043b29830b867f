"""A line of a state's log with the state that it leads to and the event that tells of it."""

from dataclasses import astuple, dataclass
from typing import Any
from uuid import UUID

from servers.cognitive.domain.neuromodulators import NAMES
from servers.cognitive.domain.state import LogLine, State, apply
from soma.common.v1 import modulation_pb2
from soma.events.v1 import payloads_pb2
from soma_common.events.models import EventDraft
from soma_common.events.store import EventStore
from soma_common.rpc.call import current_call


@dataclass(frozen=True, slots=True)
class Move:
    """A line of the log, the state that it leads to, and what `append_events` needs to tell of it."""

    agent_id: UUID
    line: LogLine
    after: State
    events: tuple[Any, ...]

    @property
    def columns(self) -> tuple[Any, ...]:
        """What `move_state` takes after the tenant."""
        line, after = self.line, self.after
        return (
            self.agent_id,
            line.version,
            line.kind,
            line.turn_id,
            line.changed_by,
            line.time,
            list(astuple(line.baseline)),
            list(astuple(line.before)),
            list(astuple(after.values)),
            [signal.name for signal in line.signals],
            [signal.upward for signal in line.signals],
            [signal.strength for signal in line.signals],
            [signal.cause for signal in line.signals],
            line.failed,
            list(astuple(after.baseline)),
            after.as_of,
            list(after.recent_failures),
        )


def move_of(events: EventStore, agent_id: UUID, state: State, line: LogLine) -> Move:
    """What a line makes of a state, and its event."""
    after = apply(state, line)
    payload = payloads_pb2.CognitiveStateChanged(
        agent_id=str(agent_id),
        state_version=after.version,
        turn_id=str(line.turn_id or ""),
        neuromodulators=modulation_pb2.Neuromodulators(**{name: after.values.get(name) for name in NAMES}),
    )
    draft = EventDraft("cognitive.state.changed", f"agent-state/{agent_id}", payload, current_call().correlation_id)
    return Move(agent_id, line, after, events.values([draft]))
