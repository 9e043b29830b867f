"""What every tier shares: the order of the tiers, their marks, the profile of Hypothesis and the fixtures of real servers."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

TIERS = ("arch", "unit", "property", "contract", "rpc", "integration", "e2e", "chaos")
ROOT = Path(__file__).parent

pytest_plugins = [name for name in ("soma_common.testing.postgres",) if find_spec(name)]

settings.register_profile("soma", deadline=None, print_blob=True)
settings.load_profile("soma")


def tier_of(path: Path) -> str:
    """The folder below `tests/` in which a file lies."""
    return path.relative_to(ROOT).parts[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test with its tier and run cheap tiers first."""
    for item in items:
        item.add_marker(tier_of(item.path))
    items.sort(key=lambda item: TIERS.index(tier_of(item.path)))
