"""Input that nobody should send: each answer names what is wrong, none is an error of ours, nothing is half kept."""

import math
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

from soma.common.v1 import modulation_pb2 as common_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import user
from tests.rpc.memory.conftest import Remembering

TEXT = "The boiler in the cellar was replaced in March."


@pytest.fixture(autouse=True)
def as_ada() -> Iterator[None]:
    with acting_as(user("ada"), "test"):
        yield


def payload(value: Value) -> Struct:
    return Struct(fields={"value": value})


def nested(levels: int) -> Struct:
    inner = Struct(fields={"x": Value(number_value=1)})
    for _ in range(levels):
        inner = Struct(fields={"x": Value(struct_value=inner)})
    return inner


BAD_STORES: dict[str, dict[str, Any]] = {
    "no request_id": {"request_id": ""},
    "request_id of another form": {"request_id": "1"},
    "empty text": {"text": ""},
    "text too long": {"text": "x" * 32_769},
    "NUL in the text": {"text": "one\0two"},
    "NUL in the subject": {"subject": "a\0b"},
    "NUL in a label": {"tags": ["a\0b"]},
    "NUL in the payload": {"payload": payload(Value(string_value="a\0b"))},
    "NaN in the payload": {"payload": payload(Value(number_value=math.nan))},
    "infinity in the payload": {"payload": payload(Value(number_value=-math.inf))},
    "unknown kind": {"kind": 99},
    "unknown source": {"source_class": 99},
    "NaN as trust": {"trust": math.nan},
    "infinite importance": {"importance": math.inf},
    "trust over one": {"trust": 1.5},
    "a time after the last year": {"valid_from_time": Timestamp(seconds=10**12)},
    "a time before the first year": {"valid_from_time": Timestamp(seconds=-(10**12))},
    "a time with too many nanoseconds": {"valid_from_time": Timestamp(seconds=1, nanos=2_000_000_000)},
    "a time with negative nanoseconds": {"valid_from_time": Timestamp(seconds=1, nanos=-1)},
    "a namespace of no form": {"namespace": "everything"},
    "too many labels": {"tags": [str(number) for number in range(33)]},
    "an empty label": {"tags": [""]},
    "a conversation that is no id": {"conversation_id": "1"},
    "NUL in the coordinate": {"coordinate": "a\0b"},
    "NUL in the object": {"subject": "s", "predicate": "p", "object": "a\0b"},
    "a coordinate of no number": {"coordinate": "1,nan,3"},
    "an endless coordinate": {"coordinate": "1,1e999"},
    "a coordinate too long": {"coordinate": "x" * 257},
    "a predicate without a subject": {"predicate": "lives_in", "object": "Lisbon"},
    "an object without a predicate": {"subject": "Ada", "object": "Lisbon"},
    "a position that cannot be counted": {"position": 2**31},
    "no time to live": {"ttl": Duration()},
    "a time to live beyond all times": {"ttl": Duration(seconds=300_000_000_000)},
    "an end before the beginning": {
        "valid_from_time": Timestamp(seconds=2_000),
        "valid_to_time": Timestamp(seconds=1_000),
    },
    "an end after the last year": {"valid_to_time": Timestamp(seconds=10**12)},
    "a session after the last year": {"session_time": Timestamp(seconds=10**12)},
    "sources that are no ids": {"derived_from": ["1"]},
    "too many sources": {"derived_from": [str(uuid4()) for _ in range(201)]},
    "a thousand broken ids": {"recalled_memory_ids": ["x" * 100] * 1000},
}


async def test_a_store_with_a_bad_field_is_refused(remembering: Remembering, subtests: pytest.Subtests) -> None:
    for case, fields in BAD_STORES.items():
        given = {"text": TEXT, "request_id": str(uuid4())} | fields
        with subtests.test(case):
            with pytest.raises(SomaError) as refused:
                await remembering.user.StoreMemory(service_pb.StoreMemoryRequest(**given))
            assert refused.value.reason is Reason.INVALID_FIELD
            assert refused.value.violations
    assert not (await remembering.user.ListMemories(service_pb.ListMemoriesRequest())).memories


BAD_UPDATES: dict[str, tuple[dict[str, Any], list[str], str]] = {
    "no field": ({}, [], "update_mask"),
    "a field that stays": ({"namespace": "shared"}, ["namespace"], "update_mask"),
    "no text": ({}, ["text"], "text"),
    "NaN as trust": ({"trust": math.nan}, ["trust"], "trust"),
    "infinite importance": ({"importance": math.inf}, ["importance"], "importance"),
    "an unknown kind": ({"kind": 9}, ["kind"], "kind"),
    "an empty label": ({"tags": [""]}, ["tags"], "tags"),
    "a subject too long": ({"subject": "x" * 257}, ["subject"], "subject"),
    "a coordinate of no number": ({"coordinate": "inf,1"}, ["coordinate"], "coordinate"),
    "no beginning": ({}, ["valid_from_time"], "valid_from_time"),
    "an end before the beginning": ({"valid_to_time": Timestamp(seconds=1)}, ["valid_to_time"], "valid_to_time"),
    "an end of its life in the past": ({"expire_time": Timestamp(seconds=1)}, ["expire_time"], "expire_time"),
    "NaN in the payload": ({"payload": payload(Value(number_value=math.nan))}, ["payload"], "payload"),
}


