"""The quick ways to write a time say what protobuf's own slow ones say."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import example, given
from hypothesis import strategies as st

from edge.codecs.payloads import written_time
from soma_common.kernel.clock import seconds_and_nanos

SECONDS = st.integers(-62_135_596_800, 253_402_300_799)
NANOS = st.one_of(st.just(0), st.integers(0, 999).map(lambda it: it * 1_000_000), st.integers(0, 999_999_999))


@example(-62_135_596_800, 0)
@given(SECONDS, NANOS)
def test_a_time_is_written_as_proto_json_writes_it(seconds: int, nanos: int) -> None:
    time = Timestamp(seconds=seconds, nanos=nanos)
    assert written_time(time) == time.ToJsonString()


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_is_counted_as_a_timestamp_counts_it(moment: datetime) -> None:
    time = Timestamp()
    time.FromDatetime(moment)
    assert seconds_and_nanos(moment) == (time.seconds, time.nanos)
