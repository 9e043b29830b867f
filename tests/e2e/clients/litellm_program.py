"""What a person writes with the `litellm` library, as one program: prints what came of each step as JSON.

Imports nothing of ours but `steps.py` beside it; `OPENAI_BASE_URL` and `OPENAI_API_KEY` are set.
"""

import json
import os
import sys
from typing import Any

import litellm

from tests.e2e.clients.steps import River, print_steps

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather_lookup",
        "description": "Looks up the weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def wishes(text: str, **more: Any) -> dict[str, Any]:
    return {
        "model": f"openai/{sys.argv[1]}",
        "api_base": os.environ["OPENAI_BASE_URL"],
        "messages": [{"role": "user", "content": text}],
        "max_retries": 0,
        "timeout": 60,
        **more,
    }


async def whole() -> dict[str, Any]:
    answer = await litellm.acompletion(**wishes("[whole] Hello.", temperature=0.3, max_tokens=200))
    choice = answer.choices[0]
    return {"text": choice.message.content, "finish": choice.finish_reason, "usage": answer.usage.model_dump()}


async def streamed() -> dict[str, Any]:
    stream = await litellm.acompletion(
        **wishes("[streamed] Hello.", stream=True, stream_options={"include_usage": True})
    )
    chunks = [chunk async for chunk in stream]
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    used = [chunk.usage.model_dump() for chunk in chunks if getattr(chunk, "usage", None)]
    whole = litellm.stream_chunk_builder(chunks)
    return {
        "text": "".join(pieces),
        "pieces": len(pieces),
        "usage": used[-1],
        "finish": whole.choices[0].finish_reason,
    }


async def tools() -> dict[str, Any]:
    asked = wishes("[tools] What is the weather in Oslo and in Rome?", tools=[WEATHER], tool_choice="auto")
    first = await litellm.acompletion(**asked)
    message = first.choices[0].message
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": "Rain, quokka winds."} for call in message.tool_calls
    ]
    again = {**asked, "messages": [*asked["messages"], message.model_dump(), *results]}
    second = await litellm.acompletion(**again)
    return {"calls": calls_of(first), "text": second.choices[0].message.content}


async def streamed_tools() -> dict[str, Any]:
    stream = await litellm.acompletion(**wishes("[streamed_tools] Oslo and Rome?", tools=[WEATHER], stream=True))
    return {"calls": calls_of(litellm.stream_chunk_builder([chunk async for chunk in stream]))}


def calls_of(answer: Any) -> list[Any]:
    calls = answer.choices[0].message.tool_calls
    return [[call.function.name, json.loads(call.function.arguments)] for call in calls]


async def structured() -> dict[str, Any]:
    answer = await litellm.acompletion(**wishes("[structured json_schema] Name a river.", response_format=River))
    return {"json_schema": River.model_validate_json(answer.choices[0].message.content).model_dump()}


async def refused() -> dict[str, Any]:
    found = {}
    for name, change in (
        ("model", {"model": "openai/nobody"}),
        ("key", {"api_key": "sk-forged"}),
        ("body", {"messages": [{"role": "user", "content": ""}]}),
    ):
        try:
            await litellm.acompletion(**wishes("Hello.", **change) | change)
        except Exception as error:  # noqa: BLE001 - which class it is, is what is asked
            found[name] = [type(error).__name__, str(error)]
    return found


def synchronous() -> dict[str, Any]:
    return {"text": litellm.completion(**wishes("[synchronous] Hello.")).choices[0].message.content}


if __name__ == "__main__":
    print_steps((whole, streamed, tools, streamed_tools, structured, refused), synchronous)
