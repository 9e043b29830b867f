"""The languages that the upstream speaks: how an answer, a refusal and the end look in each.

`playing.py` plays through these; nothing here sends or waits.
"""

from collections.abc import Iterator
from typing import Protocol

from soma_common.testing.upstream.answer import Answer
from soma_common.testing.upstream.chunks import DONE, ChunkForm
from soma_common.testing.upstream.faults import Refusal


class Form(Protocol):
    """One answer as the bytes of a stream."""

    def chunks(self) -> Iterator[tuple[bytes, str]]:
        """Every piece before the end, each with the text it adds for the person."""
        ...

    def finish(self) -> bytes:
        """What carries the finish reason."""
        ...

    def usage(self) -> bytes | None:
        """What carries the usage, where it comes apart."""
        ...

    def broken(self) -> bytes:
        """A piece that stops in the middle of its JSON."""
        ...


class Face(Protocol):
    """A language."""

    @property
    def done(self) -> bytes:
        """What ends a stream."""
        ...

    def form(self, answer: Answer, created: int, *, include_usage: bool, logprobs: bool) -> Form:
        """An answer in this language."""
        ...

    def refusal(self, refusal: Refusal) -> bytes:
        """The body of an error."""
        ...

    def event(self, refusal: Refusal) -> bytes:
        """The same error inside a running stream."""
        ...


class ChatCompletions:
    """OpenAI's chat completions."""

    done = DONE

    def form(self, answer: Answer, created: int, *, include_usage: bool, logprobs: bool) -> Form:
        """As the protocol."""
        return ChunkForm(answer, created, include_usage=include_usage, logprobs=logprobs)

    def refusal(self, refusal: Refusal) -> bytes:
        """As the protocol."""
        return refusal.body

    def event(self, refusal: Refusal) -> bytes:
        """As the protocol."""
        return refusal.event
