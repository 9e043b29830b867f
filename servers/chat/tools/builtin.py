"""The tools that every agent can have: remembering, recalling, the time, and arithmetic.

What they say is for the model; how they are called and repeated is not known here.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from servers.chat.domain.arithmetic import LONGEST_EXPRESSION, ArithmeticProblem, evaluate, written
from servers.chat.domain.sizes import memory_line
from servers.chat.tools.registry import Invocation, Tool, ToolFailure
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as store_pb
from soma.memory.v1.memory_service_pb2_grpc import MemoryServiceStub
from soma_common.kernel.clock import Clock
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason

CALL_SECONDS: Final = 10.0
RECALL_BUDGET_MILLISECONDS: Final = 2_000
RECALL_TOKENS: Final = 2_000
MOST_RECALLED: Final = 20
LONGEST_MEMORY: Final = 4_000


def _object(properties: Mapping[str, object], *required: str) -> Mapping[str, object]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


class BuiltinTools:
    """What the built-in tools need.

    A tool is offered where its words (name, description, parameters) fit what was said: they are chosen sparely.
    """

    def __init__(self, memory: MemoryServiceStub, clock: Clock) -> None:
        self._memory = memory
        self._clock = clock

    def all(self) -> Sequence[Tool]:
        """The tools, by name."""
        return (
            Tool(
                "math.evaluate",
                "Calculate an arithmetic expression: plus, minus, times, divided, percent, power, root.",
                _object({"expression": {"type": "string", "maxLength": LONGEST_EXPRESSION}}, "expression"),
                self._evaluate,
                repeatable=True,
                lasting=False,
            ),
            Tool(
                "memory.recall",
                "Recall what is remembered from earlier conversations.",
                _object(
                    {
                        "about": {"type": "string", "minLength": 1, "maxLength": LONGEST_MEMORY},
                        "limit": {"type": "integer", "minimum": 1, "maximum": MOST_RECALLED},
                    },
                    "about",
                ),
                self._recall,
                feature="memory",
                repeatable=True,
                lasting=False,
            ),
            Tool(
                "memory.remember",
                "Remember for later conversations.",
                _object(
                    {
                        "memory": {
                            "type": "string",
                            "description": "One whole sentence that is understood without the others.",
                            "minLength": 1,
                            "maxLength": LONGEST_MEMORY,
                        }
                    },
                    "memory",
                ),
                self._remember,
                feature="memory",
                repeatable=True,
            ),
            Tool(
                "time.now",
                "The date and time now, with today's weekday, in a time zone such as Europe/Berlin.",
                _object({"time_zone": {"type": "string", "maxLength": 64}}),
                self._now,
                repeatable=True,
                lasting=False,
            ),
        )

    async def _evaluate(self, call: Invocation) -> str:
        try:
            return written(evaluate(str(call.arguments["expression"])))
        except ArithmeticProblem as problem:
            raise ToolFailure(str(problem)) from None

    async def _now(self, call: Invocation) -> str:
        name = str(call.arguments.get("time_zone") or "UTC")
        try:
            zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ToolFailure(f"There is no time zone {name[:64]}. Name one as Europe/Berlin or UTC.") from None
        return told_time(self._clock.now().astimezone(zone), name)

    async def _remember(self, call: Invocation) -> str:
        accepted = call.accepted
        request = store_pb.StoreMemoryRequest(
            namespace=accepted.agent.memory_namespace(accepted.order.caller.sub),
            kind=memory_pb.MEMORY_KIND_SEMANTIC,
            text=str(call.arguments["memory"]),
            subject=accepted.agent.memory_subject(accepted.order.caller.sub),
            speaker=accepted.order.caller.sub[:256],
            source_class=memory_pb.SOURCE_CLASS_MODEL_INFERRED,
            source_id=str(accepted.turn_id),
            conversation_id=str(accepted.conversation_id or ""),
            turn_id=str(accepted.turn_id),
            recalled_memory_ids=call.recalled_memory_ids[:200],
            request_id=str(call.effect_key),
        )
        try:
            stored: store_pb.StoreMemoryResponse = await self._memory.StoreMemory(request, timeout=CALL_SECONDS)
        except SomaError as error:
            if error.reason is Reason.MEMORY_REFUSED:
                raise ToolFailure(error.sentence) from None
            raise
        known = "It was remembered already" if stored.duplicate else "It is remembered"
        return f"{known}, as the memory {stored.memory.memory_id}."

    async def _recall(self, call: Invocation) -> str:
        limit = call.arguments.get("limit", 5)
        request = store_pb.RecallMemoriesRequest(
            query=str(call.arguments["about"]),
            agent_id=str(call.accepted.agent.agent_id),
            top_k=int(limit) if isinstance(limit, int | float) else 5,
            token_budget=RECALL_TOKENS,
            time_budget_milliseconds=RECALL_BUDGET_MILLISECONDS,
            turn_id=str(call.accepted.turn_id),
        )
        found: store_pb.RecallMemoriesResponse = await self._memory.RecallMemories(request, timeout=CALL_SECONDS)
        if not found.hits:
            return "Nothing that fits is remembered."
        return "\n".join(memory_line(hit.memory.memory_id, hit.memory.text) for hit in found.hits)


def told_time(now: datetime, zone: str) -> str:
    """A moment as a sentence that a model reads without doubt."""
    offset = now.strftime("%z")
    return f"{now:%A}, {now.day} {now:%B} {now.year}, {now:%H:%M:%S} in {zone} (UTC{offset[:3]}:{offset[3:]})"
