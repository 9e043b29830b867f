"""Lines of log files: the last ones, their order, and the reason of an end."""

import json
from pathlib import Path

from cli.stack.log_lines import follow, last_complaint, last_lines, tail


def line(time: str, message: str, level: str = "INFO") -> str:
    return json.dumps({"timestamp": f"2026-01-01T00:00:{time}Z", "level": level, "message": message}) + "\n"


def test_the_last_lines_of_a_long_file(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("".join(f"line {number} {'x' * 200}\n" for number in range(2000)))
    assert [text.split()[1] for text in tail(path, 3)] == ["1997", "1998", "1999"]
    assert tail(path, 0) == []
    assert len(tail(path, 5000)) == 2000
    assert tail(tmp_path / "none.log", 3) == []


def test_lines_of_several_processes_stand_in_the_order_of_time(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(line("01.0", "first") + line("03.0", "third"))
    (tmp_path / "b.log").write_text(line("02.0", "second") + "a line of a stack\n" + line("04.0", "fourth"))
    found = last_lines({"a": tmp_path / "a.log", "b": tmp_path / "b.log"}, 10)
    assert [row.fields["message"] if row.fields else row.text for row in found] == [
        "first",
        "second",
        "a line of a stack",
        "third",
        "fourth",
    ]


def test_the_reason_of_an_end_is_the_last_error_or_the_last_plain_words(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(line("01.0", "it begins") + line("02.0", "the door is shut", "ERROR") + line("03.0", "bye"))
    assert last_complaint(path) == "the door is shut"
    path.write_text(
        line("01.0", "it begins") + "The settings do not allow a start, 2 things are wrong:\n  - one\n  - two\n"
    )
    assert last_complaint(path) == "The settings do not allow a start, 2 things are wrong:\n  - one\n  - two"
    assert last_complaint(tmp_path / "none.log") == ""


def test_new_lines_come_as_they_are_written_and_a_rotation_loses_none(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("old\n")
    lines = follow({"a": path})
    with path.open("a") as file:
        file.write("new\nhalf")
    assert next(lines).text == "new"
    path.rename(tmp_path / "a.log.1")
    path.write_text("after\n")
    assert next(lines).text == "after"
