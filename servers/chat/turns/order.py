"""A request for a turn as values: what was asked, by whom, checked as far as the contract cannot.

Nothing here reads a store or calls anybody.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final
from uuid import UUID

from servers.chat.domain.manners import WhileBusy
from servers.chat.domain.model import PromptTool, ToolCallPart
from servers.chat.tools.schemas import read_answer_schema, read_tools
from soma.chat.v1 import message_pb2, turn_service_pb2
from soma_common.kernel.errors import SomaError, invalid_field
from soma_common.kernel.reasons import Reason
from soma_common.kernel.tenancy import Caller

_WHILE_BUSY: Final = {
    turn_service_pb2.WHILE_BUSY_UNSPECIFIED: WhileBusy.REJECT,
    turn_service_pb2.WHILE_BUSY_REJECT: WhileBusy.REJECT,
    turn_service_pb2.WHILE_BUSY_ENQUEUE: WhileBusy.ENQUEUE,
    turn_service_pb2.WHILE_BUSY_INTERRUPT: WhileBusy.INTERRUPT,
    turn_service_pb2.WHILE_BUSY_ROLLBACK: WhileBusy.ROLLBACK,
}
LONGEST_TEXT_BYTES: Final = 65_536
# Whoever keeps a conversation may paste a document into it; what the model's window carries is the plan's affair.
LONGEST_TRANSCRIPT_BYTES: Final = 1_048_576
_ROLES: Final = {
    message_pb2.ROLE_SYSTEM: "system",
    message_pb2.ROLE_USER: "user",
    message_pb2.ROLE_ASSISTANT: "assistant",
    message_pb2.ROLE_TOOL: "tool",
}


@dataclass(frozen=True, slots=True)
class Spoken:
    """One message of a transcript."""

    role: str
    text: str
    tool_calls: tuple[ToolCallPart, ...] = ()
    tool_call_id: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """How to generate; None where the request leaves it to the agent."""

    temperature: float | None = None
    top_p: float | None = None
    max_output_tokens: int | None = None
    stop: tuple[str, ...] = ()
    response_format: str = ""
    json_schema: Mapping[str, object] | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    reasoning_effort: str = ""
    parallel_tool_calls: bool | None = None
    # whether an agent that rests is to be woken
    wake: bool = False


class Deed(Enum):
    """What is asked for: that something new is said, or that a message has another answer or other words."""

    SEND = auto()
    REGENERATE = auto()
    EDIT = auto()
    # an answer goes on with the results of the tools it asked for
    CONTINUE = auto()


@dataclass(frozen=True, slots=True)
class Order:
    """A turn that was asked for. `transcript` is None for a turn in a conversation; `text` is what the person says."""

    caller: Caller
    request_id: UUID
    body_hash: bytes
    text: str
    parts: tuple[str, ...] = ()
    transcript: tuple[Spoken, ...] | None = None
    agent_id: UUID | None = None
    conversation_id: UUID | None = None
    parent_message_id: UUID | None = None
    options: Options = Options()
    tools: tuple[PromptTool, ...] = ()
    tool_choice: str | None = None
    cancel_on_disconnect: bool = False
    min_level: int = 0
    model_profile_id: str = ""
    # of the whole request, roughly how much there is to count
    size_bytes: int = 0
    # the request itself, serialised: kept with the turn until it ends
    data: bytes = b""
    deed: Deed = Deed.SEND
    # the message that is answered anew or said anew; set for these deeds only
    message_id: UUID | None = None
    while_busy: WhileBusy = WhileBusy.REJECT


def read_order(request: turn_service_pb2.SendMessageRequest, caller: Caller) -> Order:
    """The order in a request. Raises INVALID_FIELD and PAYLOAD_TOO_LARGE."""
    has_transcript = request.HasField("transcript")
    transcript = _transcript(request.transcript) if has_transcript else None
    parts = () if has_transcript else tuple(part.text for part in request.content)
    text = _last_said(transcript) if transcript is not None else "\n".join(parts)
    if transcript is None:
        _check_text("content", text, LONGEST_TEXT_BYTES)
    if request.parent_message_id and not request.conversation_id:
        raise invalid_field("parent_message_id", "it needs the conversation_id that the message belongs to")
    data = request.SerializeToString(deterministic=True)
    return Order(
        caller=caller,
        request_id=UUID(request.request_id),
        body_hash=hashlib.sha256(data).digest(),
        text=text,
        parts=parts,
        transcript=transcript,
        agent_id=_uuid(request.agent_id),
        conversation_id=_uuid(request.conversation_id),
        parent_message_id=_uuid(request.parent_message_id),
        options=_options(request.options),
        tools=read_tools(request.tools),
        tool_choice=_tool_choice(request),
        cancel_on_disconnect=request.on_disconnect == turn_service_pb2.ON_DISCONNECT_CANCEL,
        min_level=request.min_level,
        model_profile_id=request.model_profile_id,
        size_bytes=len(data),
        data=data,
        while_busy=_WHILE_BUSY[request.while_busy],
    )


def _uuid(text: str) -> UUID | None:
    return UUID(text) if text else None


def _check_text(field: str, text: str, most_bytes: int) -> None:
    if not text.strip():
        raise invalid_field(field, "it must contain more than white space")
    if len(text.encode()) > most_bytes:
        raise SomaError(Reason.PAYLOAD_TOO_LARGE, {"limit": f"{most_bytes} bytes"})
    _check_characters(field, text)


def _check_characters(field: str, text: str) -> None:
    if "\x00" in text:
        raise invalid_field(field, "it must not contain the character U+0000")


def _options(options: message_pb2.GenerationOptions) -> Options:
    return Options(
        temperature=options.temperature if options.HasField("temperature") else None,
        top_p=options.top_p if options.HasField("top_p") else None,
        max_output_tokens=options.max_output_tokens if options.HasField("max_output_tokens") else None,
        stop=tuple(options.stop),
        response_format=options.response_format,
        json_schema=read_answer_schema(options),
        seed=options.seed if options.HasField("seed") else None,
        presence_penalty=options.presence_penalty if options.HasField("presence_penalty") else None,
        frequency_penalty=options.frequency_penalty if options.HasField("frequency_penalty") else None,
        reasoning_effort=options.reasoning_effort,
        parallel_tool_calls=options.parallel_tool_calls if options.HasField("parallel_tool_calls") else None,
        wake=options.wake,
    )


def _tool_choice(request: turn_service_pb2.SendMessageRequest) -> str | None:
    if not request.HasField("tool_choice"):
        return None
    choice = request.tool_choice
    if choice.WhichOneof("kind") == "mode":
        if choice.mode == "required" and not request.tools:
            raise invalid_field("tool_choice", "it asks for a tool and there are none")
        return choice.mode
    if choice.tool_name not in {tool.name for tool in request.tools}:
        raise invalid_field("tool_choice", "it names a tool that is not among the tools")
    return f"name:{choice.tool_name}"


def _transcript(transcript: message_pb2.Transcript) -> tuple[Spoken, ...]:
    """The messages; the parts of each continue one another, so that a text longer than a part may be stays whole."""
    if transcript.ByteSize() > LONGEST_TRANSCRIPT_BYTES:
        raise SomaError(Reason.PAYLOAD_TOO_LARGE, {"limit": f"{LONGEST_TRANSCRIPT_BYTES} bytes"})
    spoken = tuple(
        Spoken(
            role=_ROLES[message.role],
            text="".join(part.text for part in message.content),
            tool_calls=tuple(ToolCallPart(call.call_id, call.name, call.arguments_json) for call in message.tool_calls),
            tool_call_id=message.tool_call_id,
        )
        for message in transcript.messages
    )
    _check_transcript(spoken)
    return spoken


def _check_transcript(spoken: tuple[Spoken, ...]) -> None:
    if spoken[-1].role not in ("user", "tool"):
        raise invalid_field("transcript.messages", "the last message must be a user's or a tool's")
    if not any(message.role == "user" for message in spoken):
        raise invalid_field("transcript.messages", "there must be a message of a user")
    open_calls: set[str] = set()
    for number, message in enumerate(spoken):
        field = f"transcript.messages[{number}]"
        _check_characters(f"{field}.content", message.text)
        if message.role == "user":
            _check_text(f"{field}.content", message.text, LONGEST_TRANSCRIPT_BYTES)
        if message.tool_calls and message.role != "assistant":
            raise invalid_field(f"{field}.tool_calls", "only an assistant message may call tools")
        if message.role == "tool":
            if message.tool_call_id not in open_calls:
                raise invalid_field(f"{field}.tool_call_id", "no assistant message before it made that call")
        else:
            open_calls = {call.call_id for call in message.tool_calls}


def _last_said(transcript: tuple[Spoken, ...]) -> str:
    return next(message.text for message in reversed(transcript) if message.role == "user")
