"""The dates that a query names."""

from datetime import UTC, datetime

import pytest

from servers.memory.view.dates import DateSpan, dates_in

WEDNESDAY = datetime(2023, 8, 16, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("What did she bake on 7 May 2023?", 20230507, 20230507),
        ("the walk of May 7th, 2023", 20230507, 20230507),
        ("on the 3rd of June", 603, 603),
        ("August 31st", 831, 831),
        ("since 2023-05-07", 20230507, 20230507),
        ("in May 2023", 20230500, 20230531),
        ("what happened in may 2023", 20230500, 20230531),
        ("last May", 20230500, 20230531),
        ("last October", 20221000, 20221031),
        ("in March?", 300, 331),
        ("in 2022", 20220100, 20221231),
        ("last summer", 20220600, 20220831),
        ("summer 2022", 20220600, 20220831),
        ("Yesterday she said", 20230815, 20230815),
        ("the day before yesterday", 20230814, 20230814),
        ("last Friday", 20230811, 20230811),
        ("on Wednesday", 20230809, 20230809),
        ("last week", 20230807, 20230813),
        ("this month", 20230800, 20230831),
        ("two weeks ago", 20230731, 20230806),
        ("10 days ago", 20230806, 20230806),
        ("last weekend", 20230812, 20230813),
        ("20 months ago", 20211200, 20211231),
    ],
)
def test_a_date_is_found(text: str, first: int, last: int) -> None:
    assert dates_in(text, WEDNESDAY) == (DateSpan(first, last),)


@pytest.mark.parametrize(
    "text", ["What may help?", "they march on", "2023 bricks", "a decade", "999 years of age", "32.13", ""]
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert dates_in(text, WEDNESDAY) == ()


@pytest.mark.parametrize("text", ["900 years ago", "999 months ago", "999 weeks ago", "2023-13-40", "0 May 2023"])
def test_what_no_calendar_has_is_survived(text: str) -> None:
    early = datetime(1, 1, 1, tzinfo=UTC)
    for now in (WEDNESDAY, early):
        assert all(span.first <= span.last for span in dates_in(text, now))


def test_several_dates_are_all_found() -> None:
    assert set(dates_in("between 7 May 2023 and June 2023", WEDNESDAY)) == {
        DateSpan(20230507, 20230507),
        DateSpan(20230600, 20230631),
    }
