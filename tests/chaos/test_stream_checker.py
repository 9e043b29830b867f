"""The checker of streams finds bugs that were put into a history on purpose, and nothing where there is none."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.chaos

CHECKER = Path(__file__).parent / "streams" / "checker.py"
History = dict[str, list[dict[str, Any]]]
Bug = Callable[[History], None]


def event(number: int, kind: str, text: str = "", code: str = "", *, client: str = "sender") -> dict[str, Any]:
    """One event as a client heard it."""
    return {"client": client, "turn": "a", "first": number, "last": number, "kind": kind, "text": text, "code": code}


def call(output_tokens: int, *, whole: bool) -> dict[str, Any]:
    """One call of the provider."""
    return {"turn": "a", "whole": whole, "input_tokens": 50, "output_tokens": output_tokens}


def leg(number: int, output_tokens: int, *, estimated: bool = False) -> dict[str, Any]:
    """One call of a receipt."""
    return {"turn": "a", "leg": number, "input_tokens": 50, "output_tokens": output_tokens, "estimated": estimated}


def sound() -> History:
    """A turn that lost its process once, heard by one client to its end and by another in larger pieces."""
    told = [
        event(1, "started"),
        event(2, "text", "Once "),
        event(3, "text", "upon "),
        event(4, "notice", code="turn_taken_over"),
        event(5, "text", "a time."),
        event(6, "completed"),
    ]
    lagging = [{**row, "client": "follower"} for row in told]
    lagging[1:3] = [{**lagging[2], "first": 2, "text": "Once upon "}]
    return {
        "heard": [*told, *lagging],
        "turns": [
            {"turn": "a", "status": "completed", "text": "Once upon a time.", "last_sequence": 6, "takeovers": 1}
        ],
        "calls": [call(30, whole=False), call(20, whole=True)],
        "billed": [leg(1, 4, estimated=True), leg(2, 20)],
        "ledger": [{"used_tokens": 124, "open_holds": 0}],
    }


def a_repeat(history: History) -> None:
    history["heard"].insert(3, history["heard"][2])


def a_gap(history: History) -> None:
    del history["heard"][1]


def another_order(history: History) -> None:
    heard = history["heard"]
    heard[1], heard[2] = heard[2], heard[1]


def two_ends(history: History) -> None:
    history["heard"].insert(6, event(7, "failed"))
    history["turns"][0]["last_sequence"] = 7


def no_end(history: History) -> None:
    del history["heard"][5]


def an_end_that_is_not_stored(history: History) -> None:
    history["turns"][0]["status"] = "failed"


def another_text(history: History) -> None:
    history["turns"][0]["text"] = "Once upon a time"


def more_stored_than_heard(history: History) -> None:
    history["turns"][0]["last_sequence"] = 7


def a_turn_that_is_gone(history: History) -> None:
    history["turns"][0]["turn"] = "b"


def a_second_bill_for_a_call(history: History) -> None:
    history["billed"].append(leg(2, 20))
    history["ledger"][0]["used_tokens"] += 70


def a_bill_without_a_call(history: History) -> None:
    history["billed"].append(leg(3, 20))
    history["ledger"][0]["used_tokens"] += 70


def a_call_without_a_bill(history: History) -> None:
    del history["billed"][0]
    history["ledger"][0]["used_tokens"] -= 54


def no_seam(history: History) -> None:
    for row in history["heard"]:
        row["code"] = ""


def more_than_was_written(history: History) -> None:
    history["billed"][0]["output_tokens"] = 90
    history["ledger"][0]["used_tokens"] += 86


def another_figure_than_the_providers(history: History) -> None:
    history["billed"][1]["output_tokens"] = 19
    history["ledger"][0]["used_tokens"] -= 1


def a_budget_that_differs(history: History) -> None:
    history["ledger"][0]["used_tokens"] += 1


def a_hold_that_stays(history: History) -> None:
    history["ledger"][0]["open_holds"] = 1


def nothing(history: History) -> None:
    for rows in history.values():
        rows.clear()


BUGS: tuple[tuple[Bug, str], ...] = (
    (a_repeat, "repeat"),
    (a_gap, "gap"),
    (another_order, "repeat"),
    (two_ends, "ends"),
    (no_end, "ends"),
    (an_end_that_is_not_stored, "another end"),
    (another_text, "text"),
    (more_stored_than_heard, "length"),
    (a_turn_that_is_gone, "lost"),
    (a_second_bill_for_a_call, "double bill"),
    (a_bill_without_a_call, "double bill"),
    (a_call_without_a_bill, "unbilled"),
    (no_seam, "seams"),
    (more_than_was_written, "too dear"),
    (another_figure_than_the_providers, "another figure"),
    (a_budget_that_differs, "ledger"),
    (a_hold_that_stays, "ledger"),
    (nothing, "nothing"),
)


def judged(history: History, folder: Path) -> tuple[int, list[str]]:
    """What the program says of a history, and how it ends."""
    for name, rows in history.items():
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = [sys.executable, "-I", str(CHECKER), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.stderr
    return done.returncode, done.stdout.splitlines()


def test_a_sound_history_has_no_violation(tmp_path: Path) -> None:
    assert judged(sound(), tmp_path) == (0, [])


def test_what_may_happen_in_the_instant_of_a_death_is_none(tmp_path: Path) -> None:
    """A call that was written down and never made has its input billed; one unheard of has not."""
    never_made, unheard = sound(), sound()
    del never_made["calls"][0]
    never_made["billed"][0] = leg(1, 0, estimated=True)
    never_made["ledger"][0]["used_tokens"] = 120
    unheard["calls"].append(call(3, whole=False))
    unheard["turns"][0]["takeovers"] = 2
    assert judged(never_made, tmp_path) == (0, [])
    assert judged(unheard, tmp_path) == (0, [])


@pytest.mark.parametrize(("bug", "word"), BUGS, ids=[bug.__name__ for bug, _ in BUGS])
def test_a_bug_is_found(bug: Bug, word: str, tmp_path: Path) -> None:
    history = sound()
    bug(history)
    code, found = judged(history, tmp_path)
    assert code == 1
    assert any(line.startswith(f"{word}:") for line in found), found


def test_the_checker_knows_nothing_of_ours() -> None:
    imported = [line for line in CHECKER.read_text().splitlines() if line.startswith(("import ", "from "))]
    ours = ("soma", "servers", "edge", "config", "cli", "tests")
    assert imported
    assert not [line for line in imported if line.split()[1].partition(".")[0] in ours]
