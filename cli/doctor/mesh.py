"""The running stack: the database and its schemas, every server, and one real turn.

Nothing here starts, stops or changes anything; the turn is one over a transcript, which no conversation keeps.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from cli.doctor.finding import START, Finding, State, bad, good, hint
from cli.doors import Doors, visit
from cli.exits import CommandError
from cli.model_calls import every
from config import Settings, SettingsError
from config.programs import DATABASE, doors, programs
from config.values import HOUSES, OFFLINE
from soma.chat.v1 import message_pb2 as message_pb
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.chat.v1 import turn_service_pb2 as turn_pb
from soma.chat.v1 import turn_service_pb2_grpc as turn_grpc
from soma.common.v1 import level_pb2 as level_pb
from soma_common.kernel.errors import SomaError
from soma_common.postgres.migrate import MigrationError, require_current
from soma_common.postgres.pool import Database
from soma_common.rpc.replies import following
from soma_common.supervision.client import ProcessState, SupervisorClient
from soma_common.supervision.probe import wholeness
from soma_common.supervision.status import ServiceState, ServiceStatus, observe
from soma_common.supervision.xmlrpc import SupervisorDownError, SupervisorFaultError

_QUESTION: Final = "Answer with one word: are you there?"
_TURN_SECONDS: Final = 90.0
_LEVEL: Final = "DEGRADATION_LEVEL_"
_ADD_MODEL: Final = "somastack model add openai"


async def database(settings: Settings) -> Finding:
    """Whether every house can log in and finds its schema as this program needs it."""
    for house in HOUSES:
        try:
            opened = await Database.open(settings.database(house), app_pool=1, worker_pool=1)
            try:
                await opened.ping()
                await require_current(opened, f"servers.{house}")
            finally:
                await opened.close()
        except (SettingsError, SomaError) as problem:
            return bad(DATABASE, f"{house} cannot use it: {problem.sentence}", await _mend_of_database(settings))
        except MigrationError as problem:
            return bad(DATABASE, str(problem), START)
    return good(DATABASE, f"{len(HOUSES)} houses log in and find their schemas up to date")


async def _mend_of_database(settings: Settings) -> str:
    """What is stopped is started; what runs and cannot be used has said why."""
    try:
        process = await SupervisorClient(settings.supervisor_socket).get(DATABASE)
    except (SupervisorDownError, SupervisorFaultError):
        return START
    return START if process.state is ProcessState.STOPPED else f"somastack logs {DATABASE}"


async def model(settings: Settings) -> Finding:
    """Whether a real model answers, or only the one that is built in."""
    try:
        models = await visit(settings, every)
    except (SomaError, CommandError) as problem:
        return bad("model", problem.sentence, "somastack logs chat")
    real = [each for each in models if each.provider != OFFLINE]
    if not real:
        return hint("model", "only the built-in offline model is there, which does not think", _ADD_MODEL)
    default = next((each for each in models if each.tenant_default), None)
    if default is None:
        return bad("model", "there is no default model", f"somastack model default {real[0].model_profile_id}")
    return good("model", f"{default.model_profile_id} answers by default, one of {len(models)}")


async def servers(settings: Settings) -> list[Finding]:
    """Every process: whether it serves, and whether it sees all that it works with."""
    rows = await observe(SupervisorClient(settings.supervisor_socket), doors(settings))
    addresses = {program.name: program.probe_address for program in programs(settings)}
    return list(await asyncio.gather(*(_server(row, addresses[row.name]) for row in rows)))


async def _server(row: ServiceStatus, address: str | None) -> Finding:
    name = f"server {row.name}"
    if row.state is not ServiceState.RUNNING:
        stopped = row.state is ServiceState.STOPPED
        return bad(name, f"{row.state}: it {row.reason}", START if stopped else f"somastack logs {row.name}")
    if address is not None and not (whole := await wholeness(address)).ready:
        return bad(name, f"serves, but {whole.reason}", f"somastack logs {row.name}")
    return good(name, f"serves at {row.address}")


async def one_turn(settings: Settings) -> Finding:
    """Whether a question is answered, with everything that belongs to an answer."""
    try:
        async with asyncio.timeout(_TURN_SECONDS):
            return await visit(settings, _ask)
    except TimeoutError:
        return bad("turn", f"there was no answer within {_TURN_SECONDS:.0f} s", "somastack logs chat")
    except (SomaError, CommandError) as problem:
        return bad("turn", problem.sentence, "somastack logs chat")


async def _ask(ways: Doors) -> Finding:
    said = message_pb.TranscriptMessage(role=message_pb.ROLE_USER, content=[message_pb.ContentPart(text=_QUESTION)])
    request = turn_pb.SendMessageRequest(
        transcript=message_pb.Transcript(messages=[said]),
        request_id=ways.request_id(),
        on_disconnect=turn_pb.ON_DISCONNECT_CANCEL,
    )
    events: list[event_pb.TurnEvent] = []
    async with following(ways.stub("chat", turn_grpc.TurnServiceStub).SendMessage(request)) as stream:
        events.extend([event async for event in stream])
    return verdict(events)


def verdict(events: Sequence[event_pb.TurnEvent]) -> Finding:
    """What the events of a turn say of the stack."""
    last = events[-1].WhichOneof("event") if events else None
    if last == "failed":
        return bad("turn", events[-1].failed.sentence, "somastack model test")
    if last != "completed":
        return bad("turn", "the answer broke off", "somastack logs chat")
    started = next((event.started for event in events if event.HasField("started")), event_pb.TurnStarted())
    end = events[-1].completed
    if started.level not in (level_pb.DEGRADATION_LEVEL_UNSPECIFIED, level_pb.DEGRADATION_LEVEL_L0):
        level = level_pb.DegradationLevel.Name(started.level).removeprefix(_LEVEL)
        why = " ".join(reason.sentence for reason in started.level_reasons if reason.level == started.level)
        return bad("turn", f"answered at level {level} only. {why}".strip(), f"somastack receipt {end.receipt_id}")
    tokens = end.usage.input_tokens + end.usage.output_tokens
    return Finding("turn", State.GOOD, f"a question was answered with {tokens} tokens, receipt {end.receipt_id}")
