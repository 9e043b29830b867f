"""Runs pytest on every processor; few failures of tests that start processes are heard once more, alone.

`run_tests.py [PYTEST ARGUMENT ...]`. What fails beside others and holds alone is named at the end: it is a race to be
found, and no reason to throw the whole run away. Nothing else is forgiven: a test of the pure tiers, failures in more
than `MOST_FILES` or of more than `MOST_TESTS`, a second failure.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

MOST_FILES: Final = 3
# A fixture that failed takes all tests of its file with it.
MOST_TESTS: Final = 16
PARALLEL: Final = ("-n", "logical", "--maxprocesses", "4", "--dist", "loadfile", "--no-loadscope-reorder")
# Nothing in these waits for another process, so a failure is one.
PURE: Final = ("tests/arch/", "tests/unit/", "tests/property/")
_SOME_FAILED: Final = 1


def main(arguments: Sequence[str], parallel: Sequence[str] = PARALLEL) -> int:
    """Run the tests, hear again what may be heard. Returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="soma-tests-") as cache:
        code = _pytest(*parallel, *arguments, "-o", f"cache_dir={cache}")
        failed = _failed(Path(cache))
    if code != _SOME_FAILED or not may_be_heard(failed):
        return code
    _say(f"{len(failed)} failed beside others and are heard once more, alone")
    code = _pytest("-v", *failed)
    if code == 0:
        _say("held alone only; each is a race to be found:\n" + "\n".join(f"  {name}" for name in failed))
    return code


def may_be_heard(failed: Sequence[str]) -> bool:
    """Whether these failures may be of the machine's load: few, and all of tests that start processes."""
    if not all("::" in name and not name.startswith(PURE) for name in failed):
        return False
    files = {name.partition("::")[0] for name in failed}
    return 0 < len(failed) <= MOST_TESTS and len(files) <= MOST_FILES


def _pytest(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


def _failed(cache: Path) -> list[str]:
    noted = cache / "v" / "cache" / "lastfailed"
    return sorted(json.loads(noted.read_text())) if noted.is_file() else []


def _say(sentence: str) -> None:
    sys.stdout.write(f"\n=== {sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
