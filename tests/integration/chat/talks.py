"""Talks of every kind out of a seed, each a few turns, with what the scripted upstream received for each of them."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from google.protobuf.struct_pb2 import Struct

from soma.chat.v1 import agent_service_pb2 as agent_pb
from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1.agent_service_pb2_grpc import AgentServiceStub
from soma.memory.v1 import memory_service_pb2 as memory_pb
from soma_common.testing.upstream import Continues, Fault, FaultKind, ReceivedRequest, Script, ToolCall
from tests.integration.chat.party import Party
from tests.integration.chat.person import Person, Told, said
from tests.integration.chat.test_approvals import resolve
from tests.integration.chat.test_client_results import submit
from tests.integration.chat.test_tool_rounds import asks, evaluate
from tests.integration.chat.tree import edit, follow, regeneration

WORDS: Final = (
    "heron lake reed fish dawn feather nest water ice north wind silver stone quiet Ufer größer 鷺 молоко 🐟".split()
)
FAULTS: Final = (FaultKind.CUT, FaultKind.ENDS, FaultKind.SERVER_ERROR)


@dataclass
class TurnSeen:
    """A turn, what it is an example of, and the requests that were made for it."""

    kind: str
    turn_id: str
    received: list[ReceivedRequest]


class Talks:
    """Leads talks with a person who may add models."""

    def __init__(self, party: Party, seed: int) -> None:
        self._party = party
        self._person: Person = party.person
        self._upstream = party.upstream.aio
        self._chance = random.Random(seed)
        self._seen = 0
        self.turns: list[TurnSeen] = []

    async def prepare(self) -> None:
        """Something to remember, and models that stand in for one another."""
        for number in range(6):
            text = f"My heron number {number} likes {self.words(40)}."
            await self._remember(text)
        await self._party.add("spare", window_tokens=9_000, tokenizer="cl100k_base")
        await self._party.add("narrow", window_tokens=3_600, max_output_tokens=1_100)

    async def _remember(self, text: str) -> None:
        request = memory_pb.StoreMemoryRequest(text=text, request_id=str(uuid4()))
        with self._person.acting():
            await self._person.memory.StoreMemory(request)

    def words(self, count: int) -> str:
        """Some words, sometimes with what JSON and templates trip over."""
        odd = self._chance.choice(("", "", ' "quoted" \\ {brace}', "\n\n- a list\n- of things"))
        return " ".join(self._chance.choices(WORDS, k=count)) + odd

    async def lead(self, count: int) -> list[TurnSeen]:
        """Talks until there are so many turns, every kind in its turn."""
        kinds: Sequence[Callable[[], Awaitable[None]]] = (
            self._plain,
            self._history,
            self._tools,
            self._branches,
            self._fallback,
            self._client_tools,
            self._options,
            self._consent,
            self._used_up,
            self._narrow,
            self._thrifty,
        )
        while len(self.turns) < count:
            for kind in kinds:
                if len(self.turns) < count:
                    await kind()
        return self.turns

    async def _told(self, kind: str, told: Told) -> Told:
        await self._note(kind, told.turn_id)
        return told

    async def _note(self, kind: str, turn_id: str) -> None:
        received = await self._upstream.requests()
        self.turns.append(TurnSeen(kind, turn_id, received[self._seen :]))
        self._seen = len(received)

    async def _say(self, kind: str, text: str, **fields: Any) -> Told:
        return await self._told(kind, await self._person.say(text, **fields))

    async def _agent(self, **fields: Any) -> str:
        stub: Any = self._person.stub("chat", AgentServiceStub)
        agent = agent_pb.Agent(name=f"agent {uuid4()}", **fields)
        request = agent_pb.CreateAgentRequest(agent=agent, request_id=str(uuid4()))
        with self._person.acting():
            return str((await stub.CreateAgent(request)).agent.agent_id)

    async def _plain(self) -> None:
        await self._say("plain, with memories", f"What does my heron like? {self.words(5)}")

    async def _history(self) -> None:
        """A talk that outgrows the lane of history: older messages are left out, one is cut."""
        told = await self._say("plain", self.words(20))
        for _ in range(3):
            length = self._chance.choice((40, 900, 2500))
            where = {"conversation_id": told.started.conversation_id}
            await self._say("history", self.words(length), **where)

    async def _tools(self) -> None:
        texts = (self.words(4), "")
        await self._party.plan(
            asks(evaluate("6 * 7", id="c1"), evaluate("1 / 0", id="c2"), text=self._chance.choice(texts)),
            Script(text=self.words(12)),
        )
        told = await self._say("tools", f"Calculate the product of 6 and 7. {self.words(3)}")
        where = {"conversation_id": told.started.conversation_id}
        await self._say("history with tools", f"And why? {self.words(3)}", **where)

    async def _used_up(self) -> None:
        await self._party.plan(*[asks(evaluate(f"{number} + 1"), text=self.words(2)) for number in range(3)])
        await self._say("rounds used up", "Calculate for ever: 1 plus 1.")

    async def _branches(self) -> None:
        told = await self._say("plain", self.words(10))
        again = regeneration(told.started.assistant_message_id)
        await self._told("regenerated", await follow(self._person, self._person.turns.RegenerateMessage, again))
        other = edit(told.started.user_message_id, self.words(8))
        await self._told("edited", await follow(self._person, self._person.turns.EditMessage, other))

    async def _fallback(self) -> None:
        text = " ".join(self._chance.choices(WORDS, k=60))
        fault = Fault(self._chance.choice(FAULTS), self._chance.choice((0, 3, 4, 5)))
        repeats = self._chance.choice((Continues.EXACTLY, Continues.LAST_WORDS, Continues.WHOLE))
        # One that failed before is not asked for a while, so each is a new one.
        name = f"shaky-{len(self.turns)}"
        await self._party.add(name, window_tokens=16_384, fallback_profile_ids=["spare"])
        broken = Script(text=text, chunks=6, model=name, fault=fault)
        await self._party.plan(broken, broken, Script(text=text, chunks=6, model="spare", continues=repeats))
        await self._say("fallback", self.words(6), model_profile_id=name)

    async def _client_tools(self) -> None:
        parameters = Struct()
        parameters.update({"type": "object", "properties": {"city": {"type": "string"}, "day": {"type": "integer"}}})
        weather = message_pb.ClientTool(name="weather", description=self.words(5), parameters=parameters)
        await self._party.plan(asks(ToolCall("weather", json.dumps({"city": self.words(1)}), id="c1")))
        told = await self._say("client tools", f"How is the weather in Kiel? {self.words(3)}", tools=[weather])
        answer = await submit(self._person, told.turn_id, "c1", self.words(self._chance.choice((6, 4_000))))
        await self._told("gone on with results", await self._person.resume(answer.continuing_turn_id))

    async def _options(self) -> None:
        schema = Struct()
        schema.update({"name": "bird", "schema": {"type": "object", "properties": {"wings": {"type": "integer"}}}})
        options = message_pb.GenerationOptions(
            temperature=self._chance.choice((0.0, 0.37, 1.25)),
            top_p=0.81,
            seed=2**61 + self._chance.randrange(1000),
            stop=[self.words(1), "END"],
            presence_penalty=0.25,
            max_output_tokens=self._chance.choice((64, 300)),
            response_format=self._chance.choice(("json_object", "json_schema")),
            json_schema=schema,
        )
        await self._say("options", self.words(9), options=options)
        prompt = f"You keep herons. {self.words(30)}"
        cold = await self._agent(system_prompt=prompt, warm_style="Be as brief as a heron.")
        await self._say("another agent", self.words(5), agent_id=cold)

    async def _consent(self) -> None:
        """A turn that waits for a person and goes on, in the same process or another one."""
        knobs = agent_pb.AgentKnobs(intelligence=5, autonomy=2, resource_micros_per_turn=100_000)
        agent_id = await self._agent(knobs=knobs)
        await self._party.plan(asks(evaluate("6 * 7", id="c1"), text="Let me see."), Script(text=self.words(7)))
        told = Told()
        async for event in self._person.stream(said("Calculate the product of 6 and 7.", agent_id=agent_id)):
            told.take(event)
            if event.HasField("approval"):
                break
        # What is learned meanwhile is recalled by whoever goes on.
        await self._remember(f"The product of 6 and 7 is liked by {self.words(3)}.")
        await resolve(self._person, told)
        await self._told("consented", await self._person.resume(told.turn_id))

    async def _narrow(self) -> None:
        """A window so small that instructions, the last answer and results of tools are cut."""
        agent_id = await self._agent(system_prompt=self.words(500))
        where = {"agent_id": agent_id, "model_profile_id": "narrow"}
        await self._party.plan(Script(text=self.words(900), model="narrow"))
        told = await self._say("narrow", self.words(30), **where)
        recalls = [ToolCall("memory_recall", json.dumps({"query": "heron"}), id=f"c{each}") for each in range(4)]
        await self._party.plan(asks(*recalls, model="narrow"), Script(text=self.words(3), model="narrow"))
        where["conversation_id"] = told.started.conversation_id
        await self._say("narrow history", f"Recall what you remember of my heron. {self.words(350)}", **where)

    async def _thrifty(self) -> None:
        """An agent whose turns may cost so little that results of tools are cut."""
        knobs = agent_pb.AgentKnobs(intelligence=5, autonomy=9, resource_micros_per_turn=50_000)
        agent_id = await self._agent(system_prompt="You keep herons.", knobs=knobs)
        recalls = [
            ToolCall("memory_recall", json.dumps({"query": f"heron {each}"}), id=f"c{each}") for each in range(4)
        ]
        await self._party.plan(asks(*recalls), Script(text=self.words(3)))
        options = message_pb.GenerationOptions(max_output_tokens=150)
        text = f"Recall what you remember of my heron. {self.words(5)}"
        await self._say("thrifty", text, agent_id=agent_id, options=options)


async def settled(person: Person, turn_id: str) -> None:
    """Returns once nothing of the turn is on its way."""
    for _ in range(200):
        if (await person.receipt(turn_id)).HasField("settle_time"):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"turn {turn_id} was not settled")
