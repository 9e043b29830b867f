"""Messages about threads as values. Nothing is decided here but what the contract cannot say."""

from typing import Any, Final
from uuid import UUID

from servers.cognitive.domain.options import Draft, given
from servers.cognitive.rpc.whose import agent_of
from servers.cognitive.thoughts.store import Which
from soma.cognitive.v1 import thread_service_pb2 as thread_pb
from soma_common.kernel.errors import invalid_field

_USUAL_OPTIONS: Final = 5


def which_of(request: Any) -> Which:
    """The thread that is named, else the current one of the agent."""
    if not request.thread_id:
        return Which(None, agent_of(request.agent_id))
    return Which(UUID(request.thread_id), UUID(request.agent_id) if request.agent_id else None)


def expected_of(request: Any) -> int | None:
    """The version that the caller saw last, where it says so."""
    return request.expected_version if request.HasField("expected_version") else None


def drafts_of(request: thread_pb.CreateThreadRequest) -> list[Draft]:
    """The options that are given, best first: those in words alone, then those with scores. Raises INVALID_FIELD."""
    for place, text in enumerate(request.options):
        _need_words(f"options[{place}]", text)
    for place, option in enumerate(request.scored_options):
        _need_words(f"scored_options[{place}].text", option.text)
    plain = [(text, None, "") for text in request.options]
    scored = [(it.text, it.score if it.HasField("score") else None, it.reason) for it in request.scored_options]
    return given([*plain, *scored])


def most_of(request: thread_pb.CreateThreadRequest) -> int:
    """How many options are wanted at most."""
    return request.max_options or _USUAL_OPTIONS


def _need_words(field: str, text: str) -> None:
    if not text.strip():
        raise invalid_field(field, "it must have words")
