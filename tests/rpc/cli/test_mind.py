"""The commands on the mind against a scripted cognitive service: what they ask, print and refuse."""

import asyncio
import json
from collections.abc import Iterator
from threading import Event, Thread

import grpc
import pytest
from typer.testing import CliRunner

from cli.exits import CommandError
from cli.main import app
from cli.stack.first_start import make_first_start
from config import load_settings
from soma.cognitive.v1 import modulation_service_pb2 as modulation_pb
from soma.cognitive.v1 import sleep_service_pb2 as sleep_pb
from soma.cognitive.v1 import thread_service_pb2 as thread_pb
from soma_common.kernel.ids import Ids
from soma_common.testing.ports import PortShift
from tests.support.scripted_mind import ADAPTED, AGENT, CYCLE, DONE, OPTION, THOUGHT, THREAD, ScriptedMind

PORT = 30102


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ScriptedMind, dict[str, str]]]:
    """A cognitive service in a thread of its own, and an installation that knows it."""
    free = PortShift.reserve((PORT,))
    home = tmp_path_factory.mktemp("home")
    given = {"SOMA_HOME": str(home), "SOMA_INSTANCE": "mind", "SOMA_PORT_SHIFT": str(free.shift)}
    settings = load_settings(given)
    make_first_start(settings, Ids())
    mind, ready, over = ScriptedMind(), Event(), Event()

    async def serve() -> None:
        server = grpc.aio.server()
        for register, servicer, _ in mind.added():
            register(servicer, server)
        server.add_insecure_port(settings.endpoint("cognitive").targets[0])
        await server.start()
        ready.set()
        await asyncio.to_thread(over.wait)
        await server.stop(None)

    thread = Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(20)
    yield mind, given
    over.set()
    thread.join(20)
    free.release()


