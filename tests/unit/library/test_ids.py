"""Identifiers: their form, and that those of one process come in the order in which they were made."""

import time
from uuid import RFC_4122

from soma_common.kernel.ids import Ids


def test_a_uuid7_has_the_form_of_rfc_9562_and_the_time_in_front() -> None:
    before = time.time_ns() // 1_000_000
    made = Ids().uuid7()
    after = time.time_ns() // 1_000_000
    assert (made.version, made.variant) == (7, RFC_4122)
    assert before <= made.int >> 80 <= after


def test_the_uuids_of_one_maker_rise_however_fast_they_are_made() -> None:
    ids = Ids()
    made = [ids.uuid7() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_a_clock_that_stands_still_does_not_stop_them() -> None:
    ids = Ids()
    first = ids.uuid7()
    ids._last_tick += 1 << 30
    later = [ids.uuid7() for _ in range(3)]
    assert sorted([first, *later]) == [first, *later]
