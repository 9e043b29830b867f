"""Every kind of stream that a service writes to has its topic, or its events would wait for ever."""

import ast

from soma_common.events.topics import AGGREGATES, FAMILIES, TOPICS
from tests.arch.source import dotted, need, product


def test_every_kind_of_stream_has_a_topic() -> None:
    kinds: dict[str, str] = {}
    for source in product():
        for node in source.nodes:
            if isinstance(node, ast.Call) and dotted(node.func).endswith("EventDraft") and len(node.args) > 1:
                stream = node.args[1]
                if isinstance(stream, ast.JoinedStr) and isinstance(stream.values[0], ast.Constant):
                    kinds[str(stream.values[0].value).partition("/")[0]] = source.at(node, "EventDraft")
    assert {"budget", "agent", "memory", "feature", "service", "agent-state", "dead-letter"} <= set(kinds)
    need([place for kind, place in kinds.items() if kind not in AGGREGATES], "streams without a topic")


def test_the_family_of_a_type_and_the_kind_of_its_stream_lead_to_one_topic() -> None:
    pairs: dict[tuple[str, str], str] = {}
    for source in product():
        for node in source.nodes:
            if isinstance(node, ast.Call) and dotted(node.func).endswith("EventDraft") and len(node.args) > 1:
                event_type, stream = (beginning(argument) for argument in node.args[:2])
                if event_type and stream:
                    pairs[event_type.partition(".")[0], stream.partition("/")[0]] = source.at(node, "EventDraft")
    assert {("governor", "budget"), ("control", "feature"), ("cognitive", "agent-state")} <= set(pairs)
    need([place for (family, kind), place in pairs.items() if FAMILIES[family] != AGGREGATES[kind]], "two topics")


def beginning(text: ast.expr) -> str:
    """What a text, or a text with holes, begins with; empty when that is not known here."""
    first = text.values[0] if isinstance(text, ast.JoinedStr) else text
    return str(first.value) if isinstance(first, ast.Constant) else ""


def test_every_topic_is_listed_once_and_named_alike() -> None:
    names = [topic.name for topic in TOPICS]
    assert len(set(names)) == len(names) == 11
    assert set(AGGREGATES.values()) == set(FAMILIES.values()) == set(TOPICS)
    assert all(name.startswith("soma.") for name in names)
