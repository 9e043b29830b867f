"""What a run of all tests hears again."""

from pathlib import Path

import pytest

from tools.run_tests import MOST_HEARD, main, may_be_heard

ONCE = """
from pathlib import Path

def test_fails_the_first_time():
    seen = Path(__file__).with_suffix(".seen")
    if not seen.exists():
        seen.touch()
        raise AssertionError("the first time")
"""
ALWAYS = "def test_fails_always():\n    raise AssertionError('again')\n"


def _write(place: str, content: str) -> None:
    file = Path(place)
    file.parent.mkdir(parents=True)
    file.write_text(content)
    Path("pytest.ini").write_text("[pytest]\n")


@pytest.mark.parametrize(
    ("place", "content", "code", "says"),
    [
        ("tests/e2e/test_it.py", ONCE, 0, "held alone only"),
        ("tests/e2e/test_it.py", ALWAYS, 1, "heard once more"),
        ("tests/unit/test_it.py", ONCE, 1, None),
    ],
)
def test_what_failed_once_is_heard_again_alone(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    place: str,
    content: str,
    code: int,
    says: str | None,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    _write(place, content)
    assert main([], parallel=()) == code
    output = capfd.readouterr().out
    assert says in output if says else "heard once more" not in output


def test_who_chose_options_hears_nothing_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What lies behind the first failure was not run, so that its success alone would say nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTEST_ADDOPTS", "-x")
    _write("tests/e2e/test_it.py", ONCE + ALWAYS)
    assert main([], parallel=()) == 1
    assert "heard once more" not in capfd.readouterr().out


def test_only_few_failures_may_be_of_load() -> None:
    names = [f"tests/e2e/test_it.py::test_{number}" for number in range(MOST_HEARD + 1)]
    assert may_be_heard(names[:MOST_HEARD])
    assert not may_be_heard(names)
    assert not may_be_heard([])


@pytest.mark.parametrize(
    "name",
    [
        "tests/e2e/test_it.py",
        "tests/property/governor/test_lanes.py::test_it",
        "tests/chaos/test_faults.py::test_it",
        "tests/integration/chat/test_budget_kills.py::test_it",
    ],
)
def test_load_is_no_excuse_for_whoever_looks_for_races(name: str) -> None:
    assert not may_be_heard([name])
