"""Every effect of a mind shows in what is sent, in the stated direction and nowhere else; a switch turns it off.

The same turn twice, with what drives the effect low and high, and all other effects switched off.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import pytest

from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import model_service_pb2 as model_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1.model_service_pb2_grpc import ModelServiceStub
from soma.cognitive.v1 import adaptation_service_pb2 as adaptation_pb
from soma_common.kernel.tenancy import TenantId
from soma_common.testing.postgres import TestServer, run_aside
from soma_common.testing.upstream import Fault, FaultKind, Script, ScriptedUpstream
from tests.integration.chat.minded import EFFECTS, SLEEPING, Minded, switches_of
from tests.integration.chat.person import Told, said, spoken, transcript
from tests.integration.chat.stack import ChatStack
from tests.integration.chat.talks import settled
from tests.integration.chat.test_tool_rounds import SUM, asks, evaluate

QUESTION: Final = "What do herons eat?"
WARM: Final = "Be warm and encouraging."
# Worth 0.55 by the rules.
REMARK: Final = "I painted the fence in the yard."


@dataclass(frozen=True)
class Seen:
    """What a turn came to: the bodies of its calls, and what others got of it."""

    bodies: list[dict[str, Any]]
    beside: Any = None


@dataclass(frozen=True)
class Scene:
    """A turn, and what of it an effect changes: `part` is that, `rest` is everything else."""

    effect: str
    low: Mapping[str, float]
    high: Mapping[str, float]
    play: Callable[["Stage", Mapping[str, float]], Awaitable[Seen]]
    part: Callable[[Seen], Any]
    rest: Callable[[Seen], Any]
    holds: Callable[[Any, Any], bool]


@dataclass(frozen=True)
class Stage:
    """Somebody, the model, and whether the scene is played there for the first time."""

    person: Minded
    model: ScriptedUpstream
    again: bool = False

    async def turn(self, request: turn_pb.SendMessageRequest) -> tuple[Told, list[dict[str, Any]]]:
        """A turn and the bodies of its calls, in order."""
        before = len(await self.model.aio.requests())
        told = await self.person.send(request)
        return told, [row.body for row in (await self.model.aio.requests())[before:]]


async def ask(stage: Stage, mood: Mapping[str, float]) -> Seen:
    await stage.person.feels(**mood)
    _, bodies = await stage.turn(transcript(spoken("user", QUESTION)))
    return Seen(bodies)


async def ask_with_tools(stage: Stage, mood: Mapping[str, float]) -> Seen:
    await stage.person.feels(**mood)
    tools = [message_pb.ClientTool(name=f"herons_{n}", description="What herons eat.") for n in range(9)]
    _, bodies = await stage.turn(transcript(spoken("user", QUESTION), tools=tools))
    return Seen(bodies)


async def ask_a_failing_model(stage: Stage, mood: Mapping[str, float]) -> Seen:
    await stage.person.feels(**mood)
    await stage.model.aio.reset()
    await stage.model.aio.enqueue(*(Script(fault=Fault(FaultKind.SERVER_ERROR)) for _ in range(2)))
    _, bodies = await stage.turn(transcript(spoken("user", QUESTION)))
    return Seen(bodies)


async def ask_for_sums(stage: Stage, mood: Mapping[str, float]) -> Seen:
    await stage.person.feels(**mood)
    await stage.model.aio.reset()
    await stage.model.aio.enqueue(*(asks(evaluate("6 * 7", id=f"c{n}")) for n in range(4)))
    _, bodies = await stage.turn(said(SUM))
    return Seen(bodies)


async def ask_after_much_talk(stage: Stage, mood: Mapping[str, float]) -> Seen:
    person = stage.person
    if not stage.again:
        profile = model_pb.ModelProfile(
            model_profile_id="narrow",
            provider="custom",
            model="narrow",
            base_url=stage.model.base_url,
            window_tokens=4_096,
            max_output_tokens=256,
        )
        with person.acting():
            stub: Any = person.stub("chat", ModelServiceStub)
            await stub.CreateModel(model_pb.CreateModelRequest(model=profile, request_id=str(uuid4())))
        long = "and then it stood in the reeds for a while and looked at the water " * 3
        await person.remembers(*(f"Herons eat fish number {n} {long}." for n in range(20)))
    talk = [
        spoken("user" if n % 2 == 0 else "assistant", f"Story {n}: " + "the river was wide. " * 10) for n in range(80)
    ]
    await person.feels(**mood)
    _, bodies = await stage.turn(transcript(*talk, spoken("user", QUESTION), model_profile_id="narrow"))
    return Seen(bodies)


async def ask_who_remembers_much(stage: Stage, mood: Mapping[str, float]) -> Seen:
    if not stage.again:
        await stage.person.remembers(*(f"Herons eat fish of the kind {n}." for n in range(100, 130)))
    await stage.person.feels(**mood)
    told, bodies = await stage.turn(transcript(spoken("user", QUESTION)))
    await settled(stage.person, told.turn_id)
    receipt = await stage.person.receipt(told.started.receipt_id)
    return Seen(bodies, len([item for item in receipt.items if item.lane == "memory"]))


async def rate(stage: Stage, mood: Mapping[str, float]) -> Seen:
    """A turn that is rated; beside it what the weights became of those at the start."""
    person = stage.person
    if not stage.again:
        await person.remembers("Herons eat small fish.")
    else:
        with person.acting():
            reset = adaptation_pb.ResetAdaptationRequest(agent_id=person.agent_id, request_id=str(uuid4()))
            await person.adaptation.ResetAdaptation(reset)
    before = (await person.adapted()).retrieval
    told, bodies = await stage.turn(transcript(spoken("user", QUESTION)))
    await person.quiet()
    await person.feels(**mood)
    await person.rate(told, message_pb.RATING_GOOD)
    await person.quiet()
    after = (await person.adapted()).retrieval
    return Seen(bodies, round(after.vector - before.vector, 5))


async def remark(stage: Stage, mood: Mapping[str, float]) -> Seen:
    """A remark of somebody else each time; beside it what is remembered of it."""
    person = stage.person
    await person.feels(**mood)
    _, bodies = await stage.turn(said(REMARK))
    await person.quiet()
    return Seen(bodies, await person.memories())


def without(*names: str) -> Callable[[Seen], Any]:
    """The whole bodies but these fields."""
    return lambda seen: [{name: value for name, value in body.items() if name not in names} for body in seen.bodies]


def field(name: str) -> Callable[[Seen], Any]:
    """A field of the only call."""

    def of(seen: Seen) -> Any:
        (body,) = seen.bodies
        return body[name]

    return of


def calls(seen: Seen) -> int:
    return len(seen.bodies)


def first(seen: Seen) -> Any:
    return seen.bodies[0]


def system(seen: Seen) -> str:
    return str(field("messages")(seen)[0]["content"])


def behind_system(seen: Seen) -> Any:
    (body,) = seen.bodies
    return {**body, "messages": body["messages"][1:]}


def remembered(seen: Seen) -> list[str]:
    """The memories of the only call."""
    lines = [line for message in field("messages")(seen)[1:-1] for line in message["content"].splitlines()]
    return [line for line in lines if "Herons eat fish" in line]


def talked(seen: Seen) -> list[str]:
    return [message["content"] for message in field("messages")(seen) if message["content"].startswith("Story")]


def but_memories(seen: Seen) -> Any:
    (body,) = seen.bodies
    lines = set(remembered(seen))
    return {
        **body,
        "messages": [
            [line for line in message["content"].splitlines() if line not in lines] for message in body["messages"]
        ],
    }


def but_dialogue(seen: Seen) -> Any:
    (body,) = seen.bodies
    return {**body, "messages": [body["messages"][0], body["messages"][-1]]}


SCENES: Final = {
    "temperature": Scene(
        "temperature",
        {"dopamine": 0.1},
        {"dopamine": 0.55},
        ask,
        field("temperature"),
        without("temperature"),
        lambda low, high: low < high,
    ),
    "top_p": Scene(
        "top_p",
        {"noradrenaline": 0.0},
        {"noradrenaline": 0.06},
        ask,
        lambda seen: seen.bodies[0].get("top_p", 1.0),
        without("top_p"),
        lambda low, high: low > high,
    ),
    "more tools": Scene(
        "tool_k",
        {"dopamine": 0.5},
        {"dopamine": 0.7},
        ask_with_tools,
        field("tools"),
        without("tools"),
        lambda low, high: low == high[:-1],
    ),
    "fewer tools": Scene(
        "tool_k",
        {"noradrenaline": 0.0},
        {"noradrenaline": 0.09},
        ask_with_tools,
        field("tools"),
        without("tools"),
        lambda low, high: low[:-1] == high,
    ),
    "retries": Scene(
        "patience",
        {"serotonin": 0.0},
        {"serotonin": 0.9},
        ask_a_failing_model,
        calls,
        first,
        lambda low, high: (low, high) == (2, 3),
    ),
    "rounds of tools": Scene(
        "patience",
        {"serotonin": 0.0},
        {"serotonin": 0.9},
        ask_for_sums,
        calls,
        first,
        lambda low, high: (low, high) == (2, 4),
    ),
    "warmth": Scene(
        "warmth",
        {"serotonin": 0.5},
        {"serotonin": 0.75},
        ask,
        system,
        behind_system,
        lambda low, high: high == f"{low}\n\n{WARM}",
    ),
    "history": Scene(
        "history_share",
        {"serotonin": 0.5},
        {"serotonin": 0.75},
        ask_after_much_talk,
        lambda seen: (talked(seen), remembered(seen)),
        but_dialogue,
        lambda low, high: (
            len(low[0]) < len(high[0]) and low[0] == high[0][-len(low[0]) :] and 0 < len(high[1]) < len(low[1])
        ),
    ),
    "recall breadth": Scene(
        "recall_breadth",
        {"acetylcholine": 0.0},
        {"acetylcholine": 0.45},
        ask_who_remembers_much,
        lambda seen: (remembered(seen), seen.beside),
        but_memories,
        # Memory was asked for no more than that.
        lambda low, high: (low[1], high[1]) == (len(low[0]), len(high[0])) == (15, 21) and set(low[0]) < set(high[0]),
    ),
    "learning rate": Scene(
        "learning_rate",
        {"dopamine": 0.0},
        {"dopamine": 0.8},
        rate,
        lambda seen: seen.beside,
        lambda seen: seen.bodies,
        lambda low, high: low != 0 and high / low == pytest.approx(2.4, rel=0.02),
    ),
    "store threshold": Scene(
        "store_threshold",
        {"noradrenaline": 0.0},
        {"noradrenaline": 0.1},
        remark,
        lambda seen: seen.beside,
        lambda seen: seen.bodies,
        lambda low, high: (low, high) == ([REMARK], []),
    ),
}


@pytest.fixture(scope="module")
def tenants(shared_stack: ChatStack, postgres_server: TestServer) -> Iterator[Mapping[tuple[str, bool], TenantId]]:
    """For each scene a tenant that has its effect alone, and one that has none."""
    shared_stack.upstream.start()
    shared_stack.revive()
    found = {(name, on): TenantId(uuid4()) for name in SCENES for on in (True, False)}
    none = dict.fromkeys(EFFECTS, False)
    wanted = [(found[name, on], {**none, f"effect_{SCENES[name].effect}": on}) for name, on in found]
    urls = run_aside(postgres_server.make("control", "servers.control"))

    async def turn() -> None:
        async with switches_of(shared_stack, urls) as switches:
            await switches.turn(wanted)

    run_aside(turn())
    yield found
    run_aside(postgres_server.drop(urls))


async def pair(stack: ChatStack, model: ScriptedUpstream, tenant: TenantId, scene: Scene) -> tuple[Seen, Seen]:
    """The scene with its driver high, then low."""
    subs = ("high", "low") if scene.play is remark else ("ada", "ada")
    seen = []
    for number, (sub, mood) in enumerate(zip(subs, (scene.high, scene.low), strict=True)):
        async with Minded(stack, tenant, sub) as person:
            seen.append(await scene.play(Stage(person, model, again=number > 0), mood))
    high, low = seen
    return low, high


@pytest.mark.parametrize("name", SCENES)
async def test_an_effect_shows_in_what_is_sent_and_in_nothing_else_until_it_is_switched_off(
    stack: ChatStack, model: ScriptedUpstream, tenants: Mapping[tuple[str, bool], TenantId], name: str
) -> None:
    scene = SCENES[name]
    low, high = await pair(stack, model, tenants[name, True], scene)
    assert scene.rest(low) == scene.rest(high)
    assert scene.holds(scene.part(low), scene.part(high)), (scene.part(low), scene.part(high))
    low, high = await pair(stack, model, tenants[name, False], scene)
    assert low == high


@pytest.mark.parametrize("name", ["temperature", "recall breadth"])
async def test_what_is_switched_off_is_not_explained_as_acting(
    stack: ChatStack, tenants: Mapping[tuple[str, bool], TenantId], name: str
) -> None:
    awake = {each.removeprefix("effect_") for each in EFFECTS} - SLEEPING
    for on, without_it in ((True, awake - {SCENES[name].effect}), (False, awake)):
        async with Minded(stack, tenants[name, on]) as person:
            assert await person.goes_without() == without_it
