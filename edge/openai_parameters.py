"""Which parameters a chat completion may have, as the OpenAI API has them and we do, and what becomes of each.

A parameter that would change the answer and cannot be had here is refused, and so is one that nobody knows: silence
would let a client believe that it was heeded.
"""

from collections.abc import Mapping
from typing import Any, Final

from soma_common.kernel.errors import invalid_field

HEEDED: Final = frozenset(
    """
    model messages stream stream_options temperature top_p seed stop max_tokens max_completion_tokens response_format
    presence_penalty frequency_penalty reasoning_effort tools tool_choice parallel_tool_calls
    """.split()
)
# What no other has: whether an agent that rests is woken to answer.
OWN: Final = frozenset(("wake",))
# They ask for nothing that a reader of the answer could see: labels, caches, ways to be quicker.
HARMLESS: Final = frozenset(
    """
    user metadata store service_tier prediction prompt_cache_key prompt_cache_options prompt_cache_retention
    safety_identifier
    """.split()
)
# Each with the values that ask for nothing.
REFUSED: Final[Mapping[str, tuple[object, ...]]] = {
    "n": (None, 1),
    "logprobs": (None, False),
    "top_logprobs": (None, 0),
    "logit_bias": (None, {}),
    "verbosity": (None, "medium"),
    "audio": (None,),
    "modalities": (None, ["text"]),
    "moderation": (None,),
    "functions": (None, []),
    "function_call": (None,),
    "web_search_options": (None,),
}
_INSTEAD: Final[Mapping[str, str]] = {
    "n": "one answer is given to one request; send it again for another",
    "functions": "send them as tools",
    "function_call": "send it as tool_choice",
    "modalities": "answers are text",
    "audio": "answers are text",
}


def demand_known(body: Mapping[str, Any]) -> None:
    """Raises INVALID_FIELD for the first parameter that is refused or unknown."""
    for name, value in body.items():
        if name in HEEDED or name in OWN or name in HARMLESS:
            continue
        if name not in REFUSED:
            raise invalid_field(name[:100], "a chat completion has no such parameter")
        if value not in REFUSED[name]:
            raise invalid_field(name, _INSTEAD.get(name, "this is not supported here"))


def as_object(value: object, where: str) -> Mapping[str, Any]:
    """The value, which must be an object."""
    if not isinstance(value, dict):
        raise invalid_field(where, "it must be an object")
    return value


def as_flag(value: object, where: str) -> bool:
    """The value, which must be true, false or absent."""
    if value is not None and not isinstance(value, bool):
        raise invalid_field(where, "it must be true or false")
    return bool(value)
