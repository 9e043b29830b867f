"""Moments as messages.

Nothing here knows what happens at a moment.
"""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp


def timestamp(moment: datetime) -> Timestamp:
    """A moment as the contract has it."""
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
