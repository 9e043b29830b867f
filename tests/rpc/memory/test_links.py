"""Links through their door: made, changed, followed; never to what is hidden, retired or another person's."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from soma.memory.v1 import graph_pb2 as graph_pb
from soma.memory.v1 import memory_pb2 as memory_pb
from soma.memory.v1 import memory_service_pb2 as service_pb
from soma.memory.v1 import upkeep_pb2 as upkeep_pb
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.postgres.pool import Connection
from soma_common.rpc.call import acting_as
from soma_common.testing.identity import OTHER_TENANT, TENANT, user
from tests.rpc.memory.conftest import Remembering

OUT, IN = graph_pb.LINK_DIRECTION_OUTGOING, graph_pb.LINK_DIRECTION_INCOMING


@pytest.fixture(autouse=True)
def as_ada() -> Iterator[None]:
    with acting_as(user("ada"), "test"):
        yield


async def keep(it: Remembering, name: str, namespace: str = "shared") -> str:
    text = f"The node {name} {uuid4().hex} stands in the graph."
    request = service_pb.StoreMemoryRequest(text=text, namespace=namespace, speaker=name, request_id=str(uuid4()))
    return (await it.user.StoreMemory(request)).memory.memory_id


async def link(it: Remembering, source: str, target: str, **fields: Any) -> graph_pb.MemoryLink:
    asked = {"memory_id": source, "target_memory_id": target, "request_id": str(uuid4())} | fields
    return (await it.user.LinkMemories(graph_pb.LinkMemoriesRequest(**asked))).link


async def unlink(it: Remembering, source: str, target: str, link_type: str = "") -> int:
    request = graph_pb.UnlinkMemoriesRequest(
        memory_id=source, target_memory_id=target, type=link_type, request_id=str(uuid4())
    )
    return (await it.user.UnlinkMemories(request)).removed_count


async def near(it: Remembering, memory_id: str, **fields: Any) -> list[tuple[str, int, float]]:
    answer = await it.user.ListNeighbors(graph_pb.ListNeighborsRequest(memory_id=memory_id, **fields))
    return [(one.memory.speaker, one.hops, one.strength) for one in answer.neighbors]


async def path(it: Remembering, source: str, target: str, **fields: Any) -> tuple[list[str], float]:
    answer = await it.user.FindPath(graph_pb.FindPathRequest(memory_id=source, target_memory_id=target, **fields))
    return [memory.speaker for memory in answer.memories], answer.strength


async def chain(it: Remembering) -> dict[str, str]:
    """A → b → c → d strongly, and a → d weakly."""
    ids = {name: await keep(it, name) for name in "abcd"}
    for source, target in ("ab", "bc", "cd"):
        await link(it, ids[source], ids[target], strength=0.5)
    await link(it, ids["a"], ids["d"], strength=0.1, type="causes")
    return ids


async def test_neighbours_come_by_the_strength_of_the_way_there(remembering: Remembering) -> None:
    ids = await chain(remembering)
    assert await near(remembering, ids["a"]) == [("b", 1, 0.5), ("d", 1, 0.1)]
    assert await near(remembering, ids["a"], max_hops=3, direction=OUT) == [
        ("b", 1, 0.5),
        ("c", 2, 0.25),
        ("d", 3, 0.125),
    ]
    assert await near(remembering, ids["a"], max_hops=4, min_strength=0.2) == [("b", 1, 0.5), ("c", 2, 0.25)]
    assert await near(remembering, ids["a"], max_hops=4, types=["causes"]) == [("d", 1, 0.1)]
    assert await near(remembering, ids["d"], direction=IN) == [("c", 1, 0.5), ("a", 1, 0.1)]
    assert await near(remembering, ids["d"], direction=OUT) == []


async def test_no_way_leads_to_a_hypothesis_nor_through_one(remembering: Remembering) -> None:
    a, b = await keep(remembering, "a"), await keep(remembering, "b")
    guess = service_pb.StoreMemoryRequest(
        text="A and b may belong together.",
        namespace="shared",
        kind=memory_pb.MEMORY_KIND_HYPOTHESIS,
        speaker="guess",
        request_id=str(uuid4()),
    )
    between = (await remembering.user.StoreMemory(guess)).memory.memory_id
    await link(remembering, a, between, strength=0.9)
    await link(remembering, between, b, strength=0.9)
    assert await near(remembering, a, max_hops=3) == []
    assert await near(remembering, b, direction=IN) == []
    assert await path(remembering, a, b, max_hops=4) == ([], 0.0)


async def test_pages_of_neighbours_follow_each_other(remembering: Remembering) -> None:
    ids = await chain(remembering)
    asked = graph_pb.ListNeighborsRequest(memory_id=ids["a"], max_hops=3, page_size=1)
    names = []
    while True:
        answer = await remembering.user.ListNeighbors(asked)
        names += [one.memory.speaker for one in answer.neighbors]
        if not answer.next_page_token:
            break
        asked.page_token = answer.next_page_token
    assert names == ["b", "c", "d"]
    with pytest.raises(SomaError) as refused:
        await near(remembering, ids["b"], max_hops=3, page_token=asked.page_token)
    assert refused.value.reason is Reason.INVALID_FIELD


async def test_the_shortest_path_and_the_strongest_differ(remembering: Remembering) -> None:
    ids = await chain(remembering)
    a, d = ids["a"], ids["d"]
    assert await path(remembering, a, d) == (["a", "d"], 0.1)
    assert await path(remembering, a, d, choice=graph_pb.PATH_CHOICE_STRONGEST) == (list("abcd"), 0.125)
    assert await path(remembering, a, d, choice=graph_pb.PATH_CHOICE_STRONGEST, max_hops=2) == (["a", "d"], 0.1)
    assert await path(remembering, d, a, direction=OUT) == ([], 0.0)
    assert await path(remembering, a, a) == (["a"], 1.0)


async def test_a_link_gets_another_strength_and_only_from_who_made_it(remembering: Remembering) -> None:
    a, b = await keep(remembering, "a"), await keep(remembering, "b")
    first = await link(remembering, a, b, strength=0.5)
    assert (first.type, first.owner_sub) == ("related", "ada")
    assert (await link(remembering, a, b, strength=0.75)).strength == 0.75
    with acting_as(user("bob"), "test"):
        for attempt in (link(remembering, a, b, strength=0.1), unlink(remembering, a, b)):
            with pytest.raises(SomaError) as refused:
                await attempt
            assert refused.value.reason is Reason.SCOPE_MISSING
    with acting_as(user("root", roles=("operator",)), "test"):
        assert await unlink(remembering, a, b) == 1
    assert await unlink(remembering, a, b) == 0


async def test_links_of_one_type_are_taken_away_alone(remembering: Remembering) -> None:
    a, b = await keep(remembering, "a"), await keep(remembering, "b")
    await link(remembering, a, b)
    await link(remembering, a, b, type="causes")
    assert await unlink(remembering, a, b, "causes") == 1
    assert await near(remembering, a) == [("b", 1, 1.0)]


async def test_a_memory_is_not_linked_with_itself(remembering: Remembering) -> None:
    a = await keep(remembering, "a")
    with pytest.raises(SomaError) as refused:
        await link(remembering, a, a)
    assert refused.value.reason is Reason.INVALID_FIELD


async def test_no_way_leads_through_what_another_person_keeps(remembering: Remembering) -> None:
    a, d = await keep(remembering, "a"), await keep(remembering, "d")
    secret = await keep(remembering, "secret", namespace="user:ada")
    await link(remembering, a, secret)
    await link(remembering, secret, d)
    assert (await path(remembering, a, d))[0] == ["a", "secret", "d"]
    with acting_as(user("bob"), "test"):
        assert await path(remembering, a, d) == ([], 0.0)
        assert await near(remembering, a, max_hops=4) == []
        for attempt in (near(remembering, secret), path(remembering, a, secret), link(remembering, a, secret)):
            with pytest.raises(SomaError) as refused:
                await attempt
            assert refused.value.reason is Reason.RESOURCE_NOT_FOUND
    with acting_as(user("ada", OTHER_TENANT), "test"), pytest.raises(SomaError) as refused:
        await near(remembering, a)
    assert refused.value.reason is Reason.RESOURCE_NOT_FOUND


async def test_no_way_leads_through_what_is_out_of_recall(remembering: Remembering) -> None:
    ids = await chain(remembering)
    with acting_as(user("root", roles=("operator",)), "test"):
        subject = upkeep_pb.QuarantineSubject(memory_id=ids["b"])
        request = upkeep_pb.QuarantineSourceRequest(subject=subject, request_id=str(uuid4()))
        await remembering.user.QuarantineSource(request)
    strongest = graph_pb.PATH_CHOICE_STRONGEST
    assert await path(remembering, ids["a"], ids["d"], choice=strongest) == (["a", "d"], 0.1)
    assert await path(remembering, ids["a"], ids["b"]) == ([], 0.0)
    assert await near(remembering, ids["b"]) == []

    async def retire(connection: Connection) -> None:
        await connection.execute(
            "update memories set retire_time = learn_time, retire_reason = 2 where memory_id = $1", ids["d"]
        )

    await remembering.database.run(TENANT, retire)
    assert await near(remembering, ids["a"], max_hops=4) == []


async def test_links_go_with_their_memory(remembering: Remembering) -> None:
    ids = await chain(remembering)
    await remembering.user.DeleteMemory(service_pb.DeleteMemoryRequest(memory_id=ids["b"], request_id=str(uuid4())))
    assert await near(remembering, ids["a"], max_hops=4) == [("d", 1, 0.1), ("c", 2, 0.05)]
