"""Blocks whose effects are undone in the opposite order when they fail."""

import asyncio

import pytest

from soma_common.decorators import TransactionScope, trace_transaction, with_compensation
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.testing.eventually import eventually
from soma_common.tracing import TraceContext

UNKNOWN = SomaError(Reason.DEADLINE_EXCEEDED)
REFUSED = SomaError(Reason.RESOURCE_NOT_FOUND)


class Ledger:
    """Effects by name, and what was undone with what was known of it."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.undone: list[tuple[int | None, str]] = []
        self.failing: dict[str, Exception] = {}

        async def take_back(number: int | None, name: str) -> None:
            self.undone.append((number, name))

        @with_compensation(take_back)
        async def put(name: str) -> int:
            if name in self.failing:
                raise self.failing[name]
            self.done.append(name)
            return len(self.done)

        self.put = put


async def test_nothing_is_undone_when_the_block_ends_well() -> None:
    ledger = Ledger()
    async with TransactionScope("move"):
        assert [await ledger.put(name) for name in "ab"] == [1, 2]
    assert ledger.undone == []


async def test_what_was_done_is_undone_in_the_opposite_order_and_the_failure_goes_on() -> None:
    ledger = Ledger()
    with pytest.raises(ValueError, match="no more"):
        async with TransactionScope("move"):
            await ledger.put("a")
            await ledger.put("b")
            raise ValueError("no more")
    assert ledger.undone == [(2, "b"), (1, "a")]


@pytest.mark.parametrize(
    ("problem", "undone"),
    [(UNKNOWN, [(None, "b"), (1, "a")]), (ValueError(), [(None, "b"), (1, "a")]), (REFUSED, [(1, "a")])],
)
async def test_what_may_have_been_done_is_undone_and_what_was_refused_is_not(
    problem: Exception, undone: list[tuple[int | None, str]]
) -> None:
    ledger = Ledger()
    ledger.failing["b"] = problem
    with pytest.raises(type(problem)):
        async with TransactionScope("move"):
            await ledger.put("a")
            await ledger.put("b")
    assert ledger.undone == undone


async def test_a_compensation_that_fails_is_repeated_and_the_others_run_all_the_same() -> None:
    tries: list[str] = []

    async def undo_badly() -> None:
        tries.append("bad")
        raise ValueError

    async def undo_at_last() -> None:
        tries.append("late")
        if tries.count("late") < 2:
            raise ValueError

    with pytest.raises(KeyError):
        async with TransactionScope("move") as scope:
            scope.register(undo_at_last)
            scope.register(undo_badly)
            raise KeyError
    assert tries == ["bad", "bad", "bad", "late", "late"]


async def test_a_block_that_is_cancelled_is_undone_to_the_end() -> None:
    ledger, going = Ledger(), asyncio.Event()

    async def work() -> None:
        async with TransactionScope("move"):
            await ledger.put("a")
            going.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await going.wait()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await eventually(lambda: ledger.undone == [(1, "a")])


async def test_without_a_scope_nothing_is_registered() -> None:
    ledger = Ledger()
    assert await ledger.put("a") == 1
    assert TransactionScope.current() is None


async def test_an_inner_scope_undoes_its_own() -> None:
    ledger = Ledger()
    async with TransactionScope("outer") as outer:
        await ledger.put("a")
        with pytest.raises(KeyError):
            async with TransactionScope("inner"):
                await ledger.put("b")
                raise KeyError
        assert TransactionScope.current() is outer
    assert ledger.undone == [(2, "b")]


async def test_a_traced_function_is_a_scope_in_a_span_of_its_own() -> None:
    ledger = Ledger()
    spans: list[TraceContext] = []

    @trace_transaction("move")
    async def move(name: str, *, fail: bool = False) -> str:
        spans.append(TraceContext.current())
        await ledger.put(name)
        if fail:
            raise KeyError(name)
        return name.upper()

    assert await move("a") == "A"
    with pytest.raises(KeyError):
        await move("b", fail=True)
    assert ledger.undone == [(2, "b")]
    assert spans[0].span_id != spans[1].span_id
    assert move.__name__ == "move"