async def test_a_bad_update_is_refused_and_changes_nothing(remembering: Remembering, subtests: pytest.Subtests) -> None:
    kept = await remembering.user.StoreMemory(service_pb.StoreMemoryRequest(text=TEXT, request_id=str(uuid4())))
    for case, (fields, paths, field) in BAD_UPDATES.items():
        asked = service_pb.UpdateMemoryRequest(update_mask=FieldMask(paths=paths), request_id=str(uuid4()))
        asked.memory.MergeFrom(memory_pb.Memory(memory_id=kept.memory.memory_id, **fields))
        with subtests.test(case):
            with pytest.raises(SomaError) as refused:
                await remembering.user.UpdateMemory(asked)
            assert refused.value.reason is Reason.INVALID_FIELD
            assert refused.value.violations[0].field == field
            found = await remembering.user.GetMemory(service_pb.GetMemoryRequest(memory_id=kept.memory.memory_id))
            assert found.memory == kept.memory


BAD_RECALLS: dict[str, dict[str, Any]] = {
    "empty query": {"query": ""},
    "query too long": {"query": "x" * 65_537},
    "unknown kind": {"kinds": [99]},
    "too many hits": {"top_k": 201},
    "NaN as importance": {"min_importance": math.nan},
    "NUL in a label": {"tags": ["a\0b"]},
    "a namespace of no form": {"namespaces": ["user: ada"]},
    "too much time": {"time_budget_milliseconds": 5_001},
}


async def test_a_recall_with_a_bad_field_is_refused(remembering: Remembering, subtests: pytest.Subtests) -> None:
    for case, fields in BAD_RECALLS.items():
        with subtests.test(case):
            with pytest.raises(SomaError) as refused:
                await remembering.user.RecallMemories(service_pb.RecallMemoriesRequest(**{"query": "boiler"} | fields))
            assert refused.value.reason is Reason.INVALID_FIELD


def _weights(value: float) -> common_pb.RetrievalWeights:
    return common_pb.RetrievalWeights(vector=value, lexical=value, recency=value, graph=value, temperature=value)


ODD_RECALLS: dict[str, dict[str, Any]] = {
    "NaN as weights": {"weights": _weights(math.nan)},
    "infinite weights": {"weights": _weights(math.inf)},
    "negative weights": {"weights": _weights(-math.inf)},
    "NUL in the query": {"query": "boiler\0cellar"},
    "only marks in the query": {"query": "?!… \u0301\u200d"},
    "a query that is one endless word": {"query": "a" * 65_536},
    "a query that is one endless row of spaces": {"query": " " * 65_536},
}


async def test_an_odd_recall_is_answered(remembering: Remembering, subtests: pytest.Subtests) -> None:
    await remembering.user.StoreMemory(service_pb.StoreMemoryRequest(text=TEXT, request_id=str(uuid4())))
    for case, fields in ODD_RECALLS.items():
        request = service_pb.RecallMemoriesRequest(**{"query": "boiler"} | fields)
        with subtests.test(case):
            found = await remembering.user.RecallMemories(request)
            assert all(0 <= hit.score <= 1 for hit in found.hits)


GOOD_PAYLOADS: dict[str, Callable[[], Struct]] = {
    "empty": Struct,
    "deep": lambda: nested(28),
    "a value that is not set": lambda: payload(Value()),
    "the largest and the smallest number": lambda: Struct(
        fields={"a": Value(number_value=1.7976931348623157e308), "b": Value(number_value=5e-324)}
    ),
    "letters of all sorts": lambda: payload(Value(string_value="Größe 寸法 📏")),
}


async def test_an_unusual_payload_is_read_back_as_it_was(remembering: Remembering, subtests: pytest.Subtests) -> None:
    for case, make in GOOD_PAYLOADS.items():
        request = service_pb.StoreMemoryRequest(text=f"{TEXT} Noted: {case}.", payload=make(), request_id=str(uuid4()))
        with subtests.test(case):
            kept = (await remembering.user.StoreMemory(request)).memory
            found = await remembering.user.GetMemory(service_pb.GetMemoryRequest(memory_id=kept.memory_id))
            assert dict(found.memory.payload) == dict(kept.payload)
            assert found.memory.HasField("payload")


async def test_the_size_of_a_payload_is_that_of_its_json(remembering: Remembering) -> None:
    fits = payload(Value(string_value="ж" * 100_000))
    await remembering.user.StoreMemory(service_pb.StoreMemoryRequest(text=TEXT, payload=fits, request_id=str(uuid4())))
    with pytest.raises(SomaError) as refused:
        await remembering.user.StoreMemory(
            service_pb.StoreMemoryRequest(
                text=f"{TEXT} again", payload=payload(Value(string_value="ж" * 140_000)), request_id=str(uuid4())
            )
        )
    assert refused.value.reason is Reason.PAYLOAD_TOO_LARGE
