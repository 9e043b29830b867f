"""A conversation at a real terminal: keys go in as they are pressed, what the screen shows comes out."""

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import stat
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Script, ScriptedUpstream

CTRL_C, CTRL_D, UP = "\x03", "\x04", "\x1b[A"
PROMPT = "you › "
LONG = Script(text="A long story. " * 200, chunks=200, gap_seconds=0.05)
Open = Callable[..., "Terminal"]


class Terminal:
    """The command in a terminal of its own, which it controls."""

    def __init__(self, mesh: Mesh, *words: str) -> None:
        self._ours, theirs = pty.openpty()
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.shown = ""
        self.process: subprocess.Popen[bytes] = mesh.begin(
            *words,
            settings={"TERM": "xterm", "COLUMNS": "200", "NO_COLOR": "1"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)

    def press(self, keys: str) -> None:
        # A signal between the writing of a prompt and the waiting for keys would be seen only with the next key.
        self._read(self._waits, 20, "a moment in which it waits")
        os.write(self._ours, keys.encode())

    def say(self, line: str) -> None:
        self.press(f"{line}\r")

    def wait_for(self, *words: str, seconds: float = 20) -> str:
        """What came up to the last of these words, which are waited for in order; forgets it."""
        taken = ""
        for word in words:
            self._read(partial(self._shows, word), seconds, word)
            before, found, self.shown = self.shown.partition(word)
            taken += before + found
        return taken

    def end(self, seconds: float = 20) -> int:
        """The exit code, once everything is read."""
        self._read(lambda: self.process.poll() is not None, seconds, "the end")
        return self.process.wait()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._ours)

    def _waits(self) -> bool:
        state = Path(f"/proc/{self.process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
        return state == "S"

    def _shows(self, word: str) -> bool:
        return word in self.shown

    def _read(self, enough: Callable[[], bool], seconds: float, what: str) -> None:
        end = time.monotonic() + seconds
        while not enough():
            assert time.monotonic() < end, f"{what!r} did not come; shown: {self.shown[-800:]!r}"
            if select.select([self._ours], [], [], 0.1)[0]:
                try:
                    piece = self._decoder.decode(os.read(self._ours, 65536))
                except OSError:  # the terminal's other side is closed
                    assert self.process.wait(5) is not None
                    continue
                self.shown += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", piece)


@pytest.fixture
def chat(mesh: Mesh, model: ScriptedUpstream) -> Iterator[Open]:
    opened: list[Terminal] = []

    def begin(*words: str) -> Terminal:
        opened.append(Terminal(mesh, "chat", *words))
        return opened[-1]

    yield begin
    for terminal in opened:
        terminal.close()


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
    terminal.say("Tell me a long story.")
    terminal.wait_for("A long story. A long")
    pid = mesh.kill("chat")
    terminal.wait_for("Connection lost, reconnecting.", "receipt ", PROMPT, seconds=60)
    mesh.wait_ready("chat", other_than=pid)
    terminal.say("Are you there?")
    terminal.wait_for("receipt ", PROMPT)
