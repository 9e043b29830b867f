"""How good chat's rules are at finding what is worth keeping of what people say."""

from typing import Final

from bench.figures.figure import Figure
from bench.figures.run import Run
from bench.learning.labels import Said, judge, labelled
from bench.rows import Row
from servers.chat.answering.minds import STORE_THRESHOLD
from servers.chat.domain.learning import worth_keeping


def _measure(run: Run) -> list[Row]:
    made_by, held_out = labelled()
    run.note(f"{len(made_by)} messages by which the rules were made, {len(held_out)} held out")
    return [*_rows("made by", made_by), *_rows("held out", held_out)]


def _rows(half: str, cases: list[Said]) -> list[Row]:
    judgement = judge(cases, lambda text: worth_keeping(text, STORE_THRESHOLD))
    of = f"{len(cases)} messages, {half}"
    return [
        Row(f"kept that was worth it (precision), {of}", 100 * judgement.precision, "%"),
        Row(f"worth it that was kept (recall), {of}", 100 * judgement.recall, "%"),
        Row(f"simple facts with the right name and value, {of}", 100 * judgement.facts, "%"),
    ]


FIGURE: Final = Figure(
    "learning",
    "What is learned",
    "Chat's rules judge messages in `bench/learning/cases.toml`, half of which are worth keeping. Every second one was "
    "held out while the rules were made; all were written by the hand that wrote the rules, so strangers do worse.",
    (),
    _measure,
)
