"""A plan goes breadth-first through the links from what fits best."""

from uuid import UUID

from servers.cognitive.domain.planning import Link, plan


def ids(*numbers: int) -> tuple[UUID, ...]:
    return tuple(UUID(int=number) for number in numbers)


def link(source: int, target: int, strength: float = 1.0) -> Link:
    return Link(UUID(int=source), UUID(int=target), strength)


def test_near_comes_before_far() -> None:
    links = [link(1, 2), link(2, 3), link(1, 4), link(4, 5)]
    assert plan(ids(1), links) == ids(2, 4, 3, 5)


def test_the_stronger_link_goes_first() -> None:
    assert plan(ids(1), [link(1, 2, 0.2), link(1, 3, 0.9)]) == ids(3, 2)


def test_each_memory_is_one_step_and_a_start_is_none() -> None:
    assert plan(ids(1, 2), [link(1, 2), link(2, 1), link(1, 3), link(2, 3), link(3, 1)]) == ids(3)


def test_a_plan_has_five_steps_at_most() -> None:
    assert plan(ids(1), [link(number, number + 1) for number in range(1, 9)]) == ids(2, 3, 4, 5, 6)


def test_nothing_to_begin_with_gives_no_plan() -> None:
    assert plan((), [link(1, 2)]) == ()
