"""The one form of a coordinate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.memory.domain.coordinates import coordinate_of


@pytest.mark.parametrize(
    ("given_text", "form"),
    [
        ("4,8,15", "4,8,15"),
        (" 4 , 8.0 ,15.00", "4,8,15"),
        ("1.50,-0.25", "1.5,-0.25"),
        ("1e3,2", "1000,2"),
        ("-0,1", "0,1"),
        ("  home \n address ", "home address"),
        ("cafe\u0301", "caf\u00e9"),
        ("Porto, old town", "Porto, old town"),
        ("4,", "4,"),
        ("42", "42"),
        ("", ""),
    ],
)
def test_equal_keys_have_one_form(given_text: str, form: str) -> None:
    assert coordinate_of(given_text) == form
    assert coordinate_of(form) == form


@pytest.mark.parametrize("text", ["nan,1", "1,inf", "-infinity,0,0", "1e999,1"])
def test_numbers_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        coordinate_of(text)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=4))
def test_numbers_stay_what_they_are_however_they_are_written(numbers: list[float]) -> None:
    form = coordinate_of(" , ".join(map(repr, numbers)))
    assert [float(part) for part in form.split(",")] == numbers
    assert coordinate_of(form) == form
