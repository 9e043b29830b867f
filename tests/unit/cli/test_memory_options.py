"""What the options of `somastack memory` take."""

import pytest

from cli.commands.memory_options import place, places
from cli.exits import CommandError, Exit


def test_a_place_is_taken_as_it_is_and_none_stays_none() -> None:
    named = ["user:ada", "shared", "agent:0197a0c2-1111-7000-8000-000000000001"]
    assert places(named) == named
    assert (place(""), places(None)) == ("", None)


@pytest.mark.parametrize("wrong", ["ada", "user:", "user:a b", "agent:ada", "shared:all"])
def test_what_is_no_place_is_wrong_use_and_says_what_is_one(wrong: str) -> None:
    with pytest.raises(CommandError, match="Give user:NAME, agent:ID or shared") as raised:
        place(wrong)
    assert raised.value.code == Exit.WRONG_USE
