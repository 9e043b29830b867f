"""Groups and pairs of whatever is replayed: each memory at most once, nobody's with another's, always the same."""

from collections import Counter
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from servers.cognitive.domain.grouping import GROUP, LEAST_GROUP, Replayed, groups_of
from servers.cognitive.domain.recombining import MOST_TRUST, RATE, hypotheses_of

WORDS = st.sampled_from("porto violin boiler plumber green morning ß and 今天 a".split())
MEMORIES = st.lists(
    st.builds(
        Replayed,
        memory_id=st.uuids(),
        namespace=st.sampled_from(("user:ada", "shared")),
        owner_sub=st.sampled_from(("ada", "bob")),
        conversation_id=st.sampled_from(("", "one", "two")),
        text=st.lists(WORDS, max_size=6).map(" ".join),
        subject=st.sampled_from(("", "garden")),
        coordinate=st.sampled_from(("", "1,2,3")),
        trust=st.floats(0, 1),
    ),
    max_size=80,
    unique_by=lambda it: it.memory_id,
)


@given(MEMORIES)
def test_each_memory_is_in_one_group_of_its_own_people_unless_it_is_alone(memories: list[Replayed]) -> None:
    known = {it.memory_id: it for it in memories}
    groups = groups_of(memories)
    assert groups == groups_of(memories)
    grouped = Counter(key for group in groups for key in group.memory_ids)
    assert set(grouped.values()) <= {1}
    for group in groups:
        assert LEAST_GROUP <= len(group.memory_ids) <= GROUP
        assert {known[key].namespace for key in group.memory_ids} == {group.namespace}
        assert len({known[key].owner_sub for key in group.memory_ids}) == 1
    people = Counter((it.namespace, it.owner_sub) for it in memories)
    sizes = Counter((group.namespace, known[group.memory_ids[0]].owner_sub) for group in groups)
    for who, count in people.items():
        alone = 1 if count % GROUP == 1 else 0
        assert sizes[who] == (count - alone + GROUP - 1) // GROUP
    assert len(grouped) == len(memories) - sum(count % GROUP == 1 for count in people.values())


@given(MEMORIES, st.uuids())
def test_pairs_are_few_apart_and_believed_little(memories: list[Replayed], cycle_id: UUID) -> None:
    known = {it.memory_id: it for it in memories}
    guesses = hypotheses_of(memories, cycle_id)
    assert guesses == hypotheses_of(list(reversed(memories)), cycle_id)
    assert len(guesses) <= len(memories) * RATE
    paired = Counter(key for guess in guesses for key in guess.derived_from)
    assert set(paired.values()) <= {1}
    for guess in guesses:
        one, other = (known[key] for key in guess.derived_from)
        assert (one.namespace, one.owner_sub) == (other.namespace, other.owner_sub)
        assert guess.namespace == one.namespace
        assert guess.trust <= min(MOST_TRUST, one.trust, other.trust)
        assert guess.text.strip()
