"""The terminal client in full: branches, what is typed ahead, consents, and answers that another device began."""

import json
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from soma.chat.v1 import agent_service_pb2 as agent_pb
from soma.chat.v1 import conversation_service_pb2 as conversation_pb
from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Script, ScriptedUpstream, ToolCall
from tests.e2e.support.asking import make_agent
from tests.e2e.support.person import Person, person_of
from tests.e2e.support.terminal import CTRL_D, PROMPT, Terminal

Open = Callable[..., Terminal]
CONSENT = "[a]pprove"
SUM = "Please calculate the product of 6 and 7 for me."
AGAIN = "Please calculate it once more, the product of 6 and 7."


def wants(match: str) -> Script:
    """A model that wants to compute; whatever else is asked meanwhile, as a title, takes no script of this."""
    call = ToolCall("math_evaluate", '{"expression": "6 * 7"}', id="c1")
    return Script(match=match, text="Let me see.", tool_calls=(call,))


def then(text: str) -> Script:
    """What it says once it has the result."""
    return Script(match="tool_call_id", text=text)


def test_questions_are_edited_answers_made_anew_and_branches_shown(chat: Open, model: ScriptedUpstream) -> None:
    model.enqueue(
        Script(match="capital of France", text="Paris."),
        Script(match="capital of Italy", text="Rome."),
        Script(match="capital of Italy", text="Roma."),
        Script(match="And another one", text="And Milan."),
    )
    terminal = chat()
    terminal.wait_for(PROMPT)
    terminal.say("The capital of France?")
    terminal.wait_for("Paris.", "receipt ", PROMPT)
    terminal.say("/edit The capital of Italy?")
    terminal.wait_for("Rome.", "receipt ", PROMPT)
    terminal.say("/regenerate")
    terminal.wait_for("Roma.", "receipt ", PROMPT)
    terminal.say("/branches")
    shown = re.sub(r" +", " ", terminal.wait_for("WRITTEN", PROMPT))
    assert re.findall(r"(› )?(\d) 2 The capital of (\w+)\? (\w+)\.", shown) == [
        ("", "1", "France", "Paris"),
        ("", "2", "Italy", "Rome"),
        ("› ", "3", "Italy", "Roma"),
    ]
    terminal.say("/branch 2")
    terminal.wait_for("Going on with branch 2", "Rome.", PROMPT)
    terminal.say("/branch 4")
    terminal.wait_for("There is no branch 4; there are 3.", PROMPT)
    terminal.say("And another one?")
    terminal.wait_for("And Milan.", "receipt ", PROMPT)
    [asked] = [each.prompt for each in model.requests() if "And another one" in each.prompt]
    assert "Rome." in asked
    assert "Roma." not in asked
    assert "Paris." not in asked
    terminal.say("/bad It is no capital.")
    terminal.wait_for("Kept.", PROMPT)
    terminal.say("/edit")
    terminal.wait_for("say instead › And another one?")
    terminal.say(" In the north, please.")
    terminal.wait_for("receipt ", PROMPT)
    said = [each.messages[-1]["content"] for each in model.requests()]
    assert "And another one? In the north, please." in said


def test_what_is_typed_while_an_answer_is_written_waits_for_its_turn(chat: Open, model: ScriptedUpstream) -> None:
    model.enqueue(
        Script(match="long story", text="A long story. " * 40, chunks=40, gap_seconds=0.05),
        Script(match="a second one", text="Second answer."),
        Script(match="a third one", text="Third answer."),
    )
    terminal = chat()
    terminal.wait_for(PROMPT)
    terminal.say("Tell me a long story.")
    terminal.wait_for("A long story. A long")
    terminal.say("And a second one?")
    terminal.wait_for("Queued: And a second one?")
    terminal.say("And a third one?")
    terminal.wait_for("Queued: And a third one?")
    terminal.say("/title")
    shown = terminal.wait_for("receipt ", "you › And a second one?", "Second answer.", "receipt ", "Third answer.")
    assert "Second answer." not in shown.partition("receipt ")[0]
    terminal.wait_for("receipt ", "you › /title", PROMPT)
    last = next(each for each in model.requests() if each.messages[-1]["content"] == "And a third one?")
    assert (
        last.prompt.index("A long story.")
        < last.prompt.index("And a second one?")
        < last.prompt.index("Second answer.")
    )
    terminal.press(CTRL_D)
    assert terminal.end() == 0


