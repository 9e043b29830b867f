"""The use case of trying a model: one real, tiny call, timed.

How the call is paid for stands in `single_call.py`.
"""

from typing import Final

from servers.chat.domain.model import ModelProfile, PromptMessage
from servers.chat.models.single_call import Question, Reply, SingleCalls

_QUESTION: Final = "Answer with the single word: ready"
_MOST_OUTPUT_TOKENS: Final = 16
_TIMEOUT_SECONDS: Final = 60


async def probe(calls: SingleCalls, profile: ModelProfile) -> Reply:
    """Make the call; a model's failure is part of the reply. Raises as `HoldLeg`."""
    messages = (PromptMessage("user", _QUESTION),)
    return await calls.ask(Question(profile, messages, _MOST_OUTPUT_TOKENS, _TIMEOUT_SECONDS, temperature=0.0))
