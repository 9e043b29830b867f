"""What a plan computes by itself: how well tools are ranked, how long it takes, and how fast tokens are counted.

Nothing is started for it.
"""

import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from bench.figures.figure import Figure
from bench.figures.run import Run
from bench.numbers import percentile
from bench.ranking.labels import fresh_queries, labelled_queries, labelled_tools, recall_at, strange_tools
from bench.rows import Row, Target
from servers.governor.domain.plan import plan_turn
from servers.governor.domain.relevance import relevances
from servers.governor.domain.request import Candidates, PlanRequest, Snapshot, ToolCandidate
from servers.governor.planning.similarity import ToolSimilarity
from soma_common.tokens import tokenizer_for

_K: Final = 5
_RECALL: Final = Target(0.95, at_most=False, of_ratio=False)
_MILLISECOND: Final = Target(1.0, of_ratio=False)
_COUNTED_BYTES: Final = 32 * 1024
_HISTORY: Final = 200


def _measure(run: Run) -> list[Row]:
    run.note("ranking tools")
    similarity = ToolSimilarity()
    return [*_recall(similarity), *_pure(run, similarity), *_counting(run)]


def _recall(similarity: ToolSimilarity) -> list[Row]:
    def by_all(tools: Sequence[ToolCandidate], said: str) -> Sequence[float]:
        return relevances(tools, said, similarity.similarities(tools, said))

    tools, (chosen, held) = labelled_tools(), labelled_queries()
    strange, asked = strange_tools()
    recall = partial(recall_at, _K)
    return [
        Row(f"recall@{_K}, queries to choose by", recall(tools, chosen, by_all), "", target=_RECALL),
        Row(f"recall@{_K}, queries held out", recall(tools, held, by_all), "", target=_RECALL),
        Row(f"recall@{_K}, sayings by another hand", recall(tools, fresh_queries(), by_all), "", target=_RECALL),
        Row(f"recall@{_K}, held out, by words and senses only", recall(tools, held, relevances), ""),
        Row(f"recall@{_K}, held out, by likeness only", recall(tools, held, similarity.similarities), ""),
        Row(f"recall@{_K}, tools of strange fields", recall(strange, asked, by_all), ""),
        Row(f"recall@{_K}, strange fields, by words and senses only", recall(strange, asked, relevances), ""),
    ]


def _pure(run: Run, similarity: ToolSimilarity) -> list[Row]:
    asked = [each.said for half in labelled_queries() for each in half] * (5 if run.full else 1)
    candidates = Candidates(
        system_prompt_tokens=200, history_tokens=(40,) * _HISTORY, tools=labelled_tools(), user_message_tokens=20
    )
    requests = [PlanRequest("m", 200_000, 4096, candidates=candidates, query=said) for said in asked]
    similarity.added_to(requests[0])
    compared = [_milliseconds(partial(similarity.added_to, request)) for request in requests]
    ready = [similarity.added_to(request) for request in requests]
    spent = [_milliseconds(partial(plan_turn, request, Snapshot())) for request in ready]
    of = f"a plan with {len(candidates.tools)} tools and {_HISTORY} items of history"
    return [
        Row(f"pure part of {of}, p50", percentile(spent, 50), "ms"),
        Row(f"pure part of {of}, p95", percentile(spent, 95), "ms", target=_MILLISECOND),
        Row(f"similarity of the tools of {of}, p95", percentile(compared, 95), "ms"),
    ]


def _counting(run: Run) -> list[Row]:
    here = Path(__file__).resolve()
    texts = {
        "prose": (here.parents[2] / "ARCHITECTURE.md").read_text(),
        "code": here.read_text(),
        "JSON": json.dumps([{"name": f"item {number}", "value": number * 1.37} for number in range(500)]),
        "Chinese and Japanese": "今天天气很好，我们去公园散步吧。昨日は雨でしたが、今日は晴れています。",
    }
    tokenizer = tokenizer_for("o200k_base")
    tokenizer.load()
    rows: list[Row] = []
    for kind, text in texts.items():
        long = text * (_COUNTED_BYTES // len(text.encode()) + 1)
        # Each begins elsewhere, so that none was counted before.
        given = [f"{number}. {long}".encode()[:_COUNTED_BYTES].decode(errors="ignore") for number in range(40)]
        first = [_milliseconds(partial(tokenizer.count, each)) for each in given]
        again = [_milliseconds(partial(tokenizer.count, each)) for each in given]
        rows += [
            Row(f"counting 32 KB of {kind}, first time, p50", percentile(first, 50), "ms", target=_MILLISECOND),
            Row(f"counting 32 KB of {kind}, known, p50", percentile(again, 50), "ms", target=_MILLISECOND),
        ]
    return rows


def _milliseconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


FIGURE: Final = Figure(
    "ranking",
    "Ranking tools and counting tokens",
    "Recall is the mean share of the right tools among the first five of a hundred, over two hundred queries labelled "
    "by hand (`bench/ranking`): one half chose the numbers of the ranking, the other was held out. Who wrote them "
    "wrote the thesaurus too; the tools of strange fields and their queries were written after it. The pure part is "
    "one call of `plan_turn` in this process, its tools known. Counting is o200k_base of texts that were not counted "
    "before, and of the same ones once more.",
    (),
    _measure,
)
