"""The page for everybody: by the keyboard alone, for those who listen, without motion, WCAG AA by axe."""

from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.e2e.browser.acts import SIDEWAYS, answers, ask, begun, own_words, whole_answer
from tests.e2e.browser.careful import SUM, ask_careful, make_careful_agent
from tests.e2e.browser.conftest import OpenPage
from tests.e2e.support.person import Person

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
FOCUSED = """() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at?.getAttribute('aria-label') ?? at?.textContent?.trim() ?? '';
}"""


async def assert_accessible(page: Page, where: str) -> None:
    # Where a sheet covers the page, what is under it cannot be reached, its landmarks neither.
    covered = await page.locator("main[inert]").count() > 0
    tags = WCAG if covered else [*WCAG, "best-practice"]
    found = await Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}, "resultTypes": ["violations"]})
    broken = [
        f"{where}: {rule['id']} ({rule['impact']}): {node['target']} {node['failureSummary']}"
        for rule in found.response["violations"]
        for node in rule["nodes"]
    ]
    assert not broken, "\n".join(broken)
    assert await page.evaluate(SIDEWAYS) == [], where


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (360, "light")])
async def test_axe_finds_nothing(
    open_page: OpenPage, model: ScriptedUpstream, width: int, scheme: Literal["light", "dark"]
) -> None:
    text = "# Head\n\nSome *words* and `code` with [a link](https://example.org).\n\n```sh\nls\n```\n\n|a|b|\n|-|-|\n|1|2|\n"
    model.set_default(Script(text=text, chunks=10))
    page = await open_page(width, 800, color_scheme=scheme)
    await assert_accessible(page, "welcome")
    await ask(page, "Remember that my cat is called Miso and loves rain.")
    await whole_answer(page)
    await assert_accessible(page, "answer")
    await answers(page).last.get_by_role("button", name="Receipt:").click()
    await expect(page.get_by_role("heading", name="Facts")).to_be_visible()
    await assert_accessible(page, "receipt")
    await page.get_by_role("tab", name="Mind").click()
    await expect(page.get_by_text("What moved this")).to_be_visible()
    for more in ("What it is made of", "Examine this mind"):
        await page.get_by_text(more).click()
    await expect(page.get_by_text("Replay", exact=True)).to_be_visible()
    await assert_accessible(page, "mind")
    await page.get_by_role("tab", name="Memory").click()
    await page.get_by_label("Search memories").fill("cat Miso")
    await expect(page.locator("soma-memory-card").first).to_be_visible()
    await page.locator("soma-memory-card").first.get_by_role("button", name="Details").click()
    await assert_accessible(page, "memory")
    await page.get_by_role("tab", name="Budget").click()
    await page.get_by_text("Set a budget").click()
    await expect(page.get_by_role("region", name="What applies here").get_by_role("img").first).to_be_visible()
    await assert_accessible(page, "budget")
    await page.get_by_role("tab", name="Level").click()
    await page.get_by_role("button", name="Show values").first.click()
    await expect(page.get_by_role("region", name="Depends on").get_by_role("listitem").first).to_be_visible()
    await assert_accessible(page, "level")
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("dialog", name="Commands")).to_be_visible()
    await assert_accessible(page, "palette")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
async def test_axe_finds_nothing_while_work_goes_on(
    open_page: OpenPage, model: ScriptedUpstream, admin: Person, width: int, scheme: Literal["light", "dark"]
) -> None:
    name, text = await make_careful_agent(admin), own_words()
    model.enqueue(Script(match=text, text="Let me calculate.", tool_calls=(SUM,)))
    model.enqueue(Script(match=text, chunks=20_000, gap_seconds=0.05))
    page = await open_page(width, 800, color_scheme=scheme)
    await ask_careful(page, name, text)
    await page.get_by_role("region", name="May math.evaluate run?").wait_for()
    await ask(page, own_words())
    await page.get_by_label("Message", exact=True).fill("And then?")
    await assert_accessible(page, "approval and queue")
    await page.get_by_role("button", name="Approve").click()
    await expect(answers(page).last.locator(".prose")).to_have_count(2)
    await assert_accessible(page, "in mid-stream")
    await page.get_by_role("button", name="Take it back").click()
    await page.keyboard.press("Escape")
    await answers(page).get_by_role("button", name="Bad answer").click()
    await page.get_by_label("Edit the question").last.click()
    await answers(page).get_by_text("math.evaluate").click()
    await expect(page.get_by_label("What was wrong with it?")).to_be_visible()
    await assert_accessible(page, "editor, rating and tool")
    await page.get_by_label("Conversation menu").click()
    await expect(page.get_by_role("menuitem").first).to_be_focused()
    await assert_accessible(page, "menu")
    await page.keyboard.press("Escape")
    if width < 900:
        await page.get_by_role("button", name="Conversations").click()
    await page.get_by_label("Search conversations").fill(text)
    await page.locator("mark").first.wait_for()
    await assert_accessible(page, "search")


async def test_everything_is_done_by_the_keyboard(open_page: OpenPage, model: ScriptedUpstream) -> None:
    page = await open_page()
    await page.keyboard.type(own_words())
    await page.keyboard.press("Enter")
    await whole_answer(page)
    assert await page.evaluate(FOCUSED) == "Message"
    for name in ("Bad answer", "Good answer", "Answer again", "Copy the answer"):
        await page.keyboard.press("Shift+Tab")
        assert await page.evaluate(FOCUSED) == name
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Lanes")).to_be_visible()
    await page.keyboard.press("Alt+2")
    await expect(page.get_by_role("tab", name="Mind")).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("tabpanel")).to_have_count(0)
    assert await page.evaluate(FOCUSED) == "Message"
    await page.keyboard.press("Control+k")
    await page.keyboard.type("dark")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert await page.evaluate("() => document.documentElement.dataset.theme") == "dark"
    await page.keyboard.press("Alt+n")
    await expect(page.get_by_role("heading", name="What shall we do?")).to_be_visible()
    model.set_default(Script(chunks=2000, gap_seconds=0.05))
    await page.keyboard.type(own_words())
    await page.keyboard.press("Enter")
    await begun(page)
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("Stopped. What was written is kept.")).to_be_visible()


async def test_those_who_listen_hear_the_start_and_the_end_and_nothing_moves_for_those_who_want_no_motion(
    open_page: OpenPage, model: ScriptedUpstream
) -> None:
    model.set_default(Script(chunks=60, gap_seconds=0.02))
    page = await open_page(reduced_motion="reduce")
    await page.evaluate(
        """() => {
          window.heard = [];
          const region = document.querySelector('soma-app').shadowRoot.querySelector('[aria-live]');
          new MutationObserver(() => window.heard.push(region.textContent.trim()))
            .observe(region, { childList: true, characterData: true, subtree: true });
        }"""
    )
    await ask(page, own_words())
    await whole_answer(page)
    heard = [said for said in await page.evaluate("() => window.heard") if said]
    assert heard == ["The answer begins.", "The answer is complete."]
    lasting = await page.evaluate(
        """() => {
          const rail = document.querySelector('soma-app').shadowRoot.querySelector('soma-rail');
          const button = rail.shadowRoot.querySelector('button');
          return getComputedStyle(button).transitionDuration;
        }"""
    )
    assert lasting == "0s"
