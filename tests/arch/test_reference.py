"""The reference is what the code says, and leaves nothing out."""

import re

from cli.main import app
from config.settings_registry import ROWS
from soma_common.kernel.reasons import Reason
from soma_common.security.methods import METHODS
from tests.arch.source import need
from tools.reference.pages import FOLDER, stale


def text_of(page: str) -> str:
    return (FOLDER / page).read_text("utf-8")


def test_it_is_fresh() -> None:
    need(stale(), "pages to make anew with `poe docs`")


def test_every_method_setting_and_reason_is_in_it() -> None:
    contracts = "".join(path.read_text("utf-8") for path in (FOLDER / "proto").glob("*.md"))
    need([path for path in METHODS if f"`{path}`" not in contracts], "methods")
    need([name for name in ROWS if f"| `{name}`" not in text_of("settings.md")], "settings")
    need([reason for reason in Reason if f"### {reason}\n" not in text_of("errors.md")], "reasons")


def test_every_command_is_in_it() -> None:
    groups = {str(group.name) for group in app.registered_groups}
    names = {str(command.name) for command in app.registered_commands if not command.hidden}
    assert {"chat", "up"} <= names
    assert {"memory", "budget"} <= groups
    need([name for name in names if f"## somastack {name}\n" not in text_of("cli.md")], "commands")
    need([name for name in groups if f"## somastack {name} " not in text_of("cli.md")], "groups of commands")


def test_anchors_inside_a_page_lead_somewhere() -> None:
    broken = []
    for page in FOLDER.rglob("*.md"):
        text = page.read_text("utf-8")
        for file, anchor in re.findall(r"\]\(([\w/.]*)#([\w-]+)\)", text):
            target = (page.parent / file).read_text("utf-8") if file else text
            heads = {head.lower().replace(" ", "-") for head in re.findall(r"^#+ (.+)$", target, re.MULTILINE)}
            broken += [] if anchor in heads else [f"{page.name} {file}#{anchor}"]
    need(broken, "anchors without a heading")