def test_an_answer_that_is_being_written_is_followed_from_its_beginning(
    chat: Open, mesh: Mesh, model: ScriptedUpstream
) -> None:
    model.enqueue(Script(match="a story", text="It begins here. " + "And so on. " * 800, chunks=800, gap_seconds=0.05))
    begun = mesh.begin("chat", "Tell me a story.", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert begun.stdout is not None
        assert begun.stdout.read(20)
        terminal = chat("--last")
        terminal.wait_for("Going on with", "from its beginning", "It begins here.")
        begun.send_signal(signal.SIGINT)
        terminal.wait_for("Stopped; the text so far is kept.", "receipt ", PROMPT)
    finally:
        begun.communicate(timeout=20)
    assert begun.returncode == 130


@pytest.fixture
async def asked_first(mesh: Mesh, model: ScriptedUpstream) -> str:
    """A conversation of the owner with an agent that must ask before it computes."""
    owner = mesh.identity["SOMA_OWNER_SUB"]
    async with person_of(mesh, owner, mesh.token_for(owner, ("admin",))) as person:
        return await _conversation(person)


async def _conversation(person: Person) -> str:
    rule = agent_pb.ToolRule(tool="math.*", permission=agent_pb.TOOL_PERMISSION_APPROVAL)
    agent = await make_agent(person, tool_rules=[rule])
    request = conversation_pb.CreateConversationRequest(agent_id=agent.agent_id, request_id=str(uuid4()))
    made = await person.grpc.call(person.grpc.conversations.CreateConversation, request)
    return str(made.conversation.conversation_id)


async def test_a_tool_asks_first_at_the_terminal(chat: Open, model: ScriptedUpstream, asked_first: str) -> None:
    model.enqueue(wants(SUM), then("It is 42."), wants(AGAIN), then("Then not."))
    terminal = chat("--conversation", asked_first)
    terminal.wait_for(PROMPT)
    terminal.say(SUM)
    terminal.wait_for("Let me see.", "math.evaluate", "waits for consent", CONSENT, "› ")
    assert not any("tool_call_id" in json.dumps(each.body) for each in model.requests())
    terminal.say("a")
    terminal.wait_for("approved by", "= 42", "It is 42.", "receipt ", PROMPT)
    terminal.say(AGAIN)
    terminal.wait_for("waits for consent", CONSENT, "› ")
    terminal.say("d not on a Sunday")
    terminal.wait_for("denied by", "not on a Sunday", "Then not.", "receipt ", PROMPT)
    assert any("not on a Sunday" in each.prompt for each in model.requests())


async def test_a_consent_that_was_left_is_asked_for_once_more_and_not_again(
    chat: Open, model: ScriptedUpstream, asked_first: str
) -> None:
    model.enqueue(wants(SUM), then("It is 42."))
    terminal = chat("--conversation", asked_first)
    terminal.wait_for(PROMPT)
    terminal.say(SUM)
    terminal.wait_for(CONSENT, "› ")
    terminal.say("")
    terminal.wait_for("It waits.", PROMPT)
    terminal.say("/approvals")
    terminal.wait_for("6 * 7", CONSENT, "› ")
    terminal.say("a")
    told = terminal.wait_for("from its beginning", "Let me see.", "approved by", "It is 42.", "receipt ", PROMPT)
    assert CONSENT not in told


async def test_a_consent_is_given_on_another_day_from_the_command_line(
    chat: Open, mesh: Mesh, model: ScriptedUpstream, asked_first: str
) -> None:
    model.enqueue(wants(SUM), then("It is 42."))
    done = mesh.cli("chat", "--conversation", asked_first, SUM)
    assert done.returncode == 1
    assert "waits for consent" in done.stderr
    assert done.stdout == "Let me see."
    turn_id = re.findall(r"approve ([0-9a-f-]{36})", done.stderr)[0]
    terminal = chat("--conversation", asked_first)
    terminal.wait_for("from its beginning", "Let me see.", CONSENT, "› ")
    terminal.say("")
    terminal.wait_for("It waits.", PROMPT)
    listed = json.loads(mesh.cli("approval", "list", "--conversation", asked_first, "--json").stdout)["approvals"]
    assert [(each["turn_id"], each["request"]["call"]["name"]) for each in listed] == [(turn_id, "math.evaluate")]
    unasked = mesh.cli("approval", "approve", turn_id)
    assert unasked.returncode == 2
    assert '{"expression": "6 * 7"}' in unasked.stderr
    approved = mesh.cli("approval", "approve", "--yes", turn_id, "--note", "just once")
    assert approved.returncode == 0, approved.stderr
    assert f"somastack chat --conversation {asked_first}" in approved.stdout
    again = mesh.cli("approval", "deny", turn_id)
    assert again.returncode == 1
    assert "waits for no consent" in again.stderr
    terminal.say("/approvals")
    terminal.wait_for("Nothing waits for your consent here.", PROMPT)
    terminal.say(f"/open {asked_first}")
    terminal.wait_for("Going on with", PROMPT)
    model.enqueue(Script(match="Are you sure", text="Still 42."))
    terminal.say("Are you sure?")
    terminal.wait_for("Still 42.", "receipt ", PROMPT)
    assert any("It is 42." in each.prompt and "Are you sure" in each.prompt for each in model.requests())


def test_a_conversation_is_found_named_and_kept(
    chat: Open, mesh: Mesh, model: ScriptedUpstream, tmp_path: Path
) -> None:
    model.enqueue(Script(match="quokka", text="The quokka is a marsupial."))
    terminal = chat()
    terminal.wait_for(PROMPT)
    terminal.say("What is a quokka?")
    terminal.wait_for("receipt ", PROMPT)
    terminal.say("/title Animals of the west")
    terminal.wait_for("“Animals of the west”", PROMPT)
    terminal.say("/search quokka")
    terminal.wait_for("Animals of the west", "quokka", PROMPT)
    file = tmp_path / "talk.json"
    terminal.say(f"/export {file}")
    terminal.wait_for("The whole conversation is in", PROMPT)
    kept = json.loads(file.read_text("utf-8"))
    assert kept["header"]["title"] == "Animals of the west"
    assert [message["role"] for message in kept["messages"]] == ["ROLE_USER", "ROLE_ASSISTANT"]
    terminal.say(f"/export {file}")
    terminal.wait_for("is there already", PROMPT)
