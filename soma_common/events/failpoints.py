"""The places at which a delivery may be cut short, by name, so that tests can cut it at every one of them.

What happens there is handed in by a test; a served process hands in nothing and passes by.
"""

from collections.abc import Callable
from enum import StrEnum


class Failpoint(StrEnum):
    """A place between two effects of a delivery."""

    RELAY_CLAIMED = "relay.claimed"
    RELAY_READ = "relay.read"
    RELAY_PUBLISHED = "relay.published"
    RELAY_MARKED = "relay.marked"
    CONSUMER_FETCHED = "consumer.fetched"
    CONSUMER_AFFECTED = "consumer.affected"
    CONSUMER_DONE = "consumer.done"
    CONSUMER_COMMITTED = "consumer.committed"
    LETTER_CAPTURED = "letter.captured"
    LETTER_RETRIED = "letter.retried"


Reached = Callable[[Failpoint], None]


def pass_by(point: Failpoint) -> None:
    """What happens at a failpoint of a served process: nothing."""
