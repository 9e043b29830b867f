"""The sentence of an error stands in one table: nobody words it a second time, on the page neither."""

import re
from string import Formatter

from soma_common.kernel.reasons import REASONS
from tests.arch.source import ROOT, literals, need, product

TABLE = "soma_common/kernel/reasons.py"
SHORTEST = 24
PAGE = ("edge/static/**/*.js", "web/src/**/*.ts")


def pieces() -> dict[str, str]:
    """What is fixed in each sentence, clause by clause and long enough to be told from chance, with its reason."""
    found: dict[str, str] = {}
    for reason, row in REASONS.items():
        fixed = [text for text, _, _, _ in Formatter().parse(row.sentence)]
        clauses = [clause.strip(" .:;,()") for text in fixed for clause in re.split(r"(?<=[.:;])\s", text)]
        found |= {clause.lower(): reason.value for clause in clauses if len(clause) >= SHORTEST}
    return found


def test_no_code_words_the_sentence_of_a_reason_again() -> None:
    known = pieces()
    assert len(known) > 30
    found = [
        source.at(node, f"words {known[piece]}: {piece}")
        for source in product()
        if source.path != TABLE
        for node in literals(source)
        if len(text := str(node.value).lower()) >= SHORTEST
        for piece in known
        if piece in text
    ]
    need(found, "sentences that stand twice")


def test_the_page_shows_the_sentences_that_it_is_sent() -> None:
    known = pieces()
    files = [path for pattern in PAGE for path in sorted(ROOT.glob(pattern))]
    assert files
    found = [
        f"{path.relative_to(ROOT)} words {known[piece]}: {piece}"
        for path in files
        for text in (path.read_text("utf-8").lower(),)
        for piece in known
        if piece in text
    ]
    need(found, "sentences that stand twice")
