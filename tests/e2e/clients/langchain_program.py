"""What a person writes with LangChain's ChatOpenAI, as one program: prints what came of each step as JSON.

Runs in an environment of its own and imports nothing of ours but `steps.py` beside it; `OPENAI_BASE_URL` and
`OPENAI_API_KEY` are set.
"""

import sys
from typing import Any

import openai
from langchain_core.messages import AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from tests.e2e.clients.steps import River, print_steps


@tool
def weather_lookup(city: str) -> str:
    """Looks up the weather of a city."""
    return f"Rain in {city}, quokka winds."


def model(**wishes: Any) -> ChatOpenAI:
    return ChatOpenAI(model=sys.argv[1], max_retries=0, timeout=60, **wishes)


async def whole() -> dict[str, Any]:
    answer = await model(temperature=0.3, seed=7).ainvoke("[whole] Hello.")
    return {"text": answer.text, "usage": answer.usage_metadata, "about": answer.response_metadata}


async def streamed() -> dict[str, Any]:
    chunks = [chunk async for chunk in model(stream_usage=True).astream("[streamed] Hello.")]
    total = chunks[0]
    for chunk in chunks[1:]:
        total += chunk
    return {
        "text": total.text,
        "pieces": len([chunk for chunk in chunks if chunk.text]),
        "usage": total.usage_metadata,
        "finish": total.response_metadata.get("finish_reason"),
    }


async def tools() -> dict[str, Any]:
    bound = model().bind_tools([weather_lookup])
    said: list[Any] = [HumanMessage("[tools] What is the weather in Oslo and in Rome?")]
    asked = await bound.ainvoke(said)
    results = [ToolMessage(weather_lookup.invoke(call["args"]), tool_call_id=call["id"]) for call in asked.tool_calls]
    answer = await bound.ainvoke([*said, asked, *results])
    return {"calls": [[call["name"], call["args"]] for call in asked.tool_calls], "text": answer.text}


async def streamed_tools() -> dict[str, Any]:
    total: AIMessageChunk | None = None
    bound = model().bind_tools([weather_lookup], tool_choice="weather_lookup", parallel_tool_calls=True)
    async for chunk in bound.astream("[streamed_tools] And in Oslo and Rome?"):
        assert isinstance(chunk, AIMessageChunk)
        total = chunk if total is None else total + chunk
    assert total is not None
    return {"calls": [[call["name"], call["args"]] for call in total.tool_calls]}


async def structured() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for method in ("json_schema", "function_calling", "json_mode"):
        asking = model().with_structured_output(River, method=method)
        river = await asking.ainvoke(f"[structured {method}] Name a river, as JSON.")
        assert isinstance(river, River)
        found[method] = river.model_dump()
    return found


async def refused() -> dict[str, Any]:
    try:
        await model().ainvoke([HumanMessage([{"type": "image_url", "image_url": {"url": "http://127.0.0.1/x"}}])])
    except openai.BadRequestError as error:
        return {"param": error.param, "message": error.message}
    return {}


def synchronous() -> dict[str, Any]:
    pieces = [chunk.text for chunk in model().stream("[synchronous] Hello.")]
    return {"text": "".join(pieces)}


if __name__ == "__main__":
    print_steps((whole, streamed, tools, streamed_tools, structured, refused), synchronous)
