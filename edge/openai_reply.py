"""The events of a turn in the words of the OpenAI API: one completion, or chunks.

Nothing here knows HTTP or calls anything.
"""

from dataclasses import dataclass, field
from typing import Any

from edge.codecs.payloads import finish_reason
from soma.chat.v1 import message_pb2, turn_event_pb2
from soma.common.v1 import usage_pb2
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason


@dataclass(slots=True)
class Answer:
    """What all events of one turn add up to, and each of them as a chunk."""

    model: str
    created: int
    include_usage: bool = False
    turn_id: str = ""
    receipt_id: str = ""
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    tool_calls: list[message_pb2.ToolCall] = field(default_factory=list)
    finish: str = "stop"
    usage: usage_pb2.TokenUsage | None = None

    def take(self, event: turn_event_pb2.TurnEvent) -> dict[str, Any] | None:
        """Adds an event and gives its chunk, if it has one; raises the error of a turn that failed."""
        self.turn_id = self.turn_id or event.turn_id
        case = event.WhichOneof("event")
        if case == "started":
            self.receipt_id = event.started.receipt_id
        elif case == "text":
            self.text.append(event.text.text)
            return self._chunk({"content": event.text.text})
        elif case == "reasoning":
            self.reasoning.append(event.reasoning.text)
            return self._chunk({"reasoning_content": event.reasoning.text})
        elif case == "tool_call" and event.tool_call.by_client:
            self.tool_calls.append(event.tool_call.call)
            position = len(self.tool_calls) - 1
            return self._chunk({"tool_calls": [{"index": position, **_tool_call(event.tool_call.call)}]})
        elif case == "completed":
            self.finish = finish_reason(event.completed.finish_reason) or "stop"
            self.usage = event.completed.usage
            return self._chunk({}, self.finish)
        elif case == "failed":
            raise error_of(event.failed)
        elif case == "cancelled":
            raise SomaError(Reason.CALL_CANCELLED)
        return None

    def first_chunk(self) -> dict[str, Any]:
        """The chunk that names the role."""
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def usage_chunk(self) -> dict[str, Any]:
        """The last chunk, with the usage and no choice."""
        return {**self._head("chat.completion.chunk"), "choices": [], "usage": to_usage(self.usage)}

    def completion(self) -> dict[str, Any]:
        """The whole answer."""
        message: dict[str, Any] = {
            "role": "assistant",
            "content": "".join(self.text),
            "refusal": None,
            "annotations": [],
        }
        if self.reasoning:
            message["reasoning_content"] = "".join(self.reasoning)
        if self.tool_calls:
            message["tool_calls"] = [_tool_call(call) for call in self.tool_calls]
            message["content"] = message["content"] or None
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish}
        return {**self._head("chat.completion"), "choices": [choice], "usage": to_usage(self.usage)}

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        usage = {"usage": None} if self.include_usage else {}
        return {**self._head("chat.completion.chunk"), "choices": [choice], **usage}

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{self.turn_id.replace('-', '')}",
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": None,
        }


def to_usage(usage: usage_pb2.TokenUsage | None) -> dict[str, Any]:
    """Tokens in OpenAI's names."""
    used = usage or usage_pb2.TokenUsage()
    return {
        "prompt_tokens": used.input_tokens,
        "completion_tokens": used.output_tokens,
        "total_tokens": used.input_tokens + used.output_tokens,
        "prompt_tokens_details": {"cached_tokens": used.cached_input_tokens, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": used.reasoning_tokens, "audio_tokens": 0},
    }


def error_of(failed: turn_event_pb2.TurnFailed) -> SomaError:
    """The error that ended a turn."""
    known = failed.reason in Reason.__members__
    reason = Reason[failed.reason] if known else Reason.DEPENDENCY_DOWN
    metadata = dict(failed.metadata) if known else {"dependency": "chat"}
    return SomaError(reason, metadata, retry_after_seconds=failed.retry_after_seconds or None)


def _tool_call(call: message_pb2.ToolCall) -> dict[str, Any]:
    return {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments_json}}
