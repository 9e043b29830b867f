"""The model that answers when none is configured: it says so, says how to set one, and shows what would have been sent.

It runs in the process and calls nothing.
"""

import asyncio
import re
from collections.abc import AsyncIterator

from servers.chat.domain.continuing import anchor
from servers.chat.domain.model import ModelRequest, StreamEnd, StreamItem, TextChunk
from soma_common.kernel.money import Usage
from soma_common.tokens import tokenizer_for

_HOW_TO = (
    "No model is configured, so this is the offline model: everything else in the mesh works, "
    "but nothing here thinks.\n\n"
    "To use a real one, run\n\n"
    "    .venv/bin/somastack model add openai\n\n"
    "or with anthropic, gemini, mistral, deepseek, groq or openrouter instead of openai. It asks for the key without "
    "showing it, and works at once. A model on this machine needs none:\n\n"
    "    .venv/bin/somastack model add ollama --model llama3.2\n\n"
)
_EXCERPT_CHARACTERS = 160


class OfflineModel:
    """Describes the request instead of answering it; its text is a function of the request."""

    async def stream(self, request: ModelRequest) -> AsyncIterator[StreamItem]:
        """Yield the description word by word, cut at the longest answer that was allowed.

        The rest of it begins with the last words that were said.
        """
        tokenizer = tokenizer_for(request.profile.tokenizer or request.profile.model)
        whole = describe(request)
        if request.so_far and whole.startswith(request.so_far):
            whole = whole[request.so_far.rfind(anchor(request.so_far)) :]
        text = tokenizer.truncate(whole, request.max_output_tokens)
        for piece in re.findall(r"\S+\s*|\s+", text):
            yield TextChunk(piece)
            await asyncio.sleep(0)
        prompt = sum(tokenizer.count(message.content) for message in request.messages)
        usage = Usage(input_tokens=prompt, output_tokens=tokenizer.count(text), estimated=True)
        yield StreamEnd("stop" if text == whole else "length", usage)

    async def close(self) -> None:
        """Nothing to give back."""


def describe(request: ModelRequest) -> str:
    """What would have been sent, for a person: how to set a model, then each message with its beginning."""
    lines = [_HOW_TO, f"This would have been sent ({len(request.messages)} messages"]
    lines.append(f", temperature {request.temperature:.2f}" if request.temperature is not None else "")
    lines.append(f", at most {request.max_output_tokens} tokens of answer):\n")
    lines.extend(f"\n- **{message.role}**: {_excerpt(message.content)}" for message in request.messages)
    lines.extend(f"\n- **tool** `{tool.name}`: {_excerpt(tool.description)}" for tool in request.tools)
    return "".join(lines) + "\n"


def _excerpt(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _EXCERPT_CHARACTERS else flat[:_EXCERPT_CHARACTERS].rstrip() + " …"
