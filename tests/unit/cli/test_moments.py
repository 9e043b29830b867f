"""Moments as people say them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from cli.exits import CommandError, Exit
from cli.moments import check_range, moment_of

NOW = datetime(2026, 11, 25, 14, 30, 15, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("now", NOW),
        ("1h", NOW - timedelta(hours=1)),
        ("90 min", NOW - timedelta(minutes=90)),
        ("30m", NOW - timedelta(minutes=30)),
        ("2d ago", NOW - timedelta(days=2)),
        ("1w", NOW - timedelta(weeks=1)),
        ("45s", NOW - timedelta(seconds=45)),
        ("today", datetime(2026, 11, 25, tzinfo=UTC)),
        ("Yesterday", datetime(2026, 11, 24, tzinfo=UTC)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T08:15", datetime(2026, 11, 20, 8, 15, tzinfo=UTC)),
        ("2026-11-20T08:15Z", datetime(2026, 11, 20, 8, 15, tzinfo=UTC)),
        ("2026-11-20T08:15+02:00", datetime(2026, 11, 20, 6, 15, tzinfo=UTC)),
    ],
)
def test_what_people_say(text: str, meant: datetime) -> None:
    assert moment_of(text, NOW, "--since") == meant


def test_today_is_that_of_utc() -> None:
    late = datetime(2026, 11, 25, 23, 30, tzinfo=timezone(timedelta(hours=-3)))
    assert moment_of("today", late, "--since") == datetime(2026, 11, 26, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "tomorrow-ish", "5", "h", "2026-13-01", "999999999w", "-1h", "1y"])
def test_what_is_no_time_is_a_sentence_with_the_option(text: str) -> None:
    with pytest.raises(CommandError) as refused:
        moment_of(text, NOW, "--since")
    assert refused.value.code is Exit.WRONG_USE
    assert "--since" in refused.value.sentence


def test_a_range_ends_after_it_begins() -> None:
    check_range(NOW, NOW + timedelta(seconds=1), ("--from", "--to"))
    check_range(None, NOW, ("--from", "--to"))
    for until in (NOW, NOW - timedelta(days=1)):
        with pytest.raises(CommandError) as refused:
            check_range(NOW, until, ("--from", "--to"))
        assert "--to must be later than --from" in refused.value.sentence
