"""Rows of `agent_sleeps` and `agent_loads` as values. Nothing is decided here."""

from datetime import datetime
from typing import Any

from servers.cognitive.domain.load import Load, LoadFacts, first_load
from servers.cognitive.domain.sleeping import Sleep, SleepState, Stay, first_sleep


def sleep_of(row: Any, now: datetime) -> Sleep:
    """A sleep as it was stored; the first one where there is no row, or one of nulls only."""
    if row is None or row["version"] is None:
        return first_sleep(now)
    stays = zip(row["return_states"], row["return_untils"], strict=True)
    return Sleep(
        version=row["version"],
        state=SleepState(row["state"]),
        previous=SleepState(row["previous"]),
        since=row["since"],
        until=row["until"],
        returns=tuple(Stay(SleepState(state), until) for state, until in stays),
    )


def load_of(row: Any, now: datetime) -> Load:
    """A load as the last turn left it; the first one where there is no row, or one of nulls only."""
    if row is None or row["time"] is None:
        return first_load(now)
    return Load(
        time=row["time"],
        load=row["load"],
        facts=LoadFacts(row["open_turns"], row["context_fill"], row["error_rate"]),
        unconsolidated=row["unconsolidated"],
        turns_above=row["turns_above"],
        above_since=row["above_since"],
        relief=row["relief"],
        relief_time=row["relief_time"],
        last_nrem_time=row["last_nrem_time"],
        last_rem_time=row["last_rem_time"],
        asked_time=row["asked_time"],
    )
