"""A part of the supervisor itself: counts the starts of each process, and keeps the back-off short so that it goes on.

Loaded by the supervisor as an RPC interface; nothing else may import it.
"""

from collections import Counter
from typing import Any, Final

from supervisor import events

_LONGEST_BACKOFF_SECONDS: Final = 10


class SpawnCounter:
    """The methods of the namespace `soma` on the supervisor's socket."""

    def __init__(self) -> None:
        self._starts: Counter[str] = Counter()
        events.subscribe(events.ProcessStateStartingEvent, self._started)
        events.subscribe(events.ProcessStateBackoffEvent, self._backed_off)

    def restarts(self) -> dict[str, int]:
        """How often each process was started again after its first start.

        @return struct result  The number by the name of the process
        """
        return {name: count - 1 for name, count in self._starts.items()}

    def _started(self, event: Any) -> None:
        self._starts[str(event.process.config.name)] += 1

    def _backed_off(self, event: Any) -> None:
        event.process.backoff = min(event.process.backoff, _LONGEST_BACKOFF_SECONDS - 1)


def make_spawn_counter(_supervisor: Any, **_settings: Any) -> SpawnCounter:
    """The factory named in the supervisor's settings."""
    return SpawnCounter()
