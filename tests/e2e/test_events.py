"""What happened in the running mesh: a turn's whole story by its trace, news as they come, usage, and replays of it."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from typing import Any, cast
from uuid import uuid4

import asyncpg
import pytest

from config import load_settings
from soma_common.testing.eventually import eventually
from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import ScriptedUpstream
from tests.e2e.support.person import Person

STORY = [
    ("chat", "conversation.created"),
    ("chat", "turn.started"),
    ("governor", "governor.settled"),
    ("chat", "turn.completed"),
]
AFTERWARDS = {("memory", "memory.stored"), ("cognitive", "cognitive.state.changed")}


def said(mesh: Mesh, *words: str) -> str:
    """What a command that succeeds writes to standard output."""
    done = mesh.cli(*words)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def records(mesh: Mesh, *words: str) -> list[dict[str, Any]]:
    """The events that a list prints as lines of JSON."""
    return [json.loads(line) for line in said(mesh, "events", "list", *words, "--json").splitlines()]


def total(mesh: Mesh) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(said(mesh, "usage", "--json"))["total"])


async def turns_counted(mesh: Mesh, amount: int) -> None:
    await eventually(lambda: total(mesh)["turns"] == amount, within_seconds=60, every_seconds=0.5)


async def empty_usage(mesh: Mesh) -> None:
    """As its owner, for no process may."""
    settings = load_settings({name: word for name, word in mesh.environment.items() if name.startswith("SOMA_")})
    owner = await asyncpg.connect(settings.database("control").owner_dsn)
    try:
        await owner.execute("truncate usage_turns")
    finally:
        await owner.close()


async def test_the_story_of_a_turn_is_told_by_its_trace(mesh: Mesh, model: ScriptedUpstream) -> None:
    asked = mesh.cli("chat", f"My animal is a quokka{uuid4().hex[:8]}, remember that.")
    assert asked.returncode == 0, asked.stderr
    ended: list[dict[str, Any]] = []

    def told() -> bool:
        ended[:] = records(mesh, "--type", "turn.completed", "--since", "5m")
        return bool(ended)

    await eventually(told, within_seconds=60, every_seconds=0.3)
    trace = ended[-1]["trace_id"]
    assert ended[-1]["payload"]["usage"]["output_tokens"] > 0

    def whole() -> bool:
        events = [(record["service"], record["event_type"]) for record in records(mesh, "--trace-id", trace[:12])]
        # What the installation does besides, as a level that changes, may stand between them.
        assert [event for event in events if event in STORY] == STORY, events
        assert set(events[events.index(STORY[-1]) :]) >= AFTERWARDS, events
        return True

    await eventually(whole, within_seconds=60, every_seconds=0.5)
    told_times = [record["time"] for record in records(mesh, "--trace-id", trace)]
    assert told_times == sorted(told_times)
    shown = said(mesh, "events", "list", "--trace-id", trace)
    for word in ("TIME (UTC)", "governor.settled", "memory.stored", trace[:8]):
        assert word in shown
    assert "\x1b" not in shown, "no colours in a pipe"
    assert "turn.completed" in said(mesh, "events", "tail", "--type", "turn.*", "-n", "3")


async def test_usage_is_counted_and_filled_again_by_a_replay(mesh: Mesh, model: ScriptedUpstream) -> None:
    replay = ("events", "replay", "--from", "1d", "--target", "control.usage", "--effects", "--yes")
    await empty_usage(mesh)
    said(mesh, *replay)
    before = total(mesh)["turns"]
    for _ in range(3):
        assert mesh.cli("chat", "What can you do?").returncode == 0
    await turns_counted(mesh, before + 3)
    whole = said(mesh, "usage", "--csv")
    assert whole.splitlines()[0].startswith("day,agent_id,turns,failed_turns")
    await empty_usage(mesh)
    assert total(mesh)["turns"] == 0
    dry = said(mesh, "events", "replay", "--from", "1d", "--target", "control.usage")
    assert f"{before + 3} of {before + 3} events are lacking in control.usage; nothing was changed." in dry
    assert total(mesh)["turns"] == 0
    unasked = mesh.cli("events", "replay", "--from", "1d", "--target", "control.usage", "--effects")
    assert unasked.returncode == 2, "nobody can be asked"
    assert "are lacking in control.usage" in unasked.stderr
    assert f"{before + 3} events had their effect" in said(mesh, *replay)
    assert said(mesh, "usage", "--csv") == whole
    messages = [json.loads(line) for line in said(mesh, *replay, "--json").splitlines()]
    assert [message["sequence"] for message in messages] == list(range(1, len(messages) + 1))
    assert (messages[-1]["finished"], messages[-1]["done"], messages[-1]["had"]) == (True, 0, before + 3)
    assert said(mesh, "usage", "--csv") == whole


async def test_a_replay_that_is_cut_off_says_how_to_go_on(mesh: Mesh, model: ScriptedUpstream) -> None:
    for _ in range(2):
        assert mesh.cli("chat", "What can you do?").returncode == 0
    await eventually(lambda: total(mesh)["turns"] >= 2, within_seconds=60, every_seconds=0.5)
    await empty_usage(mesh)
    slowly = ("events", "replay", "--from", "1d", "--target", "control.usage", "--effects", "--yes", "--speed", "0.001")
    running = mesh.begin(*slowly, "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert running.stdout is not None
    try:
        assert json.loads(await asyncio.to_thread(running.stdout.readline))["replay_name"]
        running.send_signal(signal.SIGINT)
        _, told = await asyncio.to_thread(running.communicate, None, 60)
    finally:
        running.kill()
    assert running.returncode == 130
    sentence = told.decode()
    assert "What was done stays done. Go on with: somastack events replay --resume replay-" in sentence
    resume = sentence.split("Go on with: somastack ")[1].split()
    assert said(mesh, *resume)
    dry = said(mesh, "events", "replay", "--from", "1d", "--target", "control.usage")
    assert dry.startswith("0 of ")


@pytest.fixture
def tail(mesh: Mesh) -> Iterator["subprocess.Popen[bytes]"]:
    following = mesh.begin("events", "tail", "-f", "-n", "0", "--type", "turn.*", "--json", stdout=subprocess.PIPE)
    yield following
    following.kill()
    following.communicate()


async def test_news_are_followed_over_a_restart_of_control(
    mesh: Mesh, model: ScriptedUpstream, tail: "subprocess.Popen[bytes]"
) -> None:
    assert tail.stdout is not None
    os.set_blocking(tail.stdout.fileno(), False)
    heard = b""

    def conversations() -> list[str]:
        nonlocal heard
        assert tail.stdout is not None
        heard += tail.stdout.read() or b""
        rows = [json.loads(line) for line in heard.splitlines(keepends=True) if line.endswith(b"\n")]
        return [row["stream"] for row in rows if row["event_type"] == "turn.completed"]

    def one_more_than(amount: int) -> bool:
        if len(conversations()) == amount:
            assert mesh.cli("chat", "Go on.").returncode == 0
        return len(conversations()) > amount

    await eventually(lambda: one_more_than(0), within_seconds=60, every_seconds=0.5)
    pid = mesh.kill("control")
    already = len(conversations())
    assert mesh.cli("chat", "What can you do?").returncode == 0
    mesh.wait_ready("control", other_than=pid)
    await eventually(lambda: len(conversations()) > already, within_seconds=60, every_seconds=0.3)
    assert len(set(conversations())) == len(conversations()), "each once"


async def test_rest_lists_events_and_usage_for_operators(admin: Person, ada: Person, eve: Person) -> None:
    await ada.grpc.say("What can you do?")

    async def listed() -> bool:
        async with admin.http.get("/admin/events", params={"filter.event_type": "turn.*", "page_size": "5"}) as answer:
            assert answer.status == 200, await answer.text()
            return bool((await answer.json())["events"])

    await eventually(listed, within_seconds=60)
    async with admin.http.get("/admin/usage") as answer:
        assert (answer.status, "total" in await answer.json()) == (200, True)
    for path in ("/admin/events", "/admin/usage", "/admin/events:watch"):
        async with ada.http.get(path) as answer:
            assert answer.status == 403, path
    async with eve.http.get("/admin/events") as answer:
        assert (await answer.json())["events"] == []
    async with eve.http.get("/admin/usage") as answer:
        assert (await answer.json())["total"]["turns"] == 0
    for broken in ({"page_token": "broken"}, {"filter.event_type": "NO"}, {"filter.trace_id": "q"}):
        async with admin.http.get("/admin/events", params=broken) as answer:
            assert answer.status == 400, broken
    request = {"target": "nobody.knows", "effects": True}
    async with admin.http.post("/admin/events:replay", json=request) as answer:
        assert answer.status == 404, await answer.text()


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("events", "replay", "--from", "now", "--to", "yesterday"), 2, "--to must be later than --from"),
        (("events", "replay", "--from", "1h", "--target", "nope"), 1, "There is no replay target nope."),
        (("events", "replay", "--resume", "replay-0", "--effects"), 1, "There is no replay replay-0."),
        (("events", "replay", "--from", "1h", "--effects"), 2, "--target control.usage"),
        (("events", "replay"), 2, "--from 7d"),
        (("events", "list", "--since", "sometime"), 2, "is no time for --since"),
        (("events", "list", "--since", "1h", "--until", "2h"), 2, "--until must be later than --since"),
        (("events", "list", "--type", "Turn"), 2, "turn.started"),
        (("events", "list", "--trace-id", "zz"), 2, "first 4"),
        (("usage", "--from", "today", "--to", "yesterday"), 2, "--to must not be earlier"),
        (("usage", "--json", "--csv"), 2, "not both"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_wrong_use_is_a_sentence(mesh: Mesh, words: tuple[str, ...], code: int, sentence: str) -> None:
    done = mesh.cli(*words)
    assert done.returncode == code, done.stderr
    assert sentence in done.stderr
    assert done.stdout == ""
