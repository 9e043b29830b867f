"""What one model call says, told to the person as far as it is new: a continuation is told without what it repeats.

Nothing here calls a model or knows what follows a failure.
"""

from servers.chat.domain.continuing import Seam
from servers.chat.domain.model import (
    ModelRequest,
    ReasoningChunk,
    StreamBegin,
    StreamEnd,
    StreamItem,
    TextChunk,
    ToolCallPart,
)
from servers.chat.domain.turn import Step
from servers.chat.tools.messages import started_message
from servers.chat.turns.journal import Journal
from servers.chat.turns.progress import Leg, Progress
from servers.chat.turns.running import RunningTurn
from soma.chat.v1 import turn_event_pb2


class Voice:
    """One call's."""

    def __init__(self, turn: RunningTurn, progress: Progress, journal: Journal, leg: Leg, call: ModelRequest) -> None:
        self._turn = turn
        self._progress = progress
        self._journal = journal
        self._leg = leg
        self._seam = Seam(call.so_far) if call.so_far else None
        self._speaks = bool(call.so_far)
        # Who goes on thinks anew, and a person has seen the thoughts that led here.
        self._thinks_aloud = not call.so_far and len(progress.reasoning) == progress.reasoned_before

    def take(self, item: StreamItem) -> None:
        """One item of its stream."""
        leg = self._leg
        if isinstance(item, TextChunk):
            leg.text.append(item.text)
            self._tell(item.text if self._seam is None else self._seam.feed(item.text))
        elif isinstance(item, ReasoningChunk):
            leg.reasoning.append(item.text)
            if self._thinks_aloud:
                self._progress.reasoning.append(item.text)
                self._turn.add(Step.REASONING, turn_event_pb2.ReasoningDelta(text=item.text))
                self._journal.wants(self._turn)
        elif isinstance(item, ToolCallPart):
            self._end_text()
            leg.calls.append(item)
            self._ask(item)
        elif isinstance(item, StreamBegin):
            leg.began = True
        else:
            self._end_text()
            self._finish(item)

    def _tell(self, text: str) -> None:
        if text:
            if not self._speaks:
                text, self._speaks = self._progress.parted(text), True
            self._progress.text.append(text)
            self._turn.add(Step.TEXT, turn_event_pb2.TextDelta(text=text))
            self._journal.wants(self._turn)

    def _end_text(self) -> None:
        if self._seam is not None:
            self._tell(self._seam.rest())

    def _ask(self, item: ToolCallPart) -> None:
        self._turn.add(Step.TOOL_CALL, started_message(self._progress.take_call(item)))
        self._journal.wants(self._turn)

    def _finish(self, end: StreamEnd) -> None:
        progress = self._progress
        self._leg.usage = end.usage
        self._leg.finish_reason = progress.finish_reason = "tool_calls" if progress.calls else end.finish_reason
        progress.confidence = end.confidence
