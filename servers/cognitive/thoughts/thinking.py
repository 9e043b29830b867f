"""Who thinks of options for a goal: a model of the tenant, asked through chat, or rules.

What may be taken from a model's answer stands in `domain/asking.py`; nothing here stores.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID, uuid5

from servers.cognitive.domain.asking import SYSTEM_PROMPT, UnusableAnswerError, question, read_answer
from servers.cognitive.domain.options import Draft
from servers.cognitive.domain.stepping import RULES, by_rules
from soma.chat.v1 import model_service_pb2 as model_pb
from soma.chat.v1.model_service_pb2_grpc import ModelServiceStub
from soma_common.kernel.errors import SomaError
from soma_common.logging import get_logger
from soma_common.rpc.call import current_call

_LOG: Final = get_logger("soma.cognitive.threads")
MODEL_SECONDS: Final = 30
# What is left for keeping the thread when a model has not answered.
_KEEPING_SECONDS: Final = 1.5
_MOST_OUTPUT_TOKENS: Final = 2_048
# Somewhat inventive, for options that differ.
_TEMPERATURE: Final = 0.7
# A tenant without a model has chat's offline voice, which cannot do this.
_OFFLINE: Final = "offline"


@dataclass(frozen=True, slots=True)
class Thought:
    """Options, best first, and how they were found: "model:<name>" or "rules"."""

    drafts: list[Draft]
    method: str


class Thinking:
    """Thinks of options."""

    def __init__(self, models: ModelServiceStub) -> None:
        self._models = models

    async def think(self, goal: str, most: int, use_model: bool, key: UUID) -> Thought:
        """At most so many options for a goal. The same key asks a model once; where none answers, rules make them."""
        if use_model:
            try:
                thought = await self._ask(goal, most, key)
            except SomaError as problem:
                _LOG.warning("no model thought of options", reason=problem.reason.value)
            except UnusableAnswerError as bad:
                _LOG.warning("the options of a model were not taken", problem=f"The model's answer {bad}.")
            else:
                if thought is not None:
                    return thought
        return Thought(by_rules(goal, most), RULES)

    async def _ask(self, goal: str, most: int, key: UUID) -> Thought | None:
        """What a model thinks; None where the tenant has none or there is no time. Raises what GenerateText raises."""
        seconds = _seconds()
        if seconds < 1:
            return None
        prompt = question(goal, most)
        request = model_pb.GenerateTextRequest(
            system_prompt=SYSTEM_PROMPT,
            prompt=prompt,
            max_output_tokens=_MOST_OUTPUT_TOKENS,
            temperature=_TEMPERATURE,
            timeout_seconds=seconds,
            request_id=str(uuid5(key, sha256(prompt.encode()).hexdigest())),
        )
        answer = await self._models.GenerateText(request, timeout=float(seconds))
        if answer.model_profile_id == _OFFLINE:
            return None
        if answer.finish_reason != "stop":
            raise UnusableAnswerError("broke off before its end")
        return Thought(read_answer(answer.text, most), f"model:{answer.model_profile_id}")


def _seconds() -> int:
    """Whole seconds that a model may take, so that there is time left afterwards."""
    remaining = current_call().remaining_seconds()
    return MODEL_SECONDS if remaining is None else min(MODEL_SECONDS, int(remaining - _KEEPING_SECONDS))
