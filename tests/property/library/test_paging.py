"""Page tokens: they come back as they were made, for their own filter only, and junk is an argument error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soma_common.kernel.errors import SomaError
from soma_common.kernel.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, next_page_token, page_of
from soma_common.kernel.reasons import Reason

storable = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
positions = st.lists(storable | st.integers(-(2**62), 2**62), min_size=1, max_size=4)
filters = st.dictionaries(st.text(max_size=10), st.text(max_size=10) | st.integers() | st.none(), max_size=4)


@given(positions, filters)
def test_a_token_comes_back_as_it_was_made(position: list[str | int], chosen: dict[str, object]) -> None:
    token = next_page_token(position, chosen)
    assert page_of(0, token, dict(reversed(chosen.items()))).after == tuple(position)


@given(positions, filters, filters)
def test_a_token_of_another_filter_is_refused(
    position: list[str | int], one: dict[str, object], other: dict[str, object]
) -> None:
    token = next_page_token(position, one)
    if one == other:
        return
    with pytest.raises(SomaError) as caught:
        page_of(0, token, other)
    assert caught.value.reason is Reason.INVALID_FIELD
    assert caught.value.violations[0].field == "page_token"


@given(st.text(min_size=1, max_size=60))
def test_junk_is_an_argument_error(junk: str) -> None:
    with pytest.raises(SomaError) as caught:
        page_of(0, junk, {})
    assert caught.value.reason is Reason.INVALID_FIELD


@given(st.integers(0, 10_000))
def test_sizes_have_a_default_and_a_maximum(size: int) -> None:
    page = page_of(size, "", {})
    assert page.after is None
    assert page.size == (min(size, MAX_PAGE_SIZE) if size else DEFAULT_PAGE_SIZE)


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(SomaError):
        page_of(-1, "", {})
