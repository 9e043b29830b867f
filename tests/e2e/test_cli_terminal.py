"""A conversation at a real terminal: keys go in as they are pressed, what the screen shows comes out."""

import os
import re
import signal
import stat
from collections.abc import Callable

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.e2e.support.terminal import CTRL_C, CTRL_D, PROMPT, UP, Terminal

LONG = Script(text="A long story. " * 200, chunks=200, gap_seconds=0.05)
Open = Callable[..., Terminal]


def test_ctrl_c_stops_the_turn_and_not_the_program(chat: Open, model: ScriptedUpstream) -> None:
    model.enqueue(LONG)
    terminal = chat()
    terminal.wait_for(PROMPT)
    terminal.say("Tell me a long story.")
    terminal.wait_for("A long story. A long")
    terminal.press(CTRL_C)
    terminal.wait_for("Stopped; the text so far is kept.", "receipt ", PROMPT)
    model.set_default(Script(text="Here I am."))
    terminal.say("Are you there?")
    terminal.wait_for("Here I am.", "receipt ", PROMPT)
    terminal.press(CTRL_C)
    terminal.wait_for("Ctrl-C once more", PROMPT)
    terminal.say("And now?")
    terminal.wait_for("Here I am.", PROMPT)
    terminal.press(CTRL_C)
    terminal.wait_for("Ctrl-C once more", PROMPT)
    terminal.press(CTRL_C)
    assert terminal.end() == 0
    assert "--conversation" in terminal.shown


def test_a_second_ctrl_c_leaves_an_answer_that_cannot_be_stopped(
    chat: Open, mesh: Mesh, model: ScriptedUpstream
) -> None:
    model.enqueue(LONG)
    terminal = chat()
    terminal.wait_for(PROMPT)
    terminal.say("Tell me a long story.")
    terminal.wait_for("A long story. A long")
    hung = mesh.status()["chat"].pid
    assert hung is not None
    os.kill(hung, signal.SIGSTOP)
    try:
        terminal.press(CTRL_C)
        terminal.wait_for("^C")
        terminal.press(CTRL_C)
        terminal.wait_for("Left it.", PROMPT)
    finally:
        os.kill(hung, signal.SIGCONT)
    model.set_default(Script(text="Here I am."))
    terminal.say("/new")
    terminal.wait_for(PROMPT)
    terminal.say("Are you there?")
    terminal.wait_for("Here I am.", "receipt ", PROMPT)


def test_history_outlives_the_session_and_is_for_this_account_only(chat: Open, mesh: Mesh) -> None:
    first = chat()
    first.wait_for(PROMPT)
    first.say("Which tea is the best of all?")
    first.wait_for("receipt ", PROMPT)
    first.press(CTRL_D)
    assert first.end() == 0
    file = mesh.home / "chat-history"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    second = chat()
    second.wait_for(PROMPT)
    second.press(UP)
    second.wait_for("Which tea is the best of all?")
    second.press(CTRL_D * 2)
    second.say("")
    second.wait_for("receipt ", PROMPT)
    second.say("/qu\t")
    assert second.end() == 0, "Tab completed the command"


def test_a_question_of_several_lines(chat: Open, model: ScriptedUpstream) -> None:
    terminal = chat()
    terminal.wait_for(PROMPT)
    for line in ("Sort these:\\", "pears\\", "apples"):
        terminal.say(line)
    terminal.wait_for("receipt ", PROMPT)
    for line in ('"""', "def f():", "    pass", '"""'):
        terminal.say(line)
    terminal.wait_for("receipt ", PROMPT)
    asked = [request.messages[-1]["content"] for request in model.requests()]
    assert asked == ["Sort these:\npears\napples", "def f():\n    pass"]


def test_conversations_are_begun_listed_and_taken_up(chat: Open, model: ScriptedUpstream) -> None:
    first = chat()
    first.wait_for(PROMPT)
    first.say("My name is Ada.")
    first.wait_for("receipt ", PROMPT)
    first.say("/new")
    first.wait_for(PROMPT)
    first.say("Something else.")
    first.wait_for("receipt ", PROMPT)
    assert "My name is Ada." not in [message["content"] for message in model.requests()[-1].messages]
    first.say("/list")
    listed = first.wait_for("MESSAGES", PROMPT)
    current, before = re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", listed)[:2]
    assert f"› {current}" in re.sub(r" +", " ", listed)
    first.say(f"/open {before}")
    first.wait_for("Going on with", PROMPT)
    first.say("What is my name?")
    first.wait_for("receipt ", PROMPT)
    assert "My name is Ada." in [message["content"] for message in model.requests()[-1].messages]
    first.say("/model nothing/at-all")
    first.wait_for("no ", PROMPT)
    first.press(CTRL_D)
    assert first.end() == 0
    second = chat("--continue")
    second.wait_for("Going on with", PROMPT)
    second.say("And now?")
    second.wait_for("receipt ", PROMPT)
    assert "What is my name?" in [message["content"] for message in model.requests()[-1].messages]


def test_an_answer_goes_on_when_chat_dies(chat: Open, mesh: Mesh, model: ScriptedUpstream) -> None:
    model.enqueue(LONG)
    terminal = chat()
    terminal.wait_for(PROMPT)
    pid = mesh.pid("chat")
    terminal.say("Tell me a long story.")
    terminal.wait_for("A long story. A long")
    os.kill(pid, signal.SIGKILL)
    terminal.wait_for("Connection lost, reconnecting.", "receipt ", PROMPT, seconds=60)
    mesh.wait_ready("chat", other_than=pid)
    terminal.say("Are you there?")
    terminal.wait_for("receipt ", PROMPT)
