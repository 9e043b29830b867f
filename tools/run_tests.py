"""Runs pytest on every processor; few failures of tests that start processes are heard once more, alone.

`run_tests.py [PYTEST ARGUMENT ...]`. What fails beside others and holds alone is named at the end: it is a race to be
found, and no reason to throw the whole run away. Nothing else is forgiven: a test of the pure tiers, one that looks for
rare races on purpose, more failures than `MOST_HEARD`, a second failure, a run that somebody chose options for.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

MOST_HEARD: Final = 3
PARALLEL: Final = ("-n", "logical", "--maxprocesses", "4", "--dist", "loadfile", "--no-loadscope-reorder")
# Nothing in the first three waits for another process; the last is there to find what happens once in many runs, as are
# files whose name ends so.
NEVER_HEARD: Final = ("tests/arch/", "tests/unit/", "tests/property/", "tests/chaos/")
KILLS: Final = "_kills.py"
_SOME_FAILED: Final = 1


def main(arguments: Sequence[str], parallel: Sequence[str] = PARALLEL) -> int:
    """Run the tests, hear again what may be heard. Returns the exit code."""
    # With options of somebody's own, such as to stop at the first failure, nobody knows what was left out.
    is_whole = not arguments and not os.environ.get("PYTEST_ADDOPTS")
    with tempfile.TemporaryDirectory(prefix="soma-tests-") as cache:
        code = _pytest(*parallel, *arguments, "-o", f"cache_dir={cache}")
        failed = _failed(Path(cache))
    if code != _SOME_FAILED or not is_whole or not may_be_heard(failed):
        return code
    _say(f"{len(failed)} failed beside others and are heard once more, alone")
    code = _pytest("-v", *failed)
    if code == 0:
        _say("held alone only; each is a race to be found:\n" + "\n".join(f"  {name}" for name in failed))
    return code


def may_be_heard(failed: Sequence[str]) -> bool:
    """Whether these failures may be of the machine's load: few, and none of a test in which that is no excuse."""
    return 0 < len(failed) <= MOST_HEARD and all(map(_may_be_heard, failed))


def _may_be_heard(name: str) -> bool:
    file, _, test = name.partition("::")
    return bool(test) and not file.startswith(NEVER_HEARD) and not file.endswith(KILLS)


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
