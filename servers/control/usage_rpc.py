"""The servicer of usage: protos in, values to the use case, protos out.

Nothing is decided here.
"""

from dataclasses import asdict
from typing import Any

from servers.control.domain.usage import DayUsage, Usage
from servers.control.usage import UsageReading
from soma.control.v1 import usage_service_pb2 as usage_pb
from soma.control.v1 import usage_service_pb2_grpc as usage_grpc
from soma_common.kernel.paging import next_page_token, page_of
from soma_common.rpc.call import current_call


class UsageServicer(usage_grpc.UsageServiceServicer):
    """`soma.control.v1.UsageService`."""

    def __init__(self, reading: UsageReading) -> None:
        self._reading = reading

    async def GetUsage(  # noqa: N802 - the contract's name
        self, request: usage_pb.GetUsageRequest, _: Any
    ) -> usage_pb.GetUsageResponse:
        """The usage of some days."""
        days = self._reading.days(request.first_day, request.last_day)
        filters = {"first": days.first, "last": days.last, "agent": request.agent_id}
        page = page_of(request.page_size, request.page_token, filters)
        found = await self._reading.read(current_call().caller.tenant_id, days, request.agent_id, page)
        answer = usage_pb.GetUsageResponse(
            rows=[row_message(row) for row in found.rows],
            total=usage_message(found.total),
            first_day=days.first.isoformat(),
            last_day=days.last.isoformat(),
        )
        if len(found.rows) == page.size:
            last = found.rows[-1]
            answer.next_page_token = next_page_token((last.day.isoformat(), last.agent_id), filters)
        return answer


def usage_message(usage: Usage) -> usage_pb.Usage:
    """Usage as the contract has it."""
    return usage_pb.Usage(**asdict(usage))


def row_message(row: DayUsage) -> usage_pb.Usage:
    """The usage of a day and an agent as the contract has it."""
    message = usage_message(row.usage)
    message.day, message.agent_id = row.day.isoformat(), row.agent_id
    return message
