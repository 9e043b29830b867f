"""Counts equal those of the published tokenizers: of tiktoken as OpenAI sets it up, and of the definition in Python."""

import random
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from itertools import pairwise
from typing import Any

import pytest
import regex
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from soma_common.tokens.tables import shipped, unpack
from soma_common.tokens.tokenizer import PATTERNS, Tokenizer, parts

pytestmark = pytest.mark.unit

NAMES = ("cl100k_base", "o200k_base", "o200k_harmony")
TABLES = {"cl100k_base": "cl100k_base", "o200k_base": "o200k_base", "o200k_harmony": "o200k_base"}

PROSE = (
    "It was, they'd said, a 100% certain thing: the ships (all 3 of them!) WOULDN'T sail before 12:30 — or so I've "
    "heard. Don't you think that's naïve? Ünïcödé, œuvre, straße, İstanbul, ﬁne.\n\n"
)
CODE = (
    "def f(x: int) -> str:\n    if x == 0:\n\t\treturn 'zero'  # NOTE: 0x1F\n        \n    return f\"{x!r:>10}\"\n\n\n"
    "export const a = <T,>(b?: T) => b ?? null; // ===\r\n/* /path/to//file */ #include <stdio.h>\n"
)
JSON = '{"id":12345678901,"ok":true,"list":[1,22,333,4444,-5.5e-10],"näme":"a\\u00e9\\n","nested":{"":null}},\n  {}\t'
CJK = "今天天气很好，我们去公园散步吧。昨日は雨でしたが、今日は晴れています！한국어 문장도 있습니다. ﾊﾝｶｸ　全角"
OTHERS = "Привет, мир! שלום עולם مرحبا بالعالم สวัสดีชาวโลก नमस्ते दुनिया Ω≈ç√∫ e\u0301a\u0308 ½²³ Ⅷ ٣٤٥ 〇一二"
EMOJI = "😀😀 👨‍👩‍👧‍👦 🇩🇪🇫🇷 👍🏽 ☃️ ❤ \u200d\ufe0f🏳️‍🌈"
BLANKS = " \t\n\r\v\f\x85\xa0\u2003\u2028\u3000 \n \r\n  \n\n\t\t  x   y \x1c\x1d\x1e\x1f z  "
SPECIAL = "<|endoftext|><|im_start|>user<|im_sep|><|fim_prefix|><|start|>assistant<|channel|>final<|message|>"
BROKEN = "\ud800 a \udfff\ud83d \ud83d\ude00 \x00\x01\x7f\ufffd\ufeff\U0010ffff"
SAMPLES: Mapping[str, str] = {
    "prose": PROSE, "code": CODE, "json": JSON, "cjk": CJK, "other scripts": OTHERS, "emoji": EMOJI, "blanks": BLANKS,
    "special": SPECIAL, "broken": BROKEN,
}  # fmt: skip
# Longer than a part.
LONG = 70_000
pieces = st.sampled_from([*SAMPLES.values(), " ", "  ", "\n", "'s", "'LL", "1", "a", "A", "漢", "😀", "/", "0" * 7])
texts = st.lists(pieces | st.text(max_size=12) | st.integers(0, 10**9).map(str), max_size=12).map("".join)


@cache
def ranks(table: str) -> dict[bytes, int]:
    return {token: rank for rank, token in enumerate(unpack(shipped(table)))}


@pytest.fixture(scope="module")
def official() -> Mapping[str, tiktoken.Encoding]:
    """The encodings by OpenAI's own definitions, their patterns and special tokens, with the shipped tables."""
    published: Any = import_module("tiktoken_ext.openai_public")
    patch = pytest.MonkeyPatch()
    patch.setattr(published, "load_tiktoken_bpe", lambda url, **_: ranks(url.rpartition("/")[2].partition(".")[0]))
    found = {name: tiktoken.Encoding(**getattr(published, name)()) for name in NAMES}
    patch.undo()
    return found


def defined(name: str, text: str) -> int:
    """The count by definition: split by the pattern, then merge the pair of the lowest rank until there is none."""
    table, total = ranks(TABLES[name]), 0
    plain = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    for piece in regex.findall(PATTERNS[TABLES[name]], plain):
        found = [bytes([byte]) for byte in piece.encode()]
        while len(found) > 1:
            merged = [table.get(one + two, 2**32) for one, two in pairwise(found)]
            lowest = min(merged)
            if lowest == 2**32:
                break
            at = merged.index(lowest)
            found[at : at + 2] = [found[at] + found[at + 1]]
        total += len(found)
    return total


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", SAMPLES)
def test_counts_are_those_of_the_reference(official: Mapping[str, tiktoken.Encoding], name: str, kind: str) -> None:
    text = SAMPLES[kind]
    tokenizer = Tokenizer(name, exact=True)
    assert tokenizer.count(text) == len(official[name].encode(text, disallowed_special=())) == defined(name, text)
    long = text * (LONG // len(text))
    assert tokenizer.count(long) == len(official[name].encode(long, disallowed_special=()))


@pytest.mark.parametrize("name", NAMES)
def test_a_long_mixed_text_counts_as_the_reference_counts_it(
    official: Mapping[str, tiktoken.Encoding], name: str
) -> None:
    chance = random.Random(name)
    text = "".join(chance.choices(list(SAMPLES.values()), k=3000))
    assert len(text) > 200_000
    assert Tokenizer(name, exact=True).count(text) == len(official[name].encode(text, disallowed_special=()))


@given(texts, st.sampled_from(NAMES))
def test_any_text_counts_as_the_reference_counts_it(
    official: Mapping[str, tiktoken.Encoding], text: str, name: str
) -> None:
    counted = Tokenizer(name, exact=True).count(text)
    assert counted == len(official[name].encode(text, disallowed_special=()))
    assert Tokenizer(name, exact=True).count(text) == counted


@given(texts, st.sampled_from(("cl100k_base", "o200k_base")), st.integers(1, 40))
@settings(max_examples=200)
def test_parts_add_up_wherever_a_text_is_parted(
    official: Mapping[str, tiktoken.Encoding], text: str, name: str, length: int
) -> None:
    encoding = official[name]
    found = list(parts(text, length, longest=10**6))
    assert "".join(found) == text
    assert sum(len(encoding.encode_ordinary(part)) for part in found) == len(encoding.encode_ordinary(text))


@pytest.mark.parametrize("unit", ["7", "abc", "漢字", "{}", "😀"])
def test_a_run_without_any_boundary_is_cut_and_counts_almost_the_same(
    official: Mapping[str, tiktoken.Encoding], unit: str
) -> None:
    text = unit * (150_000 // len(unit))
    counted, expected = (
        Tokenizer("o200k_base", exact=True).count(text),
        len(official["o200k_base"].encode_ordinary(text)),
    )
    assert abs(counted - expected) <= (0 if unit == "7" else 1)
