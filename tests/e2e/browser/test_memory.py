"""The memory browser: what a conversation taught is looked through, changed, taken back, corrected, and led back to."""

from pathlib import Path
from typing import Literal
from uuid import uuid4

import pytest
from playwright.async_api import Locator, Page, expect

from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.e2e.browser.acts import SIDEWAYS, ask, whole_answer
from tests.e2e.browser.conftest import OpenPage
from tests.e2e.browser.test_access import assert_accessible

READ_AGAIN_MILLISECONDS = 300


def panel(page: Page) -> Locator:
    return page.get_by_role("tabpanel", name="Memory")


def card(page: Page, text: str) -> Locator:
    return panel(page).locator("soma-memory-card").filter(has_text=text).first


async def taught(page: Page, model: ScriptedUpstream, said: str) -> None:
    """Say something worth keeping; returns when the page lists it."""
    model.set_default(Script(text="Noted.", chunks=2))
    await ask(page, said)
    await whole_answer(page)
    await page.get_by_role("button", name="Memory", exact=True).click()
    search = panel(page).get_by_label("Search memories")
    for _ in range(20):
        await search.fill(" ")
        await search.fill("")
        if await card(page, said).count():
            return
        await page.wait_for_timeout(READ_AGAIN_MILLISECONDS)
    await expect(card(page, said)).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
async def test_what_was_learned_is_changed_taken_back_and_corrected(
    open_page: OpenPage, model: ScriptedUpstream, tmp_path: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    page = await open_page(width, 800, color_scheme=scheme)
    word = uuid4().hex[:8]
    said = f"My boat is called Nimbus {word}."
    await taught(page, model, said)
    await card(page, said).get_by_role("button", name="Details").click()
    await expect(panel(page).get_by_text("nothing took its place")).to_be_visible()
    await page.screenshot(path=tmp_path / f"memory-{width}-{scheme}.png")

    # Escape leaves the form, the focus is where it was, and a question that is left leaves the drawer open.
    edit = card(page, said).get_by_role("button", name="Edit")
    await edit.focus()
    await page.keyboard.press("Enter")
    await expect(panel(page).get_by_label("What it says")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(edit).to_be_focused()
    await card(page, said).get_by_role("button", name="Forget").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Forget this memory?")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("heading", name="Forget this memory?")).to_have_count(0)
    await expect(panel(page)).to_be_visible()

    await edit.click()
    await panel(page).get_by_label("Labels, with commas between").fill("boats, sea")
    await assert_accessible(page, "memory being edited")
    await panel(page).get_by_role("button", name="Save").click()
    await expect(panel(page).get_by_text("It is version 2 now")).to_be_visible()
    await expect(card(page, said).get_by_text("boats, sea")).to_be_visible()
    await panel(page).get_by_role("button", name="Undo").click()
    await expect(panel(page).get_by_text("It is as it was before.")).to_be_visible()

    await card(page, said).get_by_role("button", name="Correct").click()
    truth = f"My boat is called Cirrus {word}."
    await panel(page).get_by_label("What is true instead").fill(truth)
    await panel(page).get_by_role("button", name="Correct it").click()
    await expect(panel(page).get_by_role("status")).to_contain_text("The old one is kept as superseded")
    await card(page, truth).get_by_role("button", name="Details").click()
    await expect(panel(page).get_by_role("heading", name="Replaced", exact=True)).to_be_visible()
    await panel(page).get_by_role("button", name=said).click()
    await expect(card(page, said).get_by_text("superseded")).to_be_visible()
    await assert_accessible(page, "lineage")
    assert await page.evaluate(SIDEWAYS) == []
    await page.screenshot(path=tmp_path / f"lineage-{width}-{scheme}.png")


async def test_an_address_leads_to_a_memory_and_it_leads_to_its_message(
    open_page: OpenPage, model: ScriptedUpstream
) -> None:
    page = await open_page()
    said = f"My canoe is called Heron {uuid4().hex[:8]}."
    await taught(page, model, said)
    await card(page, said).get_by_role("button", name="Details").click()
    link = await card(page, said).get_by_role("link").get_attribute("href")
    await page.goto(f"{page.url.partition('#')[0]}{link}")
    await page.reload()
    await expect(card(page, said)).to_be_visible()
    await card(page, said).get_by_role("button", name="Details").click()
    await card(page, said).get_by_role("button", name="To the message").click()
    await expect(page.locator("soma-thread").get_by_text(said)).to_be_visible()
    assert "memory=" not in page.url
