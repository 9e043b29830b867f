"""What a request may ask for, beyond what the contract can state."""

import json
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.json_format import ParseDict

from servers.chat.turns.order import read_order
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.identity import user

CALL = {"callId": "c1", "name": "look", "argumentsJson": "{}"}


def request(**fields: Any) -> turn_pb.SendMessageRequest:
    return ParseDict({"requestId": str(uuid4()), **fields}, turn_pb.SendMessageRequest())


def listed(*messages: dict[str, Any]) -> turn_pb.SendMessageRequest:
    return request(transcript={"messages": list(messages)})


def said(role: str, text: str = "", **fields: Any) -> dict[str, Any]:
    return {"role": f"ROLE_{role}", **({"content": [{"text": text}]} if text else {}), **fields}


def refused(asked: turn_pb.SendMessageRequest) -> SomaError:
    with pytest.raises(SomaError) as caught:
        read_order(asked, user())
    return caught.value


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (request(content=[{"text": " \n\t"}]), "content"),
        (request(content=[{"text": "a\x00b"}]), "content"),
        (request(content=[{"text": "a"}], parentMessageId=str(uuid4())), "parent_message_id"),
        (request(content=[{"text": "a"}], tools=[{"name": "x"}, {"name": "x"}]), "tools"),
        (request(content=[{"text": "a"}], toolChoice={"mode": "required"}), "tool_choice"),
        (request(content=[{"text": "a"}], tools=[{"name": "x"}], toolChoice={"toolName": "y"}), "tool_choice"),
        (listed(said("USER", "a"), said("ASSISTANT", "b")), "transcript.messages"),
        (listed(said("TOOL", "a", toolCallId="c1")), "transcript.messages"),
        (listed(said("USER", "a"), said("TOOL", "b", toolCallId="c1")), "transcript.messages[1].tool_call_id"),
        (listed(said("USER", "a", toolCalls=[CALL])), "transcript.messages[0].tool_calls"),
        (listed(said("USER", " "), said("USER", "a")), "transcript.messages[0].content"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_field(asked: turn_pb.SendMessageRequest, field: str) -> None:
    error = refused(asked)
    assert error.reason is Reason.INVALID_FIELD
    assert error.metadata["field"] == field


def test_too_much_text_is_refused() -> None:
    error = refused(request(content=[{"text": "ä" * 20_000}, {"text": "ä" * 20_000}]))
    assert error.reason is Reason.PAYLOAD_TOO_LARGE


def test_a_transcript_may_carry_a_document_and_keeps_it_whole() -> None:
    asked = listed(said("USER", content=[{"text": "a" * 65_536}, {"text": "b" * 65_536}]))
    assert read_order(asked, user()).text == "a" * 65_536 + "b" * 65_536
    much = said("USER", content=[{"text": "a" * 65_536}] * 15)
    assert refused(listed(much, much)).reason is Reason.PAYLOAD_TOO_LARGE


def test_a_transcript_is_about_its_last_user_message() -> None:
    order = read_order(
        listed(said("USER", "first"), said("ASSISTANT", toolCalls=[CALL]), said("TOOL", "42", toolCallId="c1")), user()
    )
    assert order.text == "first"
    assert order.transcript is not None
    assert [message.role for message in order.transcript] == ["user", "assistant", "tool"]


def test_whole_numbers_of_a_schema_stay_whole() -> None:
    asked = request(
        content=[{"text": "a"}],
        tools=[{"name": "x", "parameters": {"type": "object", "properties": {"n": {"maximum": 3}}}}],
    )
    (tool,) = read_order(asked, user()).tools
    assert repr(tool.parameters["properties"]) == "{'n': {'maximum': 3}}"


def test_a_schema_as_text_keeps_the_order_of_its_properties() -> None:
    order = ["reasoning", "zeta", "alpha", "answer", "middle"]
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in order}}
    asked = request(
        content=[{"text": "a"}],
        tools=[{"name": "x", "parametersJson": json.dumps(schema), "strict": True}],
        options={
            "responseFormat": "json_schema",
            "jsonSchemaText": json.dumps({"name": "x", "strict": True, "schema": schema}),
        },
    )
    found = read_order(asked, user())
    (tool,) = found.tools
    assert json.dumps(tool.parameters) == json.dumps(schema)
    assert tool.strict
    assert found.options.json_schema is not None
    assert json.dumps(found.options.json_schema["schema"]) == json.dumps(schema)


def _nested(levels: int) -> str:
    return '{"items":' * levels + "{}" + "}" * levels


@pytest.mark.parametrize(
    ("schema", "where"),
    [
        ("{", "tools[0].parameters"),
        ("[]", "tools[0].parameters"),
        ('{"type": "array"}', "tools[0].parameters.type"),
        ('{"type": "strange"}', "tools[0].parameters.type"),
        ('{"properties": []}', "tools[0].parameters.properties"),
        ('{"properties": {"a": 7}}', "tools[0].parameters.properties.a"),
        ('{"properties": {"a": {"anyOf": {}}}}', "tools[0].parameters.properties.a.anyOf"),
        ('{"properties": {"a": {"anyOf": [true, {"enum": 1}]}}}', "tools[0].parameters.properties.a.anyOf[1].enum"),
        ('{"required": "a"}', "tools[0].parameters.required"),
        ('{"items": {"additionalProperties": 1}}', "tools[0].parameters.items.additionalProperties"),
        (_nested(64), "tools[0].parameters" + ".items" * 64),
        (_nested(900), "tools[0].parameters" + ".items" * 64),
    ],
)
def test_a_schema_that_is_none_is_refused_by_its_place(schema: str, where: str) -> None:
    error = refused(request(content=[{"text": "a"}], tools=[{"name": "x", "parametersJson": schema}]))
    assert error.reason is Reason.INVALID_FIELD
    assert error.violations[0].field == where


def test_a_schema_may_be_what_schemas_are() -> None:
    schema = (
        '{"type": ["object"], "$defs": {"a": {"type": ["string", "null"]}}, "properties": {"b": {"$ref": "#/$defs/a"}}}'
    )
    for text in ('{"type": "object"}', '{"additionalProperties": false}', _nested(63), "{}"):
        (tool,) = read_order(
            request(content=[{"text": "a"}], tools=[{"name": "x", "parametersJson": text}]), user()
        ).tools
        assert tool.parameters
    described = json.dumps({"name": "a", "schema": json.loads(schema)})
    options = {"responseFormat": "json_schema", "jsonSchemaText": described}
    assert read_order(request(content=[{"text": "a"}], options=options), user()).options.json_schema


@pytest.mark.parametrize(
    ("described", "where"),
    [
        ({}, "name"),
        ({"name": "no name!", "schema": {}}, "name"),
        ({"name": "a"}, "schema"),
        ({"name": "a", "schema": {}, "strict": "very"}, "strict"),
        ({"name": "a", "schema": {"type": "strange"}}, "schema.type"),
    ],
)
def test_the_schema_of_an_answer_is_judged(described: dict[str, Any], where: str) -> None:
    options = {"responseFormat": "json_schema", "jsonSchema": described}
    error = refused(request(content=[{"text": "a"}], options=options))
    assert error.violations[0].field == f"options.json_schema.{where}"
