"""Composition root of the chat service: `python -m servers.chat`.

The only place that builds its concrete objects, with `model_house.py` for what calls models.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from config import Settings
from config.process import run_service
from servers.chat.agents import Agents
from servers.chat.answering.bases import Bases
from servers.chat.answering.gathering import BACKGROUND, Gatherer
from servers.chat.answering.generation import Answering
from servers.chat.answering.legbook import Legbook
from servers.chat.answering.legs import Legs
from servers.chat.answering.material import Materials
from servers.chat.answering.minds import Minds
from servers.chat.answering.planning import Planner
from servers.chat.answering.rebuilding import Rebuilding
from servers.chat.answering.rounds import Rounds
from servers.chat.conversations.deletion import Deletion
from servers.chat.conversations.exporting import Exporting
from servers.chat.conversations.importing import Importing
from servers.chat.conversations.indexing import Indexing
from servers.chat.conversations.keeping import Conversations
from servers.chat.conversations.searching import Searching
from servers.chat.conversations.titles import Titles
from servers.chat.conversations.watching import Watchers
from servers.chat.dependencies import Dependencies
from servers.chat.erasing import counts_in_redis, erasers
from servers.chat.intents.delivery import Intents
from servers.chat.intents.extraction import Extraction
from servers.chat.intents.feedback import Feedback
from servers.chat.intents.intent import EXTRACT, FEEDBACK, TITLE
from servers.chat.intents.letters import IntentLetters
from servers.chat.means import Means
from servers.chat.metrics import TurnMetrics
from servers.chat.model_house import ModelHouse
from servers.chat.models.port import Models
from servers.chat.models.single_call import SingleCalls
from servers.chat.rpc.agents import AgentServicer
from servers.chat.rpc.conversations import ConversationServicer
from servers.chat.rpc.turns import TurnServicer
from servers.chat.settings import ChatSettings
from servers.chat.tools.approvals import Approvals
from servers.chat.tools.builtin import BuiltinTools
from servers.chat.tools.effects import Effects
from servers.chat.tools.registry import Tools
from servers.chat.tools.results import ToolResults
from servers.chat.tools.running import ToolRunning
from servers.chat.turns.acceptance import Acceptances
from servers.chat.turns.allowance import Allowance
from servers.chat.turns.claiming import StoredTurns
from servers.chat.turns.ending import Ending
from servers.chat.turns.endings import Endings
from servers.chat.turns.engine import Turns
from servers.chat.turns.followers import Followers
from servers.chat.turns.handover import Handover
from servers.chat.turns.housekeeping import Housekeeping
from servers.chat.turns.instance import Instance
from servers.chat.turns.journal import Journal
from servers.chat.turns.queueing import Queue
from servers.chat.turns.rating import Ratings
from servers.chat.turns.recovery import Recovery
from servers.chat.turns.requests import TurnRequests
from servers.chat.turns.running import RunningTurns
from servers.chat.turns.store import TurnStore
from servers.chat.turns.takeover import Takeovers
from servers.chat.turns.waiting import Waiting
from servers.chat.turns.wakes import Wakes
from soma.chat.v1 import agent_service_pb2_grpc as agent_grpc
from soma.chat.v1 import conversation_service_pb2_grpc as conversation_grpc
from soma.chat.v1 import model_service_pb2_grpc as model_grpc
from soma.chat.v1 import turn_service_pb2_grpc as turn_grpc
from soma.cognitive.v1.adaptation_service_pb2_grpc import AdaptationServiceStub
from soma.cognitive.v1.modulation_service_pb2_grpc import ModulationServiceStub
from soma.cognitive.v1.sleep_service_pb2_grpc import SleepServiceStub
from soma.governor.v1.governor_service_pb2_grpc import GovernorServiceStub
from soma.memory.v1.memory_service_pb2_grpc import MemoryServiceStub
from soma_common.dlq import DLQHandler
from soma_common.limits import open_limits
from soma_common.logging import get_logger
from soma_common.operations.erasing import Erasing
from soma_common.rpc.dial import Channel, dial
from soma_common.rpc.features import Features
from soma_common.rpc.process import Process, ProcessSettings, opened
from soma_common.sagas.orchestrator import SagaOrchestrator
from soma_common.signals import open_signals
from soma_common.tokens import tokenizer_for

_LOG: Final = get_logger("soma.chat")
_RESTART_SECONDS: Final = 0.5


class Peers:
    """The services that chat calls."""

    def __init__(self, settings: ChatSettings, process: Process) -> None:
        self.governor: Channel = dial(settings.governor, process.signer, name="governor")
        self.memory: Channel = dial(settings.memory, process.signer, name="memory")
        self.cognitive: Channel = dial(settings.cognitive, process.signer, name="cognitive")
        self.control: Channel = dial(settings.control, process.signer, name="control")
        for name, channel in self.named():
            process.health.watch(name, channel.check)

    def named(self) -> tuple[tuple[str, Channel], ...]:
        """Each with its name."""
        return (
            ("governor", self.governor),
            ("memory", self.memory),
            ("cognitive", self.cognitive),
            ("control", self.control),
        )

    async def close(self) -> None:
        """Ends all connections."""
        for _, channel in self.named():
            await channel.close()


class Engine:
    """Everything that works on turns."""

    def __init__(self, settings: ChatSettings, process: Process, peers: Peers, models: Models) -> None:
        metrics = TurnMetrics(process.server.registry)
        self.instance = Instance(process.database, settings.instance)
        self.signals = open_signals(settings.redis_url, process.settings.database)
        process.health.watch("signals", self.signals.check)
        self.watchers = Watchers(process.database, self.signals, process.clock, process.ids)
        shared = (process.database, process.events, self.instance, metrics, process.clock, process.ids)
        means = Means(*shared, self.watchers)
        governor = peers.governor.stub(GovernorServiceStub)
        memory = peers.memory.stub(MemoryServiceStub)
        cognitive = peers.cognitive.stub(ModulationServiceStub)
        self.catalogues = models.catalogues
        store, running = TurnStore(process.database), RunningTurns()
        endings = Endings(process.events, process.ids)
        dependencies = Dependencies(process.clock)
        installation = models.catalogues.installation
        shared_model = installation.models[installation.default_id].profile
        process.views.append(lambda: dependencies.sights(shared_model))
        self.features = Features("chat", settings.flags, peers.control, process.ids)
        self.journal = Journal(process.settings.database, self.instance, process.clock, process.server.registry)
        letters = IntentLetters(process.database, DLQHandler(process.database, process.events), process.ids)
        calls = SingleCalls(models, governor, process.clock, process.ids)
        own = (process.database, process.events, models, calls, self.features, process.clock)
        titles = Titles(*own, self.watchers.changed)
        extraction = Extraction(process.database, models, calls, process.clock)
        feedback = Feedback(process.database, peers.cognitive.stub(AdaptationServiceStub))
        asked = {TITLE: titles.give, EXTRACT: extraction.extract, FEEDBACK: feedback.tell}
        self.intents = Intents(means, letters, governor, memory, cognitive, asked)
        self.indexing = Indexing(process.database, process.clock)
        recovery = Recovery(process.database, endings, models, process.clock)
        self.rates = open_limits(settings.redis_url, process.database, process.clock, process.server.registry)
        allowance = Allowance(self.rates, settings.messages_per_minute, process.clock)
        self.bases = Bases(process.database, process.clock)
        jobs = (allowance.sweep, self.bases.sweep)
        self.housekeeping = Housekeeping(process.database, self.instance, running, jobs, process.clock)
        self.wakes = Wakes(self.signals, running)
        self.followers = Followers(store, running, self.wakes)
        minds = Minds(cognitive, peers.cognitive.stub(SleepServiceStub), dependencies, self.features)
        gatherer = Gatherer(store, memory, minds, dependencies, self.features, lambda: process.health.down(BACKGROUND))
        planner = Planner(governor, self.features, process.clock, settings.turn_seconds)
        legs = Legs(planner, models, dependencies, self.journal, Legbook(process.database, self.journal), metrics)
        tools = Tools(BuiltinTools(memory, process.clock).all(), self.features)
        rounds = Rounds(legs, ToolRunning(Effects(means), means), self.journal)
        answering = Answering(gatherer, planner, rounds, tools, self.bases, self.journal)
        self.stored = StoredTurns(means, models)
        self.queue = Queue(means, self.stored, store, running)
        self.requests = TurnRequests(store, running, self.queue)
        waiting = Waiting(means, store, self.journal, self.intents, settings.approval_hours)
        handover = Handover(self.stored, recovery, self.journal, self.wakes, self.queue, waiting)
        ending = Ending(means, endings, self.journal, governor, self.features, self.intents, handover)
        acceptances = Acceptances(means, models, minds, allowance)
        self.turns = Turns(means, acceptances, answering, ending, self.followers, running, settings.turn_seconds)
        self.takeovers = Takeovers(means, self.stored, self.turns, recovery, self.wakes, settings.turn_seconds)
        self.approvals = Approvals(means, self.stored, self.turns)
        self.results = ToolResults(means, self.turns)
        self.ratings = Ratings(means, endings, self.intents.wake)
        self.rebuilding = Rebuilding(store, Materials(store, self.bases, memory), governor)
        self.queue.open(self.turns.go_on)

    async def drain(self, patience_seconds: float) -> None:
        """Sends those who only watch elsewhere, and lets the turns end."""
        self.watchers.drain()
        await self.turns.drain(patience_seconds)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Takes over from the predecessor, then keeps the steady work going inside the block."""
        await self.instance.register()
        _LOG.info("registered", instance=self.instance.name, epoch=self.instance.epoch)
        jobs = (
            self.journal.run,
            self.intents.run,
            self.intents.run_letters,
            self.features.run,
            self.housekeeping.run,
            self.catalogues.run,
            self.wakes.run,
            self.takeovers.run,
            self.watchers.run,
            self.indexing.run,
            self.queue.run,
            self.approvals.run,
        )
        tasks = [asyncio.create_task(_keep(job), name=job.__qualname__) for job in jobs]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.signals.close()
            await self.rates.close()


