"""What a turn says of itself in numbers: who found what it used, how full it was, how much else is open."""

import math
from dataclasses import astuple

import pytest

from servers.chat.domain.facts import Shares, context_fill, open_share, retriever_shares


def test_each_memory_gives_its_one_credit_to_what_found_it() -> None:
    meant, linked = Shares(vector=0.6, recency=0.2), Shares(graph=0.3, recency=0.1)
    shares = retriever_shares([meant, linked])
    assert astuple(shares) == pytest.approx((0.375, 0.375, 0.25, 0.0))
    assert math.fsum(astuple(shares)) == pytest.approx(1.0)
    # A score ten times as high is no second memory.
    louder = Shares(vector=6.0, recency=2.0)
    assert astuple(retriever_shares([louder, linked])) == pytest.approx(astuple(shares))


@pytest.mark.parametrize("found", [[], [Shares()], [Shares(vector=-0.4)]])
def test_what_nothing_found_credits_nobody(found: list[Shares]) -> None:
    assert retriever_shares(found) == Shares()


def test_what_speaks_against_a_memory_did_not_find_it() -> None:
    assert retriever_shares([Shares(vector=-0.2, lexical=0.5), Shares()]) == Shares(lexical=1.0)


def test_a_context_is_as_full_as_its_fullest_call() -> None:
    assert context_fill([]) == 0.0
    assert context_fill([(1_000, 8_000), (3_000, 4_000), (0, 0)]) == 0.75
    assert context_fill([(9_000, 8_000)]) == 1.0


def test_open_turns_are_a_part_of_what_an_agent_can_carry() -> None:
    assert [open_share(number) for number in (0, 1, 4, 8, 80)] == [0.0, 0.125, 0.5, 1.0, 1.0]
