"""How recall is judged: files of conversations, shares of what answers, weights that are fitted."""

import json
from pathlib import Path

import pytest

from bench.memory.fit import PLAIN, crossed, fit
from bench.memory.locomo import Question, read
from bench.memory.scores import Answered, table
from bench.memory.shelves import pool, reader
from servers.memory.domain.ranking import Weights

SAID = {
    "session_1": ("9:30 am on 3 March, 2024", ["The kite broke at the harbour.", "Shall we mend it?"]),
    "session_2": ("12:05 pm on 10 March, 2024", ["My aunt keeps bees.", "Honey in tea, then."]),
    "session_10": ("1:00 am on 2 April, 2024", ["The ferry was late."]),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    talk: dict[str, object] = {"speaker_a": "Ida", "speaker_b": "Tom"}
    for number, (session, (moment, texts)) in enumerate(SAID.items()):
        talk[f"{session}_date_time"] = moment
        talk[session] = [
            {"speaker": ("Ida", "Tom")[place % 2], "dia_id": f"D{number}:{place}", "text": text}
            for place, text in enumerate(texts)
        ]
    talk["session_1"][0]["blip_caption"] = "a torn kite"  # type: ignore[index]
    asked = [
        {"question": "Who keeps bees?", "category": 4, "evidence": ["D1:0"]},
        {"question": "What broke at the harbour?", "category": 1, "evidence": ["D0:0", "D0:1", "D9:9"]},
        {"question": "Nothing answers", "category": 5, "evidence": ["D9:9"]},
    ]
    path = tmp_path / "talks.json"
    path.write_text(json.dumps([{"sample_id": name, "conversation": talk, "qa": asked} for name in ("one", "two")]))
    return path


def test_a_file_is_read_in_the_order_of_its_sessions(file: Path) -> None:
    conversation = read(file)[0]
    assert [turn.turn_id for turn in conversation.turns] == ["D0:0", "D0:1", "D1:0", "D1:1", "D2:0"]
    assert [turn.position for turn in conversation.turns] == [1, 2, 3, 4, 5]
    assert conversation.turns[0].text.endswith("harbour. a torn kite")
    assert conversation.turns[4].session_time.isoformat() == "2024-04-02T01:00:00+00:00"
    assert [question.gold for question in conversation.questions] == [{"D1:0"}, {"D0:0", "D0:1"}]


def test_recall_is_the_mean_share_of_what_answers() -> None:
    several = Answered(Question("?", 1, frozenset("ab")), ["a", "x", "b"])
    one = Answered(Question("?", 4, frozenset("c")), ["c"])
    seen = table([several, one])
    assert (seen["overall"][1], seen["overall"][5]) == (75.0, 100.0)
    assert (seen["multi-hop"][1], seen["single-hop"][1]) == (50.0, 100.0)
    assert "temporal" not in seen


def test_weights_are_fitted_on_some_conversations_and_judge_the_others(file: Path) -> None:
    read_text = reader()
    pools = [pool(read_text, each) for each in read(file)]
    assert (fit(pools, PLAIN).weights >= 0).all()
    for answered in (crossed(pools, PLAIN), pools[0].answers(Weights())):
        assert table(answered)["overall"][5] == 100.0
