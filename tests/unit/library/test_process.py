"""How a process of a service ends, and work in the background that goes on whatever happens."""

import asyncio
from pathlib import Path

import pytest

from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.postgres.migrate import MigrationError
from soma_common.rpc.process import keep_running, run
from soma_common.security.keys import KeyFileError, read_jwks


async def test_background_work_goes_on_after_every_failure() -> None:
    failures = iter((SomaError(Reason.DATABASE_UNAVAILABLE), RuntimeError("a mistake of ours"), KeyError("x")))
    done = asyncio.Event()

    async def work() -> None:
        failure = next(failures, None)
        if failure is not None:
            raise failure
        done.set()

    task = asyncio.create_task(keep_running("test", work, 0.001))
    async with asyncio.timeout(5):
        await done.wait()
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    "problem",
    [
        MigrationError("The schema is behind."),
        KeyFileError("The key file cannot be read."),
        SomaError(Reason.DATABASE_UNAVAILABLE),
    ],
)
def test_what_keeps_a_process_from_serving_is_one_sentence(
    problem: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    async def main() -> None:
        raise problem

    assert run(main) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Traceback" not in said


def test_a_process_whose_key_set_is_missing_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        read_jwks(tmp_path / "jwks.json")

    assert run(main) == 1
    assert "jwks.json cannot be read" in capsys.readouterr().err
