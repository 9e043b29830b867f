"""A model call as another model can take it, measured beside the loop where it is long, and with its bytes.

The rules stand in `domain/composing.py`; nothing here chooses a model or calls one.
"""

from servers.chat.aside import aside
from servers.chat.domain.composing import call_by, goes_as_it_is
from servers.chat.domain.model import ModelProfile, ModelRequest
from servers.chat.models.bodies import sealed
from soma_common.tokens import tokenizer_for


async def call_for(request: ModelRequest, profile: ModelProfile, so_far: str) -> ModelRequest | None:
    """The request for this model, going on from the text so far; None where it cannot take it."""
    if goes_as_it_is(request, profile, so_far):
        return sealed(request)
    size = sum(len(message.content) for message in request.messages) + len(so_far)
    call = await aside(size, call_by, request, profile, so_far, tokenizer_for(profile.tokenizer))
    return None if call is None else sealed(call)
