"""The shipped tables, the choice of an encoding, counting and cutting."""

import hashlib
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soma_common.tokens.tables import SOURCES, pack, published, shipped, unpack
from soma_common.tokens.tokenizer import PATTERNS, Tokenizer, tokenizer_for
from soma_common.tokens.tokenizer import _Counts as Counts

pytestmark = pytest.mark.unit

NAMES = ("cl100k_base", "o200k_base")


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_table_is_the_published_one(name: str) -> None:
    text = published(unpack(shipped(name)))
    assert hashlib.sha256(text).hexdigest() == SOURCES[name]
    assert published(unpack(pack(name, text))) == text


def test_another_text_is_not_packed() -> None:
    with pytest.raises(ValueError, match="not the published table"):
        pack("o200k_base", b"IQ== 0\n")


def test_the_licence_is_shipped() -> None:
    assert "MIT License" in files("soma_common.tokens").joinpath("tables", "NOTICE.txt").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_the_patterns_are_those_of_tiktoken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    official = import_module("tiktoken_ext.openai_public")
    monkeypatch.setattr(official, "load_tiktoken_bpe", lambda *_args, **_named: {})
    assert getattr(official, name)()["pat_str"] == PATTERNS[name]


@pytest.mark.parametrize(
    ("model", "name", "exact"),
    [
        ("gpt-4o", "o200k_base", True),
        ("gpt-4o-mini", "o200k_base", True),
        ("GPT-4o-2024-08-06", "o200k_base", True),
        ("openai/gpt-4.1", "o200k_base", True),
        ("openrouter/openai/gpt-4-turbo", "cl100k_base", True),
        ("gpt-3.5-turbo", "cl100k_base", True),
        ("gpt-5-mini", "o200k_base", True),
        ("openai/gpt-oss-120b", "o200k_harmony", True),
        ("gpt-oss:20b", "o200k_harmony", True),
        ("ft:gpt-4o-mini:me", "o200k_base", True),
        ("claude-sonnet-4", "o200k_base", False),
        ("llama-3.3-70b", "o200k_base", False),
        ("offline", "o200k_base", False),
        ("", "o200k_base", False),
    ],
)
def test_a_model_has_its_encoding(model: str, name: str, exact: bool) -> None:
    assert tokenizer_for(model) == Tokenizer(name, exact)


@pytest.mark.parametrize(
    ("name", "text", "tokens"),
    [
        ("o200k_base", "", 0),
        ("o200k_base", "hello world", 2),
        ("o200k_base", "antidisestablishmentarianism", 6),
        ("o200k_base", "お誕生日おめでとう", 8),
        ("cl100k_base", "お誕生日おめでとう", 9),
        ("cl100k_base", "2 + 2 = 4", 7),
        ("o200k_base", "<|endoftext|>", 7),
    ],
)
def test_known_counts(name: str, text: str, tokens: int) -> None:
    assert Tokenizer(name, exact=True).count(text) == tokens


@given(st.text(max_size=60), st.integers(-1, 20))
def test_a_cut_text_is_a_prefix_within_the_limit(text: str, limit: int) -> None:
    tokenizer = tokenizer_for("gpt-4o")
    cut = tokenizer.truncate(text, limit)
    assert text.startswith(cut)
    assert tokenizer.count(cut) <= max(limit, 0)
    if tokenizer.count(text) <= limit:
        assert cut == text
    cut.encode()


def test_a_cut_keeps_as_much_as_it_may() -> None:
    tokenizer = tokenizer_for("gpt-4o")
    text = "the quick brown fox jumps over the lazy dog " * 5_000
    cut = tokenizer.truncate(text, 30_000)
    assert 29_990 <= tokenizer.count(cut) <= 30_000
    assert tokenizer.truncate("😀😀😀", 2).replace("😀", "") == ""


@pytest.mark.parametrize("unit", ["a", " ", "\n", "\t", "=", "漢", "😀", "1", "ab ", "A", "'s", "\u0301"])
def test_long_runs_cost_little(unit: str) -> None:
    tokenizer = tokenizer_for("gpt-4o")
    text = unit * (400_000 // len(unit))
    start = time.perf_counter()
    tokens = tokenizer.count(text)
    cut = tokenizer.truncate(text, 1000)
    assert time.perf_counter() - start < 10
    assert tokens > 100
    assert tokenizer.count(cut) <= 1000


def test_chunks_do_not_change_the_count_of_ordinary_text() -> None:
    tokenizer = tokenizer_for("gpt-4")
    line = "The 3 ships of Columbus crossed it, didn't they? (1492) "
    assert tokenizer.count(line * 4_000) == tokenizer.count(line) * 4_000 - 3_999 * (
        2 * tokenizer.count(line) - tokenizer.count(line * 2)
    )


@pytest.mark.parametrize("length", range(16_383, 16_388))
def test_a_text_may_end_where_a_part_of_it_would_begin(length: int) -> None:
    tokenizer = tokenizer_for("gpt-4o")
    text = ("word " * 4_000)[: length - 2] + "x "
    assert tokenizer.count(text) > 3_000
    assert tokenizer.truncate(text, 100_000) == text


def test_threads_that_count_beside_one_another_do_not_disturb_what_is_kept() -> None:
    kept = Counts(4)
    digests = [bytes([number]) for number in range(64)] * 40

    def keep_all(_: int) -> None:
        for digest in digests:
            kept.keep(digest, digest[0])

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(keep_all, range(8)))
    finally:
        sys.setswitchinterval(interval)
    found = {number: kept.find(bytes([number])) for number in range(64)}
    known = {number: tokens for number, tokens in found.items() if tokens is not None}
    assert 1 <= len(known) <= 4
    assert all(tokens == number for number, tokens in known.items())
