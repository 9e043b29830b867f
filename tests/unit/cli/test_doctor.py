"""What the doctor says of a machine, without a running stack."""

import asyncio
import json
import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.doctor import machine
from cli.doctor.examination import examine
from cli.doctor.finding import Finding, State
from cli.doctor.keys import keys
from cli.doctor.mesh import verdict
from cli.main import app
from cli.stack.first_start import make_first_start
from config import Settings, load_settings
from soma.chat.v1 import turn_event_pb2 as event_pb
from soma.common.v1 import level_pb2 as level_pb
from soma_common.kernel.ids import Ids
from soma_common.security.keys import make_user_key, write_key
from soma_common.testing.ports import PortShift

NOW = datetime.now(UTC)
COMPLETED = event_pb.TurnEvent(completed=event_pb.TurnCompleted(receipt_id="r"))


def settings_of(home: Path, **more: str) -> Settings:
    """The settings of a data folder."""
    return load_settings({"SOMA_HOME": str(home), "SOMA_INSTANCE": "doctor", **more})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder after the first start's preparations."""
    path = tmp_path / "home"
    make_first_start(settings_of(path), Ids())
    return path


def test_python(subtests: pytest.Subtests) -> None:
    for version, state in {(3, 10): State.BAD, (3, 12): State.GOOD, (3, 14): State.BAD}.items():
        with subtests.test(version=version):
            assert machine.python(version).state is state


def test_a_full_disk_is_bad(tmp_path: Path) -> None:
    assert machine.disk(tmp_path / "not" / "made").state is State.GOOD
    full = machine.disk(tmp_path, free_bytes=5)
    assert full.state is State.BAD
    assert str(tmp_path) in full.mend


def test_folders_are_ours_and_closed(home: Path) -> None:
    folders = settings_of(home).home_folders
    assert machine.folders(folders).state is State.GOOD
    (home / "keys").chmod(0o755)
    found = machine.folders(folders)
    assert found.state is State.BAD
    assert found.mend == f"chmod 700 {home / 'keys'}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_bad(home: Path) -> None:
    os.chown(home / "keys", 12345, -1)
    assert "another account" in machine.folders(settings_of(home).home_folders).reason


def test_an_occupied_port_is_bad(home: Path) -> None:
    reserved = PortShift.reserve((20020,))
    settings = settings_of(home, SOMA_PORT_SHIFT=str(reserved.shift))
    with socket.create_server(("127.0.0.1", 20020 + reserved.shift)):
        found = machine.ports(settings, running=False)
    reserved.release()
    assert found.state is State.BAD
    assert found.mend == f"SOMA_PORT_SHIFT={reserved.shift + 1000} make up"
    assert machine.ports(settings, running=True).state is State.GOOD


def test_a_clock_that_went_back_is_bad(home: Path) -> None:
    (home / "logs" / "chat.log").write_text("{}\n")
    folders = settings_of(home).home_folders
    assert machine.clock(folders, NOW).state is State.GOOD
    behind = machine.clock(folders, NOW - timedelta(days=400))
    assert behind.state is State.BAD
    assert "timedatectl" in behind.mend


def test_keys_that_fit_are_good(home: Path) -> None:
    assert keys(settings_of(home)).state is State.GOOD


def test_before_the_first_start_there_are_no_keys(tmp_path: Path) -> None:
    assert keys(settings_of(tmp_path)).state is State.SKIPPED


@pytest.mark.parametrize("name", ["user.json", "chat.json", "jwks.json"])
def test_a_damaged_key_is_bad_and_can_be_mended(home: Path, name: str) -> None:
    (home / "keys" / name).write_text("{")
    found = keys(settings_of(home))
    assert found.state is State.BAD
    assert name in found.mend


def test_a_key_that_the_set_does_not_know_is_bad(home: Path) -> None:
    write_key(home / "keys" / "user.json", make_user_key("urn:somastack:other"))
    found = keys(settings_of(home))
    assert found.state is State.BAD
    assert "user" in found.reason


def test_a_turn_that_completes_is_good() -> None:
    assert verdict([COMPLETED]).state is State.GOOD


def test_a_turn_that_fails_says_why() -> None:
    found = verdict([event_pb.TurnEvent(failed=event_pb.TurnFailed(sentence="The provider refused the key."))])
    assert (found.state, found.reason) == (State.BAD, "The provider refused the key.")
    assert verdict([]).state is State.BAD


def test_a_turn_at_a_worse_level_is_bad() -> None:
    level = level_pb.DEGRADATION_LEVEL_L1
    started = event_pb.TurnStarted(
        level=level, level_reasons=[level_pb.LevelReason(level=level, sentence="Memory does not answer.")]
    )
    found = verdict([event_pb.TurnEvent(started=started), COMPLETED])
    assert found.state is State.BAD
    assert "L1 only. Memory does not answer." in found.reason


def test_what_is_not_good_names_what_mends_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.doctor.examination.load_settings", lambda: settings_of(home))
    found = asyncio.run(examine(lambda _: None))
    by_name: dict[str, Finding] = {finding.name: finding for finding in found}
    assert {by_name[name].state for name in ("database", "servers", "turn")} == {State.SKIPPED}
    assert by_name["turn"].mend == "make up"
    assert all(finding.mend for finding in found if finding.state is not State.GOOD)


def test_wrong_settings_are_found_and_end_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMA_DEPLOY_MODE", "moon")
    done = CliRunner().invoke(app, ["doctor", "--json"])
    told = json.loads(done.stdout)
    assert done.exit_code == 1
    assert told["good"] is False
    assert any(row["name"] == "settings" and "SOMA_DEPLOY_MODE" in row["reason"] for row in told["findings"])
