"""Spans of time: what is one, and what is said of what is none."""

import pytest

from cli.exits import CommandError
from cli.spans import seconds_of


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("1h", 3600), (" 1h ", 3600)])
def test_a_span_is_read(text: str, seconds: int) -> None:
    assert seconds_of(text, 3600) == seconds


@pytest.mark.parametrize("text", ["2h", "0s", "-5", "soon", ""])
@pytest.mark.parametrize(("longest", "said"), [(3600, "1h"), (5400, "90m"), (604_800, "7d")])
def test_what_is_none_is_told_the_longest_in_a_unit_that_it_can_write(text: str, longest: int, said: str) -> None:
    if text == "2h" and longest > 7200:
        return
    with pytest.raises(CommandError, match=f"no span of time up to {said}\\."):
        seconds_of(text, longest)
