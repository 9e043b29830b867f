"""What `make up` says and does before there is anything of ours to run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ("sh", "dirname", "cat", "cksum", "cut", "grep", "awk", "rm", "date", "mktemp")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with what the bootstrap reads, and a PATH with nothing but the plainest tools."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "bin").mkdir()
    for name in ("tools/bootstrap.sh", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in TOOLS:
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    return tmp_path


def bootstrap(checkout: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(checkout / "bin"), "HOME": str(checkout)}
    return subprocess.run(
        [checkout / "bin/sh", "tools/bootstrap.sh"],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def script(path: Path, text: str) -> None:
    path.write_text(f"#!{shutil.which('sh')}\n{text}\n")
    path.chmod(0o755)


def test_without_python_it_names_what_to_install(checkout: Path) -> None:
    done = bootstrap(checkout)
    assert done.returncode == 1
    assert "no Python 3.11, 3.12 or 3.13" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_python_that_is_too_old_does_not_count(checkout: Path) -> None:
    script(checkout / "bin/python3", "exit 1")
    assert "no Python 3.11, 3.12 or 3.13" in bootstrap(checkout).stderr


def test_a_python_without_venv_names_its_package(checkout: Path) -> None:
    real = os.path.realpath(sys.executable)
    script(checkout / "bin/python3", f'case "$2" in *ensurepip*) exit 1 ;; esac\nexec "{real}" "$@"')
    done = bootstrap(checkout)
    assert done.returncode == 1
    assert f"python3.{sys.version_info.minor}-venv" in done.stderr


def test_it_does_nothing_when_nothing_changed(checkout: Path) -> None:
    checksum = "cat requirements.lock pyproject.toml tools/bootstrap.sh | cksum"
    wanted = subprocess.run(["sh", "-c", checksum], cwd=checkout, capture_output=True, text=True, check=True).stdout
    (checkout / ".venv/bin").mkdir(parents=True)
    script(checkout / ".venv/bin/python", "exit 7")
    (checkout / ".venv/.bootstrapped").write_text(f"{wanted.strip()} {checkout}\n")
    done = bootstrap(checkout)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
