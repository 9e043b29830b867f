"""Every kind of stream that a service writes to has its topic, or its events would wait for ever."""

import ast

from soma_common.events.topics import AGGREGATES, TOPICS
from tests.arch.source import dotted, need, product


def test_every_kind_of_stream_has_a_topic() -> None:
    kinds: dict[str, str] = {}
    for source in product():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and dotted(node.func).endswith("EventDraft") and len(node.args) > 1:
                stream = node.args[1]
                if isinstance(stream, ast.JoinedStr) and isinstance(stream.values[0], ast.Constant):
                    kinds[str(stream.values[0].value).partition("/")[0]] = source.at(node, "EventDraft")
    assert {"budget", "agent", "memory", "feature", "service", "agent-state", "dead-letter"} <= set(kinds)
    need([place for kind, place in kinds.items() if kind not in AGGREGATES], "streams without a topic")


def test_every_topic_is_listed_once_and_named_alike() -> None:
    names = [topic.name for topic in TOPICS]
    assert len(set(names)) == len(names) == 11
    assert set(AGGREGATES.values()) == set(TOPICS)
    assert all(name.startswith("soma.") for name in names)
