"""A program that is started warm is as one that is started by the system: words, environment, streams, and its end."""

import os
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from soma_common.testing.warm import Program, WarmProcess, run_warm, start_warm

pytestmark = pytest.mark.integration

TELLING = """
import os, sys
if __name__ == "__main__":
    print(sys.argv[1:], os.environ.get("COLOUR"), os.getcwd(), len(os.environ), sys.stdin.read())
    print("aside", file=sys.stderr)
    sys.exit(7)
"""
BREAKING = "raise ValueError('so it goes')"
LASTING = "import time; time.sleep(600)"


def program(folder: Path, text: str, *words: str, **environment: str) -> Program:
    script = folder / "program.py"
    script.write_text(text)
    return Program(words, environment, str(folder), script=str(script), ahead=("json",))


def begun(asked: Program) -> WarmProcess:
    with tempfile.TemporaryFile() as nowhere:
        return start_warm(asked, nowhere, nowhere)


def test_it_has_its_words_its_environment_its_folder_and_its_streams(tmp_path: Path) -> None:
    done = run_warm(program(tmp_path, TELLING, "one", "two", COLOUR="blue"), "read me", 60)
    said = f"['one', 'two'] blue {tmp_path.resolve()} 1 read me\n"
    assert (done.returncode, done.stdout, done.stderr) == (7, said, "aside\n")
    assert run_warm(program(tmp_path, TELLING), "", 60).stdout.startswith("[] None "), "nothing stays of the one before"


def test_it_reads_from_a_file(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.write(write, b"from a pipe")
    os.close(write)
    try:
        assert run_warm(program(tmp_path, TELLING), read, 60).stdout.endswith(" from a pipe\n")
    finally:
        os.close(read)


def test_what_it_does_not_catch_ends_it_as_it_ends_python(tmp_path: Path) -> None:
    done = run_warm(program(tmp_path, BREAKING), "", 60)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "ValueError: so it goes")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_signal_ends_it_and_is_told(tmp_path: Path, number: signal.Signals) -> None:
    process = begun(program(tmp_path, LASTING))
    assert process.poll() is None
    process.send_signal(number)
    assert process.wait(30) == -number
    assert process.poll() == -number
    process.kill()


def test_it_runs_no_longer_than_it_may(tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run_warm(program(tmp_path, LASTING), "", 0.5)


def test_a_module_is_run_as_python_runs_it(tmp_path: Path) -> None:
    asked = Program(("-h",), {}, str(tmp_path), module="json.tool", ahead=("json.tool",))
    done = run_warm(asked, "", 60)
    assert (done.returncode, "usage: " in done.stdout, done.stderr) == (0, True, "")
