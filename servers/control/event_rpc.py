"""The servicer of events: protos in, values to the use cases, protos out.

Nothing is decided here.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from servers.control.events import EventReading, Replaying, ReplayOrder
from servers.control.payloads import payload_of
from soma.control.v1 import event_service_pb2 as event_pb
from soma.control.v1 import event_service_pb2_grpc as event_grpc
from soma.events.v1 import event_pb2
from soma_common.events.models import Event
from soma_common.kernel.clock import seconds_and_nanos
from soma_common.kernel.errors import invalid_field
from soma_common.kernel.paging import next_page_token, page_of, unreadable_token
from soma_common.kernel.tenancy import TenantId
from soma_common.replay.filters import EventFilters
from soma_common.replay.progress import ReplayProgress
from soma_common.rpc.call import current_call


class EventServicer(event_grpc.EventServiceServicer):
    """`soma.control.v1.EventService`."""

    def __init__(self, reading: EventReading, replaying: Replaying) -> None:
        self._reading = reading
        self._replaying = replaying

    async def ListEvents(  # noqa: N802 - the contract's name
        self, request: event_pb.ListEventsRequest, _: Any
    ) -> event_pb.ListEventsResponse:
        """A page of events."""
        filters = filters_of(current_call().caller.tenant_id, request.filter)
        bound = filters.to_object()
        page = page_of(request.page_size, request.page_token, bound)
        if page.after is not None and (len(page.after) != 1 or not isinstance(page.after[0], str)):
            raise unreadable_token()
        behind = "" if page.after is None else str(page.after[0])
        chunk = await self._reading.page(filters, page.size, behind)
        answer = event_pb.ListEventsResponse(events=[record_of(event) for event in chunk.events])
        if len(chunk.events) == page.size:
            answer.next_page_token = next_page_token((chunk.position,), bound)
        return answer

    async def WatchEvents(  # noqa: N802 - the contract's name
        self, request: event_pb.WatchEventsRequest, _: Any
    ) -> AsyncGenerator[event_pb.WatchEventsResponse, None]:
        """Events as they come."""
        wanted = event_pb.EventFilter()
        wanted.CopyFrom(request.filter)
        wanted.ClearField("since")
        wanted.ClearField("until")
        filters = filters_of(current_call().caller.tenant_id, wanted)
        sequence = 0
        async with aclosing(self._reading.watch(filters, request.cursor)) as chunks:
            async for chunk in chunks:
                sequence += 1
                records = [record_of(event) for event in chunk.events]
                yield event_pb.WatchEventsResponse(sequence=sequence, events=records, cursor=chunk.position)

    async def ReplayEvents(  # noqa: N802 - the contract's name
        self, request: event_pb.ReplayEventsRequest, _: Any
    ) -> AsyncGenerator[event_pb.ReplayEventsResponse, None]:
        """Give events to a consumer that has not had them."""
        tenant_id = current_call().caller.tenant_id
        if request.resume:
            if request.HasField("filter") or request.target or not request.effects:
                rule = "a replay goes on as it began: with effects, and without a filter or a target of its own"
                raise invalid_field("resume", rule)
            order = await self._replaying.resumed(tenant_id, request.resume, request.speed)
        else:
            filters = filters_of(tenant_id, request.filter)
            order = ReplayOrder(filters, request.target, request.effects, request.speed)
        sequence = 0
        async with aclosing(self._replaying.run(order, request.resume)) as told:
            async for progress in told:
                sequence += 1
                yield progress_message(sequence, progress)


def filters_of(tenant_id: TenantId, wanted: event_pb.EventFilter) -> EventFilters:
    """The filters of a request. Raises SomaError(INVALID_FIELD)."""
    return EventFilters(
        tenant_id,
        trace_id=wanted.trace_id,
        correlation_id=wanted.correlation_id,
        since=_moment("filter.since", wanted.since) if wanted.HasField("since") else None,
        until=_moment("filter.until", wanted.until) if wanted.HasField("until") else None,
        service=wanted.service,
        event_type=wanted.event_type,
        stream=wanted.stream,
    )


def record_of(event: Event) -> event_pb.EventRecord:
    """An event as it is shown."""
    record = event_pb.EventRecord(
        event_id=str(event.event_id),
        event_type=event.event_type,
        time=_stamp(event.timestamp),
        service=event.service_id,
        stream=event.stream,
        sequence=event.sequence,
        trace_id=event.trace_id,
        correlation_id=event.correlation_id,
        causation_id=event.causation_id,
        metadata=event.metadata,
        schema=event_pb2.EventSchema(
            message=event.schema.message, fingerprint=event.schema.fingerprint, version=event.schema.version
        ),
    )
    shown = payload_of(event)
    if shown is None:
        record.payload_bytes = event.payload
    else:
        record.payload.CopyFrom(shown)
    return record


def progress_message(sequence: int, progress: ReplayProgress) -> event_pb.ReplayEventsResponse:
    """How far a replay is, as the contract has it."""
    counts = progress.counts
    message = event_pb.ReplayEventsResponse(
        sequence=sequence,
        replay_name=progress.name,
        target=progress.target,
        effects=not progress.dry_run,
        resumed=progress.resumed,
        until=_stamp(progress.until),
        matched=counts.matched,
        had=counts.had,
        done=counts.done,
        failed=counts.failed,
        left=counts.left,
        done_by_type=counts.by_type,
        finished=progress.finished,
    )
    if progress.since is not None:
        message.since.CopyFrom(_stamp(progress.since))
    if progress.current_time is not None:
        message.current_time.CopyFrom(_stamp(progress.current_time))
    return message


def _moment(field: str, stamp: Timestamp) -> datetime:
    try:
        return stamp.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise invalid_field(field, "it must be a moment between the years 1 and 9999") from None


def _stamp(moment: datetime) -> Timestamp:
    seconds, nanos = seconds_and_nanos(moment)
    return Timestamp(seconds=seconds, nanos=nanos)
