"""Backups that are cut off, damaged or restored where there are data: a sentence, and nothing has changed."""

import json
import shutil
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from soma_common.testing.mesh import Mesh
from soma_common.testing.postgres import temporary_home

PART, DATABASE = ".*.part", "database.tar"
# What is to be cut off in its middle must not be quicker than who watches for the middle, nor starve on a busy machine.
UNHURRIED = ("nice", "-n", "5")
WAITED_SECONDS = 120


@pytest.fixture(scope="module")
def whole(mesh: Mesh, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup that is in order."""
    file = tmp_path_factory.mktemp("backups") / "whole.soma"
    done = mesh.cli("backup", str(file))
    assert done.returncode == 0, done.stderr
    assert str(file) in done.stdout
    return file


@pytest.fixture(scope="module")
def small(whole: Path) -> Path:
    """The same with a database that is none, for what is refused before anybody looks into it."""
    file = whole.with_name("small.soma")
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(file, "w") as new:
        content = {name: old.read(name) for name in old.namelist() if name != DATABASE}
        content[DATABASE] = b"no database"
        told = json.loads(content["manifest.json"])
        for part in told["parts"]:
            if part["name"] == DATABASE:
                part |= {"size_bytes": len(content[DATABASE]), "sha256": sha256(content[DATABASE]).hexdigest()}
        content["manifest.json"] = json.dumps(told).encode()
        for name, each in content.items():
            new.writestr(name, each)
    return file


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The settings of an installation that is not there yet."""
    home = tmp_path / "empty"
    yield {"SOMA_HOME": str(home), "SOMA_INSTANCE": "empty"}
    assert not [path for path in home.rglob("*") if path.is_file() and path.parent.name not in ("run", "logs")]


def cut_short(whole: Path, to: Path) -> None:
    to.write_bytes(whole.read_bytes()[:-20_000])


def bit_turned(whole: Path, to: Path) -> None:
    content = bytearray(whole.read_bytes())
    content[len(content) // 2] ^= 1
    to.write_bytes(content)


def no_archive(_small: Path, to: Path) -> None:
    to.write_text("dear diary")


def rewritten(change: Callable[[dict[str, object]], object], extra: str = "") -> Callable[[Path, Path], None]:
    """The same parts under another manifest, and a part that no manifest names."""

    def make(small: Path, to: Path) -> None:
        with zipfile.ZipFile(small) as old, zipfile.ZipFile(to, "w") as new:
            for name in old.namelist():
                content = old.read(name)
                if name == "manifest.json":
                    told = json.loads(content)
                    change(told)
                    content = json.dumps(told).encode()
                new.writestr(name, content)
            if extra:
                new.writestr(extra, "x")

    return make


def outside(told: dict[str, object]) -> None:
    told["parts"] = [*_list(told["parts"]), {"name": "files/../../x", "size_bytes": 1, "sha256": "0"}]


def other_sum(told: dict[str, object]) -> None:
    told["parts"] = [{**part, "sha256": "0" * 64} for part in _list(told["parts"])]


def huge(told: dict[str, object]) -> None:
    told["parts"] = [{**part, "size_bytes": 10**15} for part in _list(told["parts"])]


def _list(value: object) -> list[dict[str, object]]:
    assert isinstance(value, list)
    return value


def refused(mesh: Mesh, bad: Path, empty: dict[str, str], words: str) -> None:
    done = mesh.cli("restore", str(bad), settings=empty)
    assert done.returncode == 1
    assert words in done.stderr
    assert "error inside" not in done.stderr


@pytest.mark.parametrize(
    ("spoil", "words"),
    [(cut_short, "only a piece"), (bit_turned, "damaged")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_damaged_is_refused(
    mesh: Mesh,
    whole: Path,
    empty: dict[str, str],
    tmp_path: Path,
    spoil: Callable[[Path, Path], None],
    words: str,
) -> None:
    bad = tmp_path / "bad.soma"
    spoil(whole, bad)
    refused(mesh, bad, empty, words)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (no_archive, "no backup"),
        (rewritten(lambda told: told.update(format=99)), "does not know"),
        (rewritten(lambda told: told.update(ground={"postgres": "17", "machine": "x86_64"})), "PostgreSQL 17"),
        (rewritten(lambda told: told.update(ground={"postgres": "18", "machine": "vax"})), "vax"),
        (rewritten(lambda told: told.update(schemas={"chat": 999})), "newer than this one"),
        (rewritten(lambda told: told.pop("parts")), "no backup"),
        (rewritten(other_sum), "not what the manifest says"),
        (rewritten(lambda _told: None, extra="files/keys/evil.json"), "not those of its manifest"),
        (rewritten(huge), "Make room"),
        (rewritten(outside), "not made as a backup is"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_in_order_is_refused(
    mesh: Mesh,
    small: Path,
    empty: dict[str, str],
    tmp_path: Path,
    spoil: Callable[[Path, Path], None],
    words: str,
) -> None:
    bad = tmp_path / "bad.soma"
    spoil(small, bad)
    refused(mesh, bad, empty, words)


def test_an_installation_with_data_is_refused(mesh: Mesh, whole: Path) -> None:
    before = {path: path.read_bytes() for path in (mesh.home / "keys").iterdir()}
    done = mesh.cli("restore", str(whole))
    assert done.returncode == 1
    assert "SOMA_HOME=" in done.stderr
    assert {path: path.read_bytes() for path in (mesh.home / "keys").iterdir()} == before
    assert all(row.ready for row in mesh.status().values())


def test_a_file_that_is_there_is_replaced_only_when_told(mesh: Mesh, tmp_path: Path) -> None:
    file = tmp_path / "kept.soma"
    file.write_text("mine")
    assert mesh.cli("backup", str(file)).returncode == 1
    assert file.read_text() == "mine"
    assert mesh.cli("backup", "--force", str(file)).returncode == 0
    assert zipfile.is_zipfile(file)
    assert not list(tmp_path.glob(PART))


def test_it_holds_all_of_an_installation_and_nothing_that_can_be_made_anew(mesh: Mesh, whole: Path) -> None:
    names = zipfile.ZipFile(whole).namelist()
    saved = {name.split("/")[1] for name in names if name.startswith("files/")}
    assert saved == {path.name for path in mesh.home.iterdir()} - {"postgres", "logs", "run", "chat-history"}
    assert "database.tar" in names


def test_a_disk_that_is_full_leaves_nothing(mesh: Mesh, tmp_path: Path) -> None:
    # A limit of the size of files is met as a full disk is.
    before = ("/bin/sh", "-c", 'ulimit -f 2000; exec "$@"', "sh")
    process = mesh.begin("backup", str(tmp_path / "full.soma"), before=before, stderr=subprocess.PIPE)
    _, said = process.communicate(timeout=WAITED_SECONDS)
    assert process.returncode == 1
    assert b"no room" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_what_is_cut_off_leaves_no_file_that_looks_whole(mesh: Mesh, tmp_path: Path, number: signal.Signals) -> None:
    process = mesh.begin("backup", str(tmp_path / "cut.soma"), before=UNHURRIED)
    draft = first_of(tmp_path, PART)
    process.send_signal(number)
    process.wait(WAITED_SECONDS)
    assert not (tmp_path / "cut.soma").exists()
    assert draft.exists() == (number == signal.SIGKILL)
    assert not zipfile.is_zipfile(draft)
    if draft.exists():
        assert mesh.cli("backup", str(tmp_path / "next.soma")).returncode == 0, "it is not in the way of the next one"


@pytest.fixture
def half() -> Iterator[Path]:
    """A data folder that the database's account can reach, for a restore that does not end."""
    home = temporary_home()
    yield home
    shutil.rmtree(home)


def test_a_restore_that_was_killed_is_never_started(mesh: Mesh, whole: Path, half: Path) -> None:
    settings = {"SOMA_HOME": str(half), "SOMA_INSTANCE": "half"}
    process = mesh.begin("restore", str(whole), before=UNHURRIED, settings=settings)
    first_of(half, "restore-unfinished")
    process.kill()
    process.wait(WAITED_SECONDS)
    for words in (("up",), ("restore", str(whole))):
        done = mesh.cli(*words, settings=settings)
        assert done.returncode == 1
        assert "away" in done.stderr


def first_of(folder: Path, pattern: str) -> Path:
    """The first file of this pattern, as soon as there is one; polled much faster than the rest of its making takes."""
    end = time.monotonic() + WAITED_SECONDS
    while not (found := list(folder.glob(pattern))):
        assert time.monotonic() < end, f"no {pattern} in {folder}"
        time.sleep(0.002)
    return found[0]