@pytest.fixture
def mind(served: tuple[ScriptedMind, dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedMind]:
    """The scripted service as it begins."""
    scripted, given = served
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    kept = dict(scripted.answers)
    scripted.asked.clear()
    yield scripted
    scripted.answers.update(kept)


def run(*words: str, code: int = 0) -> str:
    """What a command prints on standard output."""
    result = CliRunner().invoke(app, ["mind", *words])
    found = result.exception.code if isinstance(result.exception, CommandError) else result.exit_code
    assert found == code, (result.output, result.exception)
    return result.stdout


def test_show_tells_values_sleep_load_and_weights(mind: ScriptedMind) -> None:
    shown = run("show", "--agent", AGENT)
    for words in (
        "dopamine",
        "It was raised.",
        "light (answers, and learns at half the rate)",
        "Load: 0.42",
        "graph 0.30",
    ):
        assert words in shown
    assert {asked.agent_id for asked in mind.asked} == {AGENT}
    told = json.loads(run("show", "--json"))
    assert (told["sleep"]["state"], told["adaptation"]["version"]) == ("SLEEP_STATE_LIGHT", 3)


def test_a_state_of_sleep_is_asked_for_with_its_time(mind: ScriptedMind) -> None:
    shown = run("sleep", "light", "--ttl", "10m", "--trace", "tea")
    [asked] = mind.asked
    assert (asked.target_state, asked.ttl_seconds, asked.trace_id, asked.wake) == ("light", 600, "tea", False)
    assert asked.request_id
    assert "It was active." in shown
    run("wake")
    assert (mind.asked[-1].target_state, mind.asked[-1].wake) == ("active", True)


@pytest.mark.parametrize(
    "words",
    [
        ("sleep", "nap"),
        ("sleep", "light", "--ttl", "2h"),
        ("sleep", "light", "--ttl", "soon"),
        ("sleep", "--ttl", "10m"),
        ("sleep", "light", "--watch"),
        ("cycle", "run", "--no-nrem", "--no-rem"),
        ("cycle", "cancel", "mine"),
        ("thread", "new"),
        ("thread", "choose", "first"),
        ("thread", "next", "--peek", "--expect", "1"),
        ("thread", "reset", "--clear"),
        ("adaptation", "reset"),
        ("adaptation", "rollback", "-1"),
        ("feedback", "nice"),
        ("feedback", "-2"),
        ("feedback", "nan"),
        ("act", " "),
        ("act", "look", "--namespace", "mine"),
        ("set", "oxytocin=1"),
    ],
)
def test_wrong_words_are_wrong_use_and_change_nothing(mind: ScriptedMind, words: tuple[str, ...]) -> None:
    run(*words, code=2)
    assert not any(hasattr(asked, "request_id") for asked in mind.asked)


def test_a_cycle_is_followed_to_its_end(mind: ScriptedMind) -> None:
    running = sleep_pb.SleepCycle()
    running.CopyFrom(DONE)
    running.state, running.step = sleep_pb.SLEEP_CYCLE_STATE_RUNNING, "consolidate"
    mind.answers["RunSleepCycle"] = sleep_pb.RunSleepCycleResponse(cycle=running)
    shown = run("cycle", "run", "--no-rem", "--tokens", "0")
    begun = mind.asked[0]
    assert (begun.nrem, begun.rem, begun.token_budget, begun.async_mode) == (True, False, 0, True)
    assert "32 memories in 2 groups" in shown
    assert "32 memories were replayed in 2 groups." in shown
    assert len(mind.asked) == 2, "it was looked at once"
    assert json.loads(run("cycle", "run", "--no-wait", "--json"))["state"] == "SLEEP_CYCLE_STATE_RUNNING"


def test_a_cycle_that_failed_is_a_failure(mind: ScriptedMind) -> None:
    failed = sleep_pb.SleepCycle(cycle_id=CYCLE, state=sleep_pb.SLEEP_CYCLE_STATE_FAILED)
    mind.answers["RunSleepCycle"] = sleep_pb.RunSleepCycleResponse(cycle=failed)
    assert "failed" in run("cycle", "run", code=1)


def test_cycles_are_listed_and_the_one_that_runs_is_cancelled(mind: ScriptedMind) -> None:
    assert "COMPLETED" in run("cycle", "list", "-n", "5")
    assert mind.asked[-1].page_size == 5
    run("cycle", "cancel", code=1)
    status = sleep_pb.SleepStatus(current_cycle=sleep_pb.SleepCycle(cycle_id=CYCLE))
    mind.answers["GetSleepStatus"] = sleep_pb.GetSleepStatusResponse(status=status)
    run("cycle", "cancel")
    assert mind.asked[-1].cycle_id == CYCLE


def test_a_thread_is_made_followed_chosen_from_and_reset(mind: ScriptedMind) -> None:
    shown = run("thread", "new", "Ask", "Look", "--goal", "Find it")
    assert list(mind.asked[-1].options) == ["Ask", "Look"]
    assert "▸   1    0.90" in shown
    assert "Ask the supplier. (0.90) – They have it." in run("thread", "next", "--expect", "1")
    assert mind.asked[-1].expected_version == 1
    run("thread", "next", THREAD, "--peek")
    peeked = mind.asked[-1]
    assert isinstance(peeked, thread_pb.GetNextOptionRequest)
    assert not peeked.HasField("expected_version")
    run("thread", "choose", "1")
    assert mind.asked[-1].option_id == OPTION
    run("thread", "choose", "3", code=1)
    run("thread", "reset")
    assert mind.asked[-1].mode == thread_pb.THREAD_RESET_MODE_REWIND
    run("thread", "reset", "--clear", "--yes")
    assert mind.asked[-1].mode == thread_pb.THREAD_RESET_MODE_CLEAR
    assert THOUGHT.goal in run("thread", "list")


def test_a_thread_without_an_option_is_no_failure(mind: ScriptedMind) -> None:
    mind.answers["TakeNextOption"] = thread_pb.TakeNextOptionResponse(exhausted=True)
    assert run("thread", "next") == ""
    assert json.loads(run("thread", "next", "--json"))["exhausted"] is True


def test_weights_are_shown_rolled_back_and_reset(mind: ScriptedMind) -> None:
    assert "0.300" in run("adaptation", "show")
    assert ADAPTED.cause in run("adaptation", "history")
    run("adaptation", "rollback", "2", "--expect", "3")
    assert (mind.asked[-1].version, mind.asked[-1].expected_version) == (2, 3)
    run("adaptation", "reset", "--learning-rate", "0", "--with-history", "--yes")
    assert (mind.asked[-1].base_lr, mind.asked[-1].HasField("base_lr"), mind.asked[-1].reset_history) == (0, True, True)


def test_feedback_is_a_word_or_a_number(mind: ScriptedMind) -> None:
    assert "so their weight rose" in run("feedback", "good")
    run("feedback", "-0.5", "--turn", CYCLE)
    assert [asked.reward for asked in mind.asked] == [1, -0.5]
    assert mind.asked[-1].turn_id == CYCLE


def test_an_action_is_told_as_it_goes(mind: ScriptedMind) -> None:
    shown = run("act", "call", "the", "supplier", "--session", "s1", "--dry-run")
    assert (mind.asked[0].act.task, mind.asked[0].act.dry_run) == ("call the supplier", True)
    assert shown.index("Salience 0.81") < shown.index("Plan: Find the number")
    lines = [json.loads(line) for line in run("act", "look", "--json").splitlines()]
    assert [next(iter(line)) for line in lines] == ["step", "done"]
    assert "The invoice is missing." in run("working-memory", "s1")


def test_what_is_unsound_is_a_failure(mind: ScriptedMind) -> None:
    assert "GOOD" in run("diagnose")
    wrong = modulation_pb.Finding(name="replay", sentence="A change is missing.")
    mind.answers["GetDiagnostics"] = modulation_pb.GetDiagnosticsResponse(findings=[wrong])
    assert "A change is missing." in run("diagnose", code=1)
