"""Finding what was said, and conversations as files."""

import json
from pathlib import Path
from uuid import uuid4

from playwright.async_api import Page, expect

from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.e2e.browser.acts import answers, ask, own_words, whole_answer
from tests.e2e.browser.conftest import OpenPage


async def talk(page: Page, model: ScriptedUpstream, word: str) -> None:
    """Two exchanges, the first of them with that word in its answer."""
    text = own_words()
    model.enqueue(Script(match=text, text=f"The quick brown {word} stands in the answer."))
    await ask(page, text)
    await whole_answer(page)
    await ask(page, own_words())
    await expect(answers(page)).to_have_count(2)
    await whole_answer(page)


async def test_a_message_is_found_by_its_words_and_shown_in_its_place(
    open_page: OpenPage, model: ScriptedUpstream
) -> None:
    word = f"fox{uuid4().hex[:8]}"
    page = await open_page()
    await talk(page, model, word)
    await page.get_by_role("button", name="New chat").click()
    rail = page.get_by_role("navigation", name="Conversations")
    await rail.get_by_label("Search conversations").fill(f"brown {word[:8]}")
    hit = rail.get_by_role("button").filter(has=page.locator("mark"))
    await expect(hit).to_have_count(1)
    await expect(hit.locator("mark")).to_have_text(["brown", word])
    await page.keyboard.press("ArrowDown")
    await expect(hit).to_be_focused()
    await page.keyboard.press("Enter")
    found = page.get_by_role("listitem").filter(has=answers(page).filter(has_text=word))
    await expect(found).to_be_focused()
    await expect(answers(page)).to_have_count(2)
    await rail.get_by_label("Search conversations").focus()
    await page.keyboard.press("Escape")
    await expect(hit).to_have_count(0)


async def test_a_conversation_is_exported_and_imported(
    open_page: OpenPage, model: ScriptedUpstream, tmp_path: Path
) -> None:
    word = f"fox{uuid4().hex[:8]}"
    page = await open_page()
    await talk(page, model, word)
    first = page.url
    kept = tmp_path / "kept.json"
    menu = page.get_by_label("Conversation menu")
    await menu.click()
    async with page.expect_download() as download:
        await page.get_by_role("menuitem", name="Export as JSON").click()
    await (await download.value).save_as(kept)
    assert len(json.loads(kept.read_text())["messages"]) == 4
    await menu.click()
    async with page.expect_download() as download:
        await page.get_by_role("menuitem", name="Export as Markdown").click()
    readable = (await (await download.value).path()).read_text()
    assert readable.startswith("# ")
    assert word in readable
    await menu.click()
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("menuitem", name="Import a conversation").click()
    await (await chooser.value).set_files(kept)
    await expect(answers(page)).to_have_count(2)
    await page.wait_for_url(lambda url: url != first)
    await expect(answers(page).first).to_contain_text(word)
    await a_file_that_is_no_conversation_is_refused_with_a_sentence(page, tmp_path)


async def a_file_that_is_no_conversation_is_refused_with_a_sentence(page: Page, tmp_path: Path) -> None:
    strange = tmp_path / "strange.json"
    strange.write_text("[1, 2]")
    await page.get_by_label("Conversation menu").click()
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("menuitem", name="Import a conversation").click()
    await (await chooser.value).set_files(strange)
    problem = page.get_by_role("alert")
    await expect(problem).to_contain_text("This is no exported conversation.")
    await problem.get_by_label("Close").click()
    await expect(problem).to_have_count(0)
