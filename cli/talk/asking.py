"""What can be asked of chat so that a turn runs, and the call that asks it.

Nothing here calls anything.
"""

from dataclasses import dataclass
from typing import Final

from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb

_GOES_ON: Final = turn_pb.ON_DISCONNECT_CONTINUE
Request = (
    turn_pb.SendMessageRequest
    | turn_pb.EditMessageRequest
    | turn_pb.RegenerateMessageRequest
    | turn_pb.ResumeTurnRequest
)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. Empty: a new conversation, and the model of the agent; `queued`: it waits for turns before it.

    `wakes`: an agent that sleeps deeply is woken for it.
    """

    text: str
    conversation_id: str = ""
    model_id: str = ""
    queued: bool = False
    wakes: bool = False

    def request(self, request_id: str) -> Request:
        """The request of the turn."""
        request = turn_pb.SendMessageRequest(
            content=[message_pb.ContentPart(text=self.text)],
            request_id=request_id,
            on_disconnect=_GOES_ON,
            model_profile_id=self.model_id,
            while_busy=turn_pb.WHILE_BUSY_ENQUEUE if self.queued else turn_pb.WHILE_BUSY_UNSPECIFIED,
            options=_options(self.wakes),
        )
        if self.conversation_id:
            request.conversation_id = self.conversation_id
        return request


@dataclass(frozen=True, slots=True)
class Edit:
    """Something else in the place of a message of the person."""

    text: str
    message_id: str
    conversation_id: str
    model_id: str = ""

    def request(self, request_id: str) -> Request:
        """The request of the turn."""
        return turn_pb.EditMessageRequest(
            message_id=self.message_id,
            content=[message_pb.ContentPart(text=self.text)],
            request_id=request_id,
            on_disconnect=_GOES_ON,
            model_profile_id=self.model_id,
        )


@dataclass(frozen=True, slots=True)
class Anew:
    """Another answer beside one that is there; `wakes`: an agent that sleeps deeply is woken for it."""

    message_id: str
    conversation_id: str
    model_id: str = ""
    wakes: bool = False

    def request(self, request_id: str) -> Request:
        """The request of the turn."""
        return turn_pb.RegenerateMessageRequest(
            message_id=self.message_id,
            request_id=request_id,
            on_disconnect=_GOES_ON,
            model_profile_id=self.model_id,
            options=_options(self.wakes),
        )


@dataclass(frozen=True, slots=True)
class Following:
    """A turn that is there already, from after an event; 0 is from its beginning."""

    turn_id: str
    conversation_id: str
    after_sequence: int = 0

    def request(self, _request_id: str) -> Request:
        """The request of the turn."""
        return turn_pb.ResumeTurnRequest(turn_id=self.turn_id, after_sequence=self.after_sequence)


Asked = Question | Edit | Anew | Following


def _options(wakes: bool) -> message_pb.GenerationOptions | None:
    """The wishes of a turn, where there are any."""
    return message_pb.GenerationOptions(wake=True) if wakes else None
