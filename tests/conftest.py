"""What every tier shares: the order and marks of the tiers, the profile of Hypothesis, the fixtures of real servers."""

import gc
import re
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

TIERS = ("arch", "unit", "property", "contract", "rpc", "integration", "chaos", "e2e")
ROOT = Path(__file__).parent
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

pytest_plugins = [
    "soma_common.testing.kafka",
    "soma_common.testing.milvus",
    "soma_common.testing.postgres",
    "soma_common.testing.redis",
    "soma_common.testing.rpc",
    "soma_common.testing.upstream.fixtures",
    "soma_common.testing.vault",
]

settings.register_profile("soma", deadline=None, print_blob=True)
settings.load_profile("soma")


def pytest_configure() -> None:
    """Programs under test can be interrupted, also where a shell in the background began the tests deaf to Ctrl-C."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is loaded here stays: the collector would take a third of the time to find no garbage in it."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_make_parametrize_id(val: object) -> str | None:
    """A test has the same name in every process, though the ids in its words are made up anew."""
    return _UUID.sub("UUID", val) if isinstance(val, str) and _UUID.search(val) else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test printed can be told to another process, whatever halves of characters it tried."""
    report = yield
    report.sections = [(name, text.encode("utf-8", "replace").decode("utf-8")) for name, text in report.sections]
    return report


def tier_of(path: Path) -> str:
    """The folder below `tests/` in which a file lies."""
    return path.relative_to(ROOT).parts[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test with its tier and run cheap tiers first."""
    for item in items:
        item.add_marker(tier_of(item.path))
    items.sort(key=lambda item: TIERS.index(tier_of(item.path)))
