"""The use case of writing one text for another service: one bounded call, answered once per request.

How the call is paid for stands in `single_call.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from google.protobuf.message import Message

from servers.chat.domain.model import ModelProfile, PromptMessage
from servers.chat.models.port import Models
from servers.chat.models.single_call import Question, Reply, SingleCalls
from soma_common.kernel.tenancy import Caller
from soma_common.postgres.pool import Database
from soma_common.rpc.idempotency import Once

Answer = TypeVar("Answer", bound=Message)
USUAL_OUTPUT_TOKENS: Final = 512
USUAL_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted; zero means the usual."""

    profile_id: str
    system_prompt: str
    prompt: str
    max_output_tokens: int = 0
    temperature: float | None = None
    timeout_seconds: int = 0


class Generating:
    """Writes texts."""

    def __init__(self, database: Database, models: Models, calls: SingleCalls) -> None:
        self._database = database
        self._models = models
        self._calls = calls

    async def write(self, caller: Caller, wish: Wish, tell: Callable[[ModelProfile, Reply], Answer]) -> Answer:
        """The text, with what it used.

        Raises RESOURCE_NOT_FOUND, CONTEXT_OVERFLOW, as `HoldLeg`, and the model's failure.
        """
        tenant = caller.tenant_id
        profile = await self._database.run(tenant, lambda it: self._models.profile(it, tenant, wish.profile_id))
        said = (PromptMessage("system", wish.system_prompt),) if wish.system_prompt else ()
        question = Question(
            profile=profile,
            messages=(*said, PromptMessage("user", wish.prompt)),
            max_output_tokens=min(wish.max_output_tokens or USUAL_OUTPUT_TOKENS, profile.max_output_tokens),
            timeout_seconds=wish.timeout_seconds or USUAL_SECONDS,
            temperature=wish.temperature,
        )
        reply = await self._calls.ask(question)
        if reply.error is not None:
            raise reply.error
        answer = tell(profile, reply)
        await self._database.run(tenant, lambda it: Once.current().record(it, answer))
        return answer
