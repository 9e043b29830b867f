"""The board: what counts as serving, degraded and unhealthy."""

import asyncio

import pytest

from soma_common.rpc.address import Address
from soma_common.rpc.health import DependencyState, HealthBoard, HealthStatus
from soma_common.testing.clock import SetClock


async def test_it_serves_from_its_start_until_its_drain() -> None:
    board = HealthBoard()
    assert board.snapshot().status is HealthStatus.UNHEALTHY
    await board.start()
    assert board.snapshot().status is HealthStatus.HEALTHY
    board.drain()
    assert (board.snapshot().serving, board.snapshot().draining) == (False, True)


async def test_a_required_dependency_that_is_not_known_yet_is_not_enough() -> None:
    board = HealthBoard()
    board.set("database", DependencyState.UNKNOWN, required=True)
    await board.start()
    assert not board.snapshot().serving
    board.set("database", DependencyState.UP)
    assert board.snapshot().serving


async def test_an_optional_one_degrades_only() -> None:
    board = HealthBoard()
    await board.start()
    board.set("governor", DependencyState.DOWN)
    assert board.snapshot().status is HealthStatus.DEGRADED
    assert board.snapshot().serving


async def test_since_moves_with_the_state_only() -> None:
    clock = SetClock()
    board = HealthBoard(clock)
    board.set("database", DependencyState.UP)
    first = clock.now()
    clock.advance(5)
    board.set("database", DependencyState.UP)
    assert board.snapshot().dependencies["database"].since == first
    board.set("database", DependencyState.DOWN)
    assert board.snapshot().dependencies["database"].since == clock.now()


async def test_a_check_that_hangs_is_down() -> None:
    board = HealthBoard()
    board.watch("slow", asyncio.Event().wait, 0.01, required=True)
    await board.start()
    assert board.snapshot().dependencies["slow"].state is DependencyState.DOWN
    await board.stop()


async def test_whoever_waits_is_woken() -> None:
    board = HealthBoard()
    waiting = asyncio.create_task(board.changed())
    await asyncio.sleep(0)
    board.set("database", DependencyState.UP)
    async with asyncio.timeout(1):
        await waiting


@pytest.mark.parametrize("text", ["", "host", "host:", ":x", "host:70000", "host:-1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        Address.parse(text)


def test_addresses_are_read_and_written() -> None:
    assert str(Address.parse("[::1]:80")) == "[::1]:80"
    assert Address.parse("chat:21021") == Address("chat", 21021)