def add_servicers(engine: Engine, process: Process, peers: Peers, house: ModelHouse, sagas: SagaOrchestrator) -> None:
    """Adds the services of the contract `soma.chat.v1`."""
    models = house.models
    agents = Agents(process.database, process.events, models, process.clock, process.ids)
    shared = (process.database, process.events, agents)
    conversations = Conversations(*shared, sagas, process.clock, process.ids, engine.watchers)
    server = process.server
    asked = (engine.requests, engine.ratings, engine.approvals, engine.results, engine.rebuilding)
    turns = TurnServicer(engine.turns, engine.followers, *asked)
    server.add(turn_grpc.add_TurnServiceServicer_to_server, turns, "soma.chat.v1.TurnService")
    server.add(agent_grpc.add_AgentServiceServicer_to_server, AgentServicer(agents), "soma.chat.v1.AgentService")
    server.add(
        conversation_grpc.add_ConversationServiceServicer_to_server,
        ConversationServicer(
            conversations,
            Searching(process.database, process.clock),
            Exporting(process.database, process.clock),
            Importing(*shared, models, process.clock, process.ids),
            engine.watchers,
        ),
        "soma.chat.v1.ConversationService",
    )
    servicer = house.servicer(process, peers.governor.stub(GovernorServiceStub))
    server.add(model_grpc.add_ModelServiceServicer_to_server, servicer, "soma.chat.v1.ModelService")


