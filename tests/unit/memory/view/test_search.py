"""What a search finds, what it leaves out, and what it says of its hits."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest

from servers.memory.domain.memory import Kind, Memory, RecallFilter, Source
from servers.memory.domain.ranking import Weights
from servers.memory.embedders.builtin import BuiltInEmbedder
from servers.memory.indexing.indexer import Indexer
from servers.memory.view.entry import term_hash
from servers.memory.view.query import Link
from servers.memory.view.reading import Reader
from servers.memory.view.search import look, search
from servers.memory.view.shelf import Shelf
from soma_common.embedding import StaticEmbedder
from soma_common.tokens import tokenizer_for
from tests.unit.memory.view.shelved import CONVERSATION, EVERYTHING, NOW, asked, entry, shelf_of, vector

FACTS = (
    "My sister lives in Lisbon.",
    "The build server is called falcon-12 and its ticket is QX-7741-ZB.",
    "I am allergic to peanuts.",
    "Das Auto steht in der Garage hinter dem Haus.",
    "我住在北京，喜欢喝绿茶。",
    "Clara plays the violin in the school orchestra.",
    "La reunión con el cliente es en Madrid.",
)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.of(StaticEmbedder())


@pytest.fixture(scope="module")
def facts(reader: Reader) -> Shelf:
    return shelf_of(*(reader.entry(_memory(number, text)) for number, text in enumerate(FACTS, 1)))


def _memory(number: int, text: str) -> Memory:
    return Memory(
        memory_id=UUID(int=number),
        namespace="user:ada",
        owner_sub="ada",
        kind=Kind.SEMANTIC,
        text=text,
        payload=None,
        subject="",
        speaker="",
        source=Source.USER_SAID,
        source_id="",
        conversation_id=None,
        trust=0.9,
        importance=0.5,
        tags=(),
        token_count=0,
        learn_time=NOW,
        valid_from=NOW,
    )


def _found(shelf: Shelf, reader: Reader, query: str) -> list[int]:
    hits = search([shelf], reader.query(query, NOW), EVERYTHING, Weights(), (), NOW).hits
    return [hit.memory_id.int - 1 for hit in hits]


@pytest.mark.parametrize(
    ("query", "fact"),
    [
        ("Where does my sister live?", 0),
        ("sister Lisbon city", 0),
        ("QX-7741-ZB", 1),
        ("falcon-12", 1),
        ("peanut allergy", 2),
        ("Wo steht das Auto?", 3),
        ("北京的茶", 4),
        ("Which instrument does Clara play?", 5),
        ("¿Dónde es la reunión?", 6),
    ],
)
def test_the_fact_that_answers_comes_first(facts: Shelf, reader: Reader, query: str, fact: int) -> None:
    assert _found(facts, reader, query)[0] == fact


@pytest.mark.parametrize(
    "query",
    ["hello there!", "thanks a lot", "How are you doing today?", "yes please", "ok", "?!", "", "🙂", "the of and"],
)
def test_small_talk_finds_nothing(facts: Shelf, reader: Reader, query: str) -> None:
    assert _found(facts, reader, query) == []


def test_a_turn_without_a_word_of_the_query_is_found_by_its_neighbour() -> None:
    said = {"conversation_id": CONVERSATION, "session_time": NOW}
    shelf = shelf_of(
        entry(1, "where sea", position=1, **said),
        entry(2, "there", position=2, **said),
        entry(3, "else", position=9, **said),
        entry(4, "other", position=2, session_time=NOW + timedelta(1), conversation_id=CONVERSATION),
    )
    hits = search([shelf], asked("sea"), EVERYTHING, Weights(), (), NOW).hits
    assert [hit.memory_id.int for hit in hits] == [1, 2]
    assert (hits[1].parts.lexical, hits[1].parts.lexical_rank) == (None, 0)
    assert hits[1].parts.context == pytest.approx(0.7)


def test_what_was_said_minutes_later_is_a_neighbour_and_what_stands_alone_names_none() -> None:
    """Chat tells the time of each message as the time of its session."""
    shelf = shelf_of(
        entry(1, "where sea", position=1, conversation_id=CONVERSATION, session_time=NOW),
        entry(2, "there", position=2, conversation_id=CONVERSATION, session_time=NOW + timedelta(minutes=3)),
        entry(3, "sea"),
    )
    parts = {hit.memory_id.int: hit.parts for hit in search([shelf], asked("sea"), EVERYTHING, Weights(), (), NOW).hits}
    assert parts[2].lexical is None
    assert parts[2].context is not None
    assert parts[3].context is None


def test_what_was_said_in_no_conversation_is_no_worse_for_that() -> None:
    shelf = shelf_of(entry(1, "sea", conversation_id=CONVERSATION, session_time=NOW), entry(2, "sea"))
    hits = search([shelf], asked("sea"), EVERYTHING, Weights(), (), NOW).hits
    assert hits[0].score == pytest.approx(hits[1].score, abs=0.02)


def test_what_is_hidden_lends_its_neighbours_nothing() -> None:
    said = {"conversation_id": CONVERSATION}
    shelf = shelf_of(entry(1, "sea", position=1, hidden=True, **said), entry(2, "there", position=2, **said))
    assert search([shelf], asked("sea"), EVERYTHING, Weights(), (), NOW).hits == ()


def test_the_name_of_a_speaker_is_no_word_of_the_query_but_finds_what_was_said_by_it() -> None:
    ada, bob = (term_hash("ada"),), (term_hash("bob"),)
    shelf = shelf_of(entry(1, "ada likes tea", names=bob), entry(2, "tea it is", names=ada), entry(3, "ada", names=bob))
    hits = search([shelf], asked("ada tea"), EVERYTHING, Weights(), (), NOW).hits
    assert [hit.memory_id.int for hit in hits] == [2, 1]
    assert (hits[0].parts.speaker, hits[1].parts.speaker) == (1.0, None)
    alone = search([shelf], asked("ada"), EVERYTHING, Weights(), (), NOW).hits
    assert {hit.memory_id.int for hit in alone} == {1, 3}


def test_links_raise_what_they_lead_to() -> None:
    shelf = shelf_of(*(entry(number, "sea", importance=0.9 if number == 1 else 0.1) for number in (1, 2, 3)))
    found = look([shelf], asked("sea"), EVERYTHING, NOW)
    assert [each.int for each in found.first(3)] == [1, 3, 2]
    hits = found.ranking(Weights(graph=5.0), [Link(UUID(int=1), UUID(int=2), 0.8)]).hits
    assert hits[-1].memory_id.int == 3
    parts = {hit.memory_id.int: hit.parts for hit in hits}
    assert parts[3].graph is None
    assert parts[2].graph_rank >= 1
    assert 0 < (parts[2].graph or 0) < 1


def test_equal_hits_fall_by_id_newest_first_and_a_temperature_keeps_the_order() -> None:
    shelf = shelf_of(*(entry(number, "sea") for number in (3, 1, 2)))
    sharp, usual = (search([shelf], asked("sea"), EVERYTHING, Weights(temperature=tau), (), NOW) for tau in (0.1, 0.7))
    assert [hit.memory_id.int for hit in sharp.hits] == [3, 2, 1] == [hit.memory_id.int for hit in usual.hits]
    assert sharp.hits[0].score < usual.hits[0].score


def test_weights_of_the_caller_count() -> None:
    near = vector(1) / np.linalg.norm(vector(1))
    shelf = shelf_of(entry(1, "hill", vector=near), entry(2, "sea", vector=vector(3)))
    query = asked("sea", vector=near)
    first = [
        search([shelf], query, EVERYTHING, weights, (), NOW).hits[0].memory_id.int
        for weights in (Weights(vector=5.0, lexical=0.1), Weights(vector=0.1, lexical=5.0))
    ]
    assert first == [1, 2]


async def test_an_index_holds_the_same_vectors_as_a_shelf_under_the_same_version(reader: Reader, facts: Shelf) -> None:
    """Else what is found in an index while a shelf is cold would be near otherwise than on the shelf."""
    built_in, indexer = BuiltInEmbedder(reader), Indexer(reader, tokenizer_for("o200k_base"))
    held = await built_in.embed(FACTS)
    for number, (text, in_index) in enumerate(zip(FACTS, held, strict=True), 1):
        on_shelf = facts.columns["vector"][facts.rows_of([UUID(int=number)])[0]]
        assert in_index == pytest.approx(on_shelf, abs=2e-3)
        assert indexer.vector(text) == pytest.approx(in_index)
        assert indexer.query(text, 100).vector == pytest.approx(in_index)
        kept = indexer.indexed(_memory(number, text)).memory
        assert kept.embedding_version == built_in.space.version


def test_shelves_without_vectors_take_the_cosines_of_an_index() -> None:
    shelf = Shelf(1)
    shelf.apply([replace(entry(1, "hill"), vector=None), replace(entry(2, "hill"), vector=None)])
    hits = look([shelf], asked("sea", vector=vector(1)), EVERYTHING, NOW, {UUID(int=2): 0.8}).ranking(Weights()).hits
    assert [hit.memory_id.int for hit in hits] == [2]


def test_how_rare_a_word_is_counts_over_all_shelves() -> None:
    one = shelf_of(entry(1, "sea hill"), *(entry(number, "sea") for number in range(2, 9)))
    other = shelf_of(entry(11, "hill"), entry(12, "sea"))
    hits = search([one, other], asked("sea hill"), RecallFilter(namespaces=("user:ada", "shared")), Weights(), (), NOW)
    assert {hit.memory_id.int for hit in hits.hits[:2]} == {1, 11}


def test_a_large_shelf_looks_at_few_vectors_and_finds_the_nearest_all_the_same() -> None:
    shelf = shelf_of(*(entry(number, "", vector=vector(number)) for number in range(1, 5_001)))
    near = vector(4_321) / np.linalg.norm(vector(4_321))
    hits = search([shelf], asked("sea", vector=near), EVERYTHING, Weights(), (), NOW).hits
    assert hits[0].memory_id.int == 4_321
