"""Dead letters and sagas as an operator meets them: on the command line and over REST, in the running mesh."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from soma_common.testing.eventually import eventually
from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import ScriptedUpstream
from tests.e2e.support.person import Person
from tests.e2e.support.tables import poison_on_the_bus, wish_for_nothing

UNKNOWN = "0197a0c2-1111-7000-8000-000000000001"


def told(mesh: Mesh, *words: str) -> Any:
    """The JSON of a command that succeeds."""
    done = mesh.cli(*words, "--json")
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return json.loads(done.stdout)


def status_of(mesh: Mesh, event_id: str) -> str:
    found = mesh.cli("dlq", "show", event_id, "--json")
    return str(json.loads(found.stdout)["status"]).removeprefix("DEAD_LETTER_STATUS_") if found.returncode == 0 else ""


async def parked(mesh: Mesh, tenant: str = "") -> str:
    """An event that chat could not deliver and has parked; its id."""
    event_id = await wish_for_nothing(mesh, "ada", UUID(tenant or mesh.identity["SOMA_TENANT_ID"]))
    await eventually(lambda: status_of(mesh, event_id) == "PARKED", within_seconds=60)
    return event_id


@pytest.fixture
def tidied(mesh: Mesh, model: ScriptedUpstream) -> Iterator[None]:
    """What a test parks it discards, so that others find a mesh in which all is well."""
    yield
    for letter in told(mesh, "dlq", "list", "--all")["dead_letters"]:
        mesh.cli("dlq", "discard", letter["event_id"], "--yes")


async def test_an_empty_list_says_what_that_means(mesh: Mesh) -> None:
    done = mesh.cli("dlq", "list")
    assert (done.returncode, done.stdout) == (0, "There are no dead letters: every event has had its effect.\n")
    assert told(mesh, "dlq", "list") == {"dead_letters": [], "more": False, "unreachable_houses": []}
    assert mesh.cli("dlq", "list", "--status", "parked").stdout == "There are no dead letters that fit.\n"
    assert "nothing to try again" in mesh.cli("dlq", "retry", "--all").stdout


@pytest.mark.usefixtures("tidied")
async def test_a_parked_event_is_seen_retried_in_vain_mended_and_done(mesh: Mesh, tmp_path: Path) -> None:
    event_id = await parked(mesh)
    (letter,) = told(mesh, "dlq", "list", "--status", "parked", "--consumer", "chat.intents")["dead_letters"]
    assert (letter["event_id"], letter["house"], letter["attempts"]) == (event_id, "chat", 1)
    listed = mesh.cli("dlq", "list")
    assert listed.stdout.splitlines()[0].split() == "ID STATUS EVENT CONSUMER HOUSE TRIES LAST ERROR".split()
    assert event_id in listed.stdout
    shown = mesh.cli("dlq", "show", event_id[:13])
    assert shown.returncode == 0, shown.stderr
    for word in (
        event_id,
        "retry it or discard it",
        "The field text is not acceptable",
        "StoreMemoryRequest",
        '"text"',
    ):
        assert word in shown.stdout, word
    doctor = mesh.cli("doctor")
    assert doctor.returncode == 1
    assert "1 event is parked" in doctor.stdout
    again = mesh.cli("dlq", "retry", event_id)
    assert again.returncode == 1
    assert "failed again in chat.intents, after 2 tries. INVALID_FIELD" in again.stderr
    word = f"heron{uuid4().hex[:8]}"
    payload = json.loads(mesh.cli("dlq", "show", event_id, "--payload").stdout)
    mended = tmp_path / "mended.json"
    mended.write_text(json.dumps({**payload, "text": f"The {word} nests here.", "namespace": "user:ada"}), "utf-8")
    done = mesh.cli("dlq", "retry", event_id, "--payload", str(mended))
    assert (done.returncode, done.stdout) == (0, "Done: intent.store_memory has had its effect in chat.intents.\n")
    assert mesh.cli("dlq", "show", event_id).returncode == 1


@pytest.mark.usefixtures("tidied")
async def test_an_event_that_nobody_can_read_is_counted_once_it_is_mended(mesh: Mesh) -> None:
    async with poison_on_the_bus(mesh, UUID(mesh.identity["SOMA_TENANT_ID"])) as event_id:
        await eventually(lambda: status_of(mesh, event_id) == "PARKED", within_seconds=60)
        shown = mesh.cli("dlq", "show", event_id).stdout
        assert "control.usage" in shown
        assert "DecodeError: The log of the house tells what happened" in shown
        assert "2 bytes of soma.events.v1.TurnEnded, which this program cannot read" in shown
        (error_id,) = [line.split()[-1] for line in shown.splitlines() if line.startswith("error id")]
        assert any(line["data"].get("error_id") == error_id for line in mesh.log_lines("control") if "data" in line), (
            "the log has it under its id"
        )
        mended = json.dumps({"turn_id": "a-turn", "usage": {"input_tokens": 3}})
        done = mesh.cli("dlq", "retry", event_id, "--payload", "-", stdin=mended)
        assert (done.returncode, done.stdout) == (0, "Done: turn.completed has had its effect in control.usage.\n")


@pytest.mark.usefixtures("tidied")
async def test_a_payload_that_does_not_fit_is_refused_with_a_sentence(mesh: Mesh, tmp_path: Path) -> None:
    event_id = await parked(mesh)
    wrong = tmp_path / "wrong.json"
    for text, says in (('{"txt": 1}', "no field named"), ("{", "JSON form"), ("{}", "sets no field")):
        wrong.write_text(text, "utf-8")
        done = mesh.cli("dlq", "retry", event_id, "--payload", str(wrong))
        assert done.returncode == 2, done.stdout
        assert says in done.stderr
        assert "StoreMemoryRequest" in done.stderr
        assert "Traceback" not in done.stderr
    missing = mesh.cli("dlq", "retry", event_id, "--payload", str(tmp_path / "nothing.json"))
    assert (missing.returncode, "There is no file" in missing.stderr) == (2, True)
    assert status_of(mesh, event_id) == "PARKED"


@pytest.mark.usefixtures("tidied")
async def test_all_are_retried_at_once(mesh: Mesh) -> None:
    ids = {await parked(mesh) for _ in range(3)}
    assert told(mesh, "dlq", "retry", "--all", "--house", "chat") == {"retried": 3, "unreachable_houses": []}

    def tried_again() -> bool:
        letters = told(mesh, "dlq", "list", "--status", "parked", "--all")["dead_letters"]
        return {letter["event_id"] for letter in letters if letter["attempts"] == 2} == ids

    await eventually(tried_again, within_seconds=60)


@pytest.mark.usefixtures("tidied")
async def test_discarding_says_what_it_gives_up_and_asks(mesh: Mesh) -> None:
    event_id = await parked(mesh)
    unasked = mesh.cli("dlq", "discard", event_id)
    assert unasked.returncode == 2, "nobody can be asked"
    assert "will never have its effect in chat.intents" in unasked.stderr
    assert status_of(mesh, event_id) == "PARKED"
    assert mesh.cli("dlq", "discard", event_id, "--yes").stdout == f"Discarded: {event_id}\n"
    assert event_id not in mesh.cli("dlq", "list").stdout
    assert event_id in mesh.cli("dlq", "list", "--status", "discarded", "--all").stdout
    refused = mesh.cli("dlq", "retry", event_id)
    assert (refused.returncode, "was discarded" in refused.stderr) == (1, True)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("dlq", "show", UNKNOWN), 1, "There is no dead letter"),
        (("dlq", "show", "xyz"), 2, "no id of a dead letter"),
        (("dlq", "list", "--house", "attic"), 2, "There is no house attic"),
        (("dlq", "retry"), 2, "Give either the id of one event or --all"),
        (("dlq", "retry", UNKNOWN, "--all"), 2, "Give either the id of one event or --all"),
        (("saga", "inspect", UNKNOWN), 1, "There is no saga"),
        (("saga", "resume", "abc"), 2, "no id of a saga"),
    ],
)
def test_wrong_words_end_with_a_sentence(mesh: Mesh, words: tuple[str, ...], code: int, says: str) -> None:
    done = mesh.cli(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr


async def test_a_saga_is_listed_inspected_and_refused_when_it_is_over(mesh: Mesh, ada: Person) -> None:
    async with ada.http.post("/api/v1/chat/conversations", json={"title": "gone soon"}) as response:
        made = await response.json()
    conversation_id = made.get("conversation", made)["conversation_id"]
    async with ada.http.delete(f"/api/v1/chat/conversations/{conversation_id}") as response:
        saga_id = (await response.json())["saga_id"]

    def status() -> str:
        return str(told(mesh, "saga", "inspect", saga_id)["status"])

    await eventually(lambda: status() == "SAGA_STATUS_COMPLETED", within_seconds=60)
    listed = told(mesh, "saga", "list", "--name", "conversation.delete", "--status", "completed", "--house", "chat")
    assert saga_id in [saga["saga_id"] for saga in listed["sagas"]]
    assert saga_id in mesh.cli("saga", "list").stdout
    shown = mesh.cli("saga", "inspect", saga_id).stdout
    for word in ("COMPLETED: all of its steps are done", "forget_memories", "DONE", conversation_id):
        assert word in shown, word
    for verb in (("resume",), ("compensate", "--yes")):
        done = mesh.cli("saga", *verb, saga_id)
        assert done.returncode == 1
        assert "cannot be" in done.stderr
    assert mesh.cli("saga", "compensate", saga_id).returncode == 2, "nobody can be asked"
    assert mesh.cli("saga", "list", "--name", "tea.brew").stdout == "There are no sagas that fit.\n"


@pytest.mark.usefixtures("tidied")
async def test_over_rest_an_administrator_sees_letters_and_a_member_does_not(
    mesh: Mesh, admin: Person, ada: Person, eve: Person
) -> None:
    event_id = await parked(mesh)
    where = f"/admin/dlq/chat/chat.intents/{event_id}"
    async with admin.http.get("/admin/dlq", params={"status": "DEAD_LETTER_STATUS_PARKED"}) as response:
        listed = await response.json()
    assert [letter["event_id"] for letter in listed["dead_letters"]] == [event_id]
    assert listed["unreachable_houses"] == []
    async with admin.http.get(where) as response:
        letter = (await response.json())["dead_letter"]
    assert letter["event"]["schema"]["message"] == "soma.memory.v1.StoreMemoryRequest"
    for person, path, code in ((ada, "/admin/dlq", 403), (ada, "/admin/sagas", 403), (eve, where, 404)):
        async with person.http.get(path) as response:
            assert response.status == code, path
    async with admin.http.post(f"{where}/discard", json={}) as response:
        assert response.status == 200
    async with admin.http.get("/admin/dlq") as response:
        assert (await response.json())["dead_letters"] == []
