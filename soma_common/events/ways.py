"""Which named statement reads events by the index that fits some filters best.

The log of a house and the bus have statements of the same names; nothing here runs one.
"""

from typing import Final
from uuid import UUID

from soma_common.postgres.queries import Queries
from soma_common.replay.filters import EventFilters

# No event has it: what is behind the first moment with this id begins with that moment.
FIRST_ID: Final = UUID(int=0)


def way_of(statements: Queries, filters: EventFilters) -> tuple[str, tuple[str, ...]]:
    """The statement, and what it takes beside the values that all of them take."""
    if filters.trace_id:
        return statements.read_by_trace, filters.trace_range
    if filters.correlation_id:
        return statements.read_by_call, (filters.correlation_id,)
    if filters.stream:
        return statements.read_by_stream, (filters.stream,)
    if filters.event_type:
        return statements.read_by_type, filters.type_range
    return statements.read_by_time, ()
