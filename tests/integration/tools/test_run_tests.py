"""What a run of all tests hears again."""

from pathlib import Path

import pytest

from tools.run_tests import MOST_FILES, MOST_TESTS, main, may_be_heard

ONCE = """
from pathlib import Path

def test_fails_the_first_time():
    seen = Path(__file__).with_suffix(".seen")
    if not seen.exists():
        seen.touch()
        raise AssertionError("the first time")
"""
ALWAYS = "def test_fails_always():\n    raise AssertionError('again')\n"


def _run(place: str, content: str) -> int:
    file = Path(place)
    file.parent.mkdir(parents=True)
    file.write_text(content)
    Path("pytest.ini").write_text("[pytest]\n")
    return main([place], parallel=())


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
    assert _run(place, content) == code
    output = capfd.readouterr().out
    assert says in output if says else "heard once more" not in output


def test_many_failures_are_not_of_load() -> None:
    names = [f"tests/e2e/test_it.py::test_{number}" for number in range(MOST_TESTS + 1)]
    assert may_be_heard(names[:MOST_TESTS])
    assert not may_be_heard(names)
    files = [f"tests/e2e/test_{number}.py::test_it" for number in range(MOST_FILES + 1)]
    assert may_be_heard(files[:MOST_FILES])
    assert not may_be_heard(files)
    assert not may_be_heard([])
    assert not may_be_heard(["tests/e2e/test_it.py"])
