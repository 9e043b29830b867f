"""The canonical form of arguments: one text for one meaning, so that consent to it is consent to nothing else."""

import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.chat.domain.arguments import ArgumentsProblem, arguments_hash, canonical, check, read_arguments

VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8) | st.floats(-1e6, 1e6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
OBJECTS: Final = st.dictionaries(st.text(max_size=5), VALUES, max_size=5)


@given(OBJECTS, st.randoms(use_true_random=False), st.sampled_from([None, 1, 3]), st.booleans())
def test_order_and_white_space_and_escapes_change_nothing(
    values: dict[str, Any], chance: Any, indent: int | None, escaped: bool
) -> None:
    names = list(values)
    chance.shuffle(names)
    other = json.dumps({name: values[name] for name in names}, indent=indent, ensure_ascii=escaped)
    assert arguments_hash(other) == arguments_hash(json.dumps(values))
    assert canonical(read_arguments(other)) == canonical(read_arguments(canonical(values)))


@given(OBJECTS, OBJECTS)
def test_other_values_have_another_hash(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = canonical(one) == canonical(other)
    assert (arguments_hash(json.dumps(one)) == arguments_hash(json.dumps(other))) is same


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"a": 1, "a": 2}', "The arguments name a twice."),
        ('{"a": {"b": 1, "b": 2}}', "The arguments name b twice."),
        ("[1]", "The arguments must be a JSON object, such as {}."),
        ('{"a": NaN}', "The arguments contain NaN, which is no number in JSON."),
        ('{"a"', "The arguments are no JSON: Expecting ':' delimiter at character 5."),
        ('{"a":' * 20 + "1" + "}" * 20, "The arguments are nested deeper than 16 levels."),
        ('"' + "x" * 65_536, "The arguments are longer than 65536 bytes."),
        ("[" * 60_000, "The arguments are no JSON that can be read."),
        (r'{"a": ["\ud83d"]}', "The arguments contain half of a character. Write it whole."),
        (r'{"\ude00\ud83d": 1}', "The arguments contain half of a character. Write it whole."),
    ],
)
def test_what_cannot_be_read_has_its_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ArgumentsProblem) as problem:
        read_arguments(text)
    assert str(problem.value) == sentence
    # It has a hash all the same, of its text.
    assert arguments_hash(text) != arguments_hash(f"{text} ")


SCHEMA: Final = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "minLength": 2, "maxLength": 5},
        "days": {"type": "integer", "minimum": 1, "maximum": 7},
        "unit": {"enum": ["c", "f"]},
        "tags": {"type": "array", "items": {"type": ["string", "null"]}, "maxItems": 2},
        "exact": {"type": "boolean"},
    },
    "required": ["city"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({}, "city is missing"),
        ({"city": 1}, "city must be string"),
        ({"city": "x"}, "city must be at least 2 characters long"),
        ({"city": "London"}, "city must be at most 5 characters long"),
        ({"city": "Kiel", "days": 0}, "days must be at least 1"),
        ({"city": "Kiel", "days": 8}, "days must be at most 7"),
        ({"city": "Kiel", "days": True}, "days must be integer"),
        ({"city": "Kiel", "days": 1.5}, "days must be integer"),
        ({"city": "Kiel", "unit": "k"}, "unit must be one of c, f"),
        ({"city": "Kiel", "tags": [1]}, "tags[0] must be string or null"),
        ({"city": "Kiel", "tags": ["a", "b", "c"]}, "tags must be at most 2 values long"),
        ({"city": "Kiel", "exact": 1}, "exact must be boolean"),
        ({"city": "Kiel", "where": 1}, "where is not known"),
    ],
)
def test_arguments_are_judged_by_the_schema(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(ArgumentsProblem) as refused:
        check(values, SCHEMA)
    assert str(refused.value) == f"The arguments do not fit: {problem}."


def test_both_halves_of_a_character_are_one() -> None:
    assert read_arguments(r'{"a": "\ud83d\ude00"}') == {"a": "😀"}


def test_what_fits_passes() -> None:
    check({"city": "Kiel", "days": 2.0, "unit": "c", "tags": ["a", None], "exact": True}, SCHEMA)
