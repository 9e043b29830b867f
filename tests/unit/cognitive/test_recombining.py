"""Which memories lie in one group, and which are recombined, by hand."""

from dataclasses import replace
from uuid import UUID, uuid4

from servers.cognitive.domain.cycles import LEAST_TOKENS, key_of, share_of
from servers.cognitive.domain.grouping import GROUP, Replayed, groups_of
from servers.cognitive.domain.recombining import MOST_TRUST, hypotheses_of

CYCLE = UUID("0198c0de-0000-7000-8000-0000000000c1")


def remembered(text: str, **fields: object) -> Replayed:
    plain = Replayed(uuid4(), "user:ada", "ada", "", text, "", "", 0.9)
    return replace(plain, **fields)  # type: ignore[arg-type]


def test_near_memories_lie_in_one_group_wherever_they_stand() -> None:
    tea = [remembered(f"Green tea from Kyoto, cup {number}") for number in range(8)]
    talk = [remembered(f"word{number}", conversation_id="one") for number in range(8)]
    rest = [remembered(f"nothing{number}") for number in range(16)]
    mixed = [each for trio in zip(tea, talk, rest, strict=False) for each in trio] + rest[8:]
    first = groups_of(mixed)[0].memory_ids
    assert {it.memory_id for it in tea} <= set(first)
    assert len(first) == GROUP


def test_no_group_mixes_namespaces_or_persons_and_nobody_is_alone_in_one() -> None:
    some = [remembered("the same"), remembered("the same", owner_sub="bob"), remembered("the same", namespace="shared")]
    assert groups_of(some) == ()
    both = [*some, remembered("the same", owner_sub="bob")]
    assert [set(it.memory_ids) for it in groups_of(both)] == [{both[1].memory_id, both[3].memory_id}]


def test_a_guess_says_what_two_have_in_common_and_is_believed_no_more_than_either() -> None:
    boiler = remembered("The boiler was replaced by a plumber in Porto.", trust=0.15)
    violin = remembered("Clara plays her violin in the concert hall of Porto.")
    rest = [remembered(f"nothing{number}") for number in range(3)]
    [guess] = hypotheses_of([boiler, violin, *rest], CYCLE)
    assert set(guess.derived_from) == {boiler.memory_id, violin.memory_id}
    assert guess.trust == 0.15
    assert "through porto" in guess.text
    assert boiler.text in guess.text
    [other] = hypotheses_of([replace(boiler, trust=1.0), violin, *rest], CYCLE)
    assert other.trust == MOST_TRUST


def test_a_shared_subject_is_enough_and_the_same_thing_twice_is_no_pair() -> None:
    rest = [remembered(f"nothing{number}") for number in range(3)]
    [guess] = hypotheses_of(
        [remembered("Rain fell.", subject="garden"), remembered("Roses grew.", subject="garden"), *rest], CYCLE
    )
    assert "through garden" in guess.text
    twice = [remembered("Bob bought a bicycle in Lisbon."), remembered("Bob bought a bicycle in Lisbon!")]
    assert hypotheses_of([*twice, *rest], CYCLE) == ()
    foreign = [remembered("Porto is wet."), remembered("Porto shines.", owner_sub="bob")]
    assert hypotheses_of([*foreign, *rest], CYCLE) == ()


def test_long_texts_are_told_by_their_beginning() -> None:
    long = remembered("Porto " + "word " * 500)
    [guess] = hypotheses_of([long, remembered("Porto shines."), *(remembered(f"x{n}") for n in range(3))], CYCLE)
    assert len(guess.text) < 500
    assert "…" in guess.text


def test_what_a_group_leaves_goes_to_those_behind_it() -> None:
    assert share_of(8000, 4) == 2000
    assert share_of(7500, 3) == 2500
    assert share_of(3000, 16) == LEAST_TOKENS
    assert share_of(LEAST_TOKENS - 1, 1) == 0
    assert share_of(0, 5) == 0


def test_keys_of_a_cycle_are_its_own() -> None:
    assert key_of(CYCLE, "sweep") == key_of(CYCLE, "sweep")
    assert len({key_of(CYCLE, "sweep"), key_of(CYCLE, "hypotheses"), key_of(uuid4(), "sweep")}) == 3