async def _keep(job: Callable[[], Awaitable[None]]) -> None:
    """The outermost net of a steady job: a defect is logged, and the job begins again."""
    while True:
        try:
            await job()
        except Exception as error:  # noqa: BLE001 - nobody else would hear of it
            _LOG.error("a steady job failed", job=job.__qualname__, exc_info=error)
        await asyncio.sleep(_RESTART_SECONDS)


async def main(settings: Settings, own: ProcessSettings) -> None:
    """Serve until a signal."""
    chat = ChatSettings.from_settings(settings)
    async with opened(own) as process:
        house = ModelHouse(chat, process)
        installation = house.catalogues.installation
        # The tables are large: better now than in somebody's first turn.
        tokenizer_for(installation.models[installation.default_id].profile.tokenizer).load()
        peers = Peers(chat, process)
        engine = Engine(chat, process, peers, house.models)
        deletion = Deletion(process.events, peers.memory.stub(MemoryServiceStub), process.clock)
        sagas = process.orchestrator([deletion.definition()])
        try:
            async with engine.working():
                add_servicers(engine, process, peers, house, sagas)
                redis = () if chat.redis_url is None else (counts_in_redis(process.clock),)
                erasing = Erasing("chat", erasers(process.database, process.clock, *redis))
                await process.serve(lambda: engine.drain(chat.drain_seconds), sagas=sagas, erasing=erasing)
        finally:
            await house.close()
            await peers.close()


if __name__ == "__main__":
    sys.exit(run_service("chat", main))
