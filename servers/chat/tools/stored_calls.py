"""Calls of tools and what came of them in the JSON form in which messages keep them.

Nothing here reads or writes a row.
"""

from collections.abc import Iterable
from typing import Final

import orjson

from servers.chat.domain.model import ToolCallPart
from servers.chat.domain.rounds import CallResult, CallStatus, ToldCall


def calls_of(text: str) -> tuple[ToolCallPart, ...]:
    """Tool calls out of their JSON form."""
    return tuple(ToolCallPart(each["call_id"], each["name"], each["arguments_json"]) for each in orjson.loads(text))


# Calls that were stored without their place stood at the end of the answer.
_ALL_OF_IT: Final = 2**31 - 1


def told_calls_of(text: str) -> tuple[ToldCall, ...]:
    """The same with their place in the answer."""
    return tuple(
        ToldCall(
            ToolCallPart(each["call_id"], each["name"], each["arguments_json"]),
            each.get("round", 1),
            each.get("by_client", True),
            each.get("text_before", _ALL_OF_IT),
        )
        for each in orjson.loads(text)
    )


def results_of(text: str) -> tuple[CallResult, ...]:
    """What came of calls, out of its JSON form."""
    return tuple(
        CallResult(each["call_id"], each["name"], CallStatus(each["status"]), each["content"])
        for each in orjson.loads(text)
    )


def calls_json(calls: tuple[ToldCall, ...]) -> str:
    """Tool calls in their JSON form, with their place in the answer."""
    return orjson.dumps(
        [
            {
                "call_id": told.call.call_id,
                "name": told.call.name,
                "arguments_json": told.call.arguments_json,
                "round": told.round,
                "by_client": told.by_client,
                "text_before": told.text_before,
            }
            for told in calls
        ]
    ).decode()


def results_json(results: Iterable[CallResult]) -> str:
    """What came of calls, in its JSON form."""
    return orjson.dumps(
        [
            {"call_id": each.call_id, "name": each.name, "status": each.status.value, "content": each.content}
            for each in results
        ]
    ).decode()
