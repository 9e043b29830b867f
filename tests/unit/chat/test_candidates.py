"""Which parts of what was said become candidates of the window: all of them, each once."""

from typing import Any
from uuid import uuid4

from google.protobuf.json_format import ParseDict

from servers.chat.answering.candidates import gather_sources, measured
from servers.chat.answering.gathering import Gathered
from servers.chat.domain.agent import Agent
from servers.chat.domain.context import build
from servers.chat.domain.knobs import derive
from servers.chat.domain.model import ModelProfile
from servers.chat.domain.sources import Lanes, Offer, Sources
from servers.chat.turns.acceptance import Accepted
from servers.chat.turns.order import read_order
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.common.v1 import modulation_pb2
from soma_common.testing.identity import user
from soma_common.tokens import tokenizer_for

TOKENIZER = tokenizer_for("o200k_base")
PROFILE = ModelProfile("scripted", "custom", "scripted", "http://model", 131_072, 4_096, tokenizer="o200k_base")
WIDE = Offer(Lanes(10_000, 50_000, 10_000, 10_000, 50_000, 500))


def said(role: str, text: str = "", **fields: Any) -> dict[str, Any]:
    return {"role": f"ROLE_{role}", "content": [{"text": text}] if text else [], **fields}


def asked(number: int) -> dict[str, Any]:
    return said("ASSISTANT", toolCalls=[{"callId": f"c{number}", "name": "look", "argumentsJson": "{}"}])


def found(number: int) -> dict[str, Any]:
    return said("TOOL", f"result {number}", toolCallId=f"c{number}")


def sources_of(*messages: dict[str, Any]) -> Sources:
    fields = {"requestId": str(uuid4()), "transcript": {"messages": list(messages)}}
    order = read_order(ParseDict(fields, turn_pb.SendMessageRequest()), user())
    accepted = Accepted(uuid4(), order, Agent(uuid4()), PROFILE, uuid4())
    gathered = Gathered(derive(5, 100_000), modulation_pb2.Modulation(), (), (), ())
    return gather_sources(accepted, gathered, TOKENIZER, TOKENIZER.name)


def sent_by(*messages: dict[str, Any]) -> list[tuple[str, str]]:
    context = build(sources_of(*messages), WIDE, TOKENIZER)
    return [(message.role, message.content) for message in context.messages if message.role != "system"]


def test_what_is_said_between_the_question_and_the_tools_is_sent_in_its_place() -> None:
    sent = sent_by(said("USER", "look"), said("ASSISTANT", "I shall look."), asked(1), found(1))
    assert sent == [("user", "look"), ("assistant", "I shall look."), ("assistant", ""), ("tool", "result 1")]


def test_calls_that_nobody_answered_are_told_as_text() -> None:
    sent = sent_by(said("USER", "look"), asked(1), said("USER", "and?"))
    assert sent == [("user", "look"), ("assistant", "(asked for look)"), ("user", "and?")]


def test_the_manifest_has_every_message_once() -> None:
    messages = (said("SYSTEM", "be kind"), said("USER", "look"), said("ASSISTANT", "so"), asked(1), found(1), asked(2))
    sources = sources_of(*messages, found(2))
    names = [line.item_id for line in build(sources, WIDE, TOKENIZER).manifest]
    assert sorted(name for name in names if name.startswith("transcript/")) == [
        f"transcript/{number}" for number in (0, 2, 3, 5)
    ]
    assert len(set(names)) == len(names)
    assert measured(sources, 10).history_tokens == [sources.after[0].tokens]


def test_a_plan_is_asked_for_with_as_many_results_as_it_takes() -> None:
    rounds = [message for number in range(600) for message in (asked(number), found(number))]
    sizes = measured(sources_of(said("USER", "look"), *rounds), 10).tool_result_tokens
    assert len(sizes) == 512
