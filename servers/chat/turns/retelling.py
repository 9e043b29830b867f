"""What a turn had said and done, out of the events that it told and the calls that its ledger keeps.

Pure: for whoever goes on with a turn or ends it in another's place. Nothing here reads or writes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from servers.chat.domain.model import ToolCallPart
from servers.chat.domain.rounds import CallResult, ToldCall, ToolRound, rounds_of
from servers.chat.turns.stream import Numbered
from soma.chat.v1 import turn_event_pb2


@dataclass(frozen=True, slots=True)
class Retold:
    """What was told: `text` is the whole answer so far, `round_start` how much of it stood before the running round.

    `rounds` are finished; `pending` are calls of the running round, `results` what the ledger knows of them,
    `told_results` which results were told; `ended_rounds` is set once the rounds were used up.
    """

    text: str
    reasoning: str
    rounds: tuple[ToolRound, ...]
    round_start: int
    pending: tuple[ToldCall, ...]
    results: Mapping[str, CallResult]
    told_results: frozenset[str]
    calls: tuple[ToldCall, ...]
    ended_rounds: bool = False


def retell(events: Iterable[Numbered], results: Mapping[str, CallResult]) -> Retold:
    """The progress in the events of a turn, in order; `results` are those of its ledger, by call.

    A round is finished once the model said something after it, or asked for something else.
    """
    story = _Story(results)
    for event in events:
        story.take(turn_event_pb2.TurnEvent.FromString(event.data))
    return story.told()


def told_calls(events: Iterable[Numbered]) -> tuple[ToldCall, ...]:
    """The calls alone."""
    return retell(events, {}).calls


class _Story:
    def __init__(self, results: Mapping[str, CallResult]) -> None:
        self._results = results
        self._text: list[str] = []
        self._length = 0
        self._reasoning: list[str] = []
        self._calls: list[ToldCall] = []
        self._finished: set[str] = set()
        self._closed = 0  # rounds up to this number were followed by something
        self._ended = False

    def take(self, event: turn_event_pb2.TurnEvent) -> None:
        kind = event.WhichOneof("event")
        if kind == "text":
            self._follows()
            self._text.append(event.text.text)
            self._length += len(event.text.text)
        elif kind == "reasoning":
            self._follows()
            self._reasoning.append(event.reasoning.text)
        elif kind == "tool_call":
            self._called(event.tool_call)
        elif kind == "tool_result":
            self._finished.add(event.tool_result.call_id)
        elif kind == "notice" and event.notice.code == "tools_ended":
            self._ended = True

    def _follows(self) -> None:
        """The model spoke: what it had asked for before is answered, where all of it is."""
        open_calls = [each for each in self._calls if each.round > self._closed]
        if open_calls and all(each.call.call_id in self._finished for each in open_calls):
            self._closed = open_calls[-1].round

    def _called(self, told: turn_event_pb2.ToolCallStarted) -> None:
        call = ToolCallPart(told.call.call_id, told.call.name, told.call.arguments_json)
        number = told.round or 1
        self._closed = max(self._closed, number - 1)
        self._calls.append(ToldCall(call, number, told.by_client, self._length))

    def told(self) -> Retold:
        text = "".join(self._text)
        closed = [each for each in self._calls if each.round <= self._closed]
        rounds, _ = rounds_of(text, closed, self._results)
        pending = tuple(each for each in self._calls if each.round > self._closed)
        known = {each.call.call_id for each in pending} & self._results.keys()
        return Retold(
            text=text,
            reasoning="".join(self._reasoning),
            rounds=rounds,
            round_start=closed[-1].text_before if closed else 0,
            pending=pending,
            results={call_id: self._results[call_id] for call_id in known},
            told_results=frozenset(self._finished),
            calls=tuple(self._calls),
            ended_rounds=self._ended,
        )
