"""The calls of the commands that deal with events: what is meant, pages of it, news of it, and replays.

Nothing here prints or asks a person.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime
from typing import Any, Final

from cli.doors import Doors
from cli.exits import CommandError, Exit
from cli.streams import without_end
from soma.control.v1 import event_service_pb2 as event_pb
from soma.control.v1 import event_service_pb2_grpc as event_grpc
from soma_common.kernel.tenancy import SYSTEM_TENANT
from soma_common.replay.filters import EventFilters
from soma_common.rpc.replies import following

_PAGE: Final = 200
_PAGE_SECONDS: Final = 60.0
# A trace has one call, or a few where a program makes several under it.
_CALLS: Final = 20


def filter_of(since: datetime | None, until: datetime | None, **words: str) -> event_pb.EventFilter:
    """The filter of a request; words are its fields by name. Raises SomaError(INVALID_FIELD) for what no event has."""
    EventFilters(SYSTEM_TENANT, since=since, until=until, **words)
    wanted = event_pb.EventFilter()
    for name, word in words.items():
        setattr(wanted, name, word)
    if since is not None:
        wanted.since.FromDatetime(since)
    if until is not None:
        wanted.until.FromDatetime(until)
    return wanted


async def pages(doors: Doors, wanted: event_pb.EventFilter) -> AsyncGenerator[event_pb.EventRecord, None]:
    """All events that are meant, in the order of time. Raises SomaError, and CommandError for a trace that is two."""
    token, traces = "", set[str]()
    while True:
        request = event_pb.ListEventsRequest(filter=wanted, page_size=_PAGE, page_token=token)
        page = await _events(doors).ListEvents(request, timeout=_PAGE_SECONDS)
        for record in page.events:
            if wanted.trace_id:
                traces.add(record.trace_id)
                refuse_several(wanted.trace_id, traces)
            yield record
        token = page.next_page_token
        if not token:
            return


async def first(doors: Doors, wanted: event_pb.EventFilter, amount: int) -> list[event_pb.EventRecord]:
    """The first events that are meant. Raises as `pages`."""
    found: list[event_pb.EventRecord] = []
    async with aclosing(pages(doors, wanted)) as records:
        async for record in records:
            found.append(record)
            if len(found) == amount:
                break
    return found


async def story(doors: Doors, wanted: event_pb.EventFilter, amount: int) -> list[event_pb.EventRecord]:
    """The first events of a trace and of the calls in it: what a call sets off later runs in traces of its own.

    Raises as `pages`.
    """
    found = {record.event_id: record for record in await first(doors, wanted, amount)}
    calls = list(dict.fromkeys(record.correlation_id for record in found.values()))[:_CALLS]
    for call in calls:
        also = event_pb.EventFilter()
        also.CopyFrom(wanted)
        also.trace_id, also.correlation_id = "", call
        found |= {record.event_id: record for record in await first(doors, also, amount)}
    return sorted(found.values(), key=lambda record: (record.time.ToNanoseconds(), record.event_id))[:amount]


def refuse_several(begin: str, traces: set[str]) -> None:
    """Raises CommandError (wrong use) when the beginning of a trace fits several."""
    if len(traces) > 1:
        some = ", ".join(sorted(traces)[:3])
        raise CommandError(f"Several traces begin with {begin}: {some} … Give more digits.", Exit.WRONG_USE)


async def news(
    doors: Doors, wanted: event_pb.EventFilter, on_away: Callable[[], None]
) -> AsyncGenerator[event_pb.WatchEventsResponse, None]:
    """What comes, from now on and without end; a service that goes away is waited for. Raises SomaError."""
    cursor = ""

    def call() -> Any:
        return _events(doors).WatchEvents(event_pb.WatchEventsRequest(filter=wanted, cursor=cursor))

    async with aclosing(without_end(call, on_away)) as messages:
        async for message in messages:
            cursor = message.cursor
            yield message


async def replayed(
    doors: Doors, request: event_pb.ReplayEventsRequest
) -> AsyncGenerator[event_pb.ReplayEventsResponse, None]:
    """How far a replay is, to its end. Raises SomaError."""
    async with following(_events(doors).ReplayEvents(request)) as stream:
        async for message in stream:
            yield message


def _events(doors: Doors) -> event_grpc.EventServiceStub:
    return doors.stub("control", event_grpc.EventServiceStub)
