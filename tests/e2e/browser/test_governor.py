"""The governor on the page: a whole receipt and those beside it, budgets, the level and the rules behind it."""

import json
from typing import Any
from uuid import uuid4

from playwright.async_api import Locator, Page, expect

from soma_common.testing.upstream import ScriptedUpstream
from tests.e2e.browser.acts import answers, ask, own_words, whole_answer
from tests.e2e.browser.conftest import OpenPage
from tests.e2e.support.person import Person

CONFIG = "/api/v1/governor/config"
# What turns the page's back on its person, and to them again.
HIDE = """(hidden) => {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""


async def divided(panel: Locator) -> tuple[dict[str, int], dict[str, int]]:
    """How the window was used and how it was planned, by the words of the page."""
    used, planned = {}, {}
    for text in await panel.get_by_role("region", name="Lanes").get_by_role("listitem").all_inner_texts():
        name, _, pair = text.replace(",", "").rpartition("\n")
        one, _, other = pair.replace("–", "0").replace("none", "0 / 0").partition(" / ")
        used[name.strip()], planned[name.strip()] = int(one), int(other)
    return used, planned


async def test_a_receipt_adds_up_is_compared_and_its_prompt_made_again(
    open_page: OpenPage, model: ScriptedUpstream
) -> None:
    page = await open_page()
    text = own_words()
    for words in (own_words(), text):
        await ask(page, words)
        await whole_answer(page)
    await answers(page).last.get_by_role("button", name="Receipt:").click()
    panel = page.get_by_role("tabpanel", name="Receipt")
    await expect(panel.get_by_text("2 of 2", exact=True)).to_be_visible()
    for column in await divided(panel):
        lanes = [column[name] for name in ("system policy", "history", "memory", "tools", "tool results", "buffer")]
        assert sum(lanes) == column["All lanes"] > 0
        parts = [column[name] for name in ("All lanes", "Message", "Framing", "Answer", "Free")]
        assert sum(parts) == column["Window"] == 16384
    await panel.get_by_role("button", name="Show the prompt of call 1").click()
    await expect(panel.get_by_text("Byte for byte what was sent")).to_be_visible()
    sent = json.loads(await panel.locator("soma-code pre").inner_text())
    assert sent["messages"][-1]["content"] == text
    await panel.get_by_label("Compare with").select_option(index=1)
    await expect(panel.get_by_role("region", name="Compared").get_by_role("listitem").first).to_be_visible()
    await panel.get_by_text("Receipts of this conversation").click()
    await panel.get_by_role("listbox").focus()
    await page.keyboard.press("ArrowDown")
    await expect(panel.get_by_text("1 of 2", exact=True)).to_be_visible()
    await expect(panel.get_by_role("region", name="Compared")).to_have_count(0)
    await expect(panel.get_by_role("button", name="Older receipt")).to_be_disabled()


async def fill_budget(page: Page, panel: Locator, tokens: str) -> None:
    await panel.get_by_label("Tokens, 0 for no limit").fill(tokens)
    await panel.get_by_role("button", name="Set it").click()
    await page.get_by_role("dialog").get_by_role("button", name="Set it").click()


async def test_an_administrator_sets_a_budget_and_sees_what_is_left_of_it(open_page: OpenPage, admin: Person) -> None:
    page = await open_page()
    who = f"gardener-{uuid4().hex[:8]}"
    await page.get_by_role("contentinfo").get_by_role("button", name="left today").click()
    panel = page.get_by_role("tabpanel", name="Budget")
    await expect(panel.get_by_role("region", name="What applies here").get_by_role("img").first).to_be_visible()
    await panel.get_by_text("Set a budget").click()
    await panel.get_by_label("Whose").select_option(label="one user")
    await panel.get_by_label("Which one").fill(who)
    await fill_budget(page, panel, "1e30")
    await expect(panel.get_by_label("Tokens, 0 for no limit")).to_have_attribute("aria-invalid", "true")
    await expect(panel.locator("soma-budget-form").get_by_role("alert")).to_have_count(1)
    await fill_budget(page, panel, "4321")
    row = panel.get_by_role("region", name="Other budgets").get_by_role("listitem").filter(has_text=who)
    await expect(row).to_contain_text("4,321 tokens left of 4,321 tokens")
    await expect(row).to_contain_text("A turn that does not fit is refused. It starts anew")
    asked = {"scope": "BUDGET_SCOPE_USER", "scope_id": who, "period": "BUDGET_PERIOD_DAY", "request_id": str(uuid4())}
    async with admin.http.post("/api/v1/budget", json=asked) as response:
        assert response.status == 200, await response.text()


async def test_the_level_is_watched_while_the_page_is_looked_at(open_page: OpenPage) -> None:
    page = await open_page()
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url) if "/api/v1/level" in request.url else None)
    await page.reload()
    await page.keyboard.press("Alt+5")
    panel = page.get_by_role("tabpanel", name="Level")
    await expect(panel.get_by_text("Everything works and is used.")).to_be_visible()
    await expect(panel.get_by_role("region", name="Depends on").get_by_role("listitem").first).to_be_visible()
    await expect(page.get_by_role("main").get_by_role("button", name="Level L")).to_have_count(0)
    second = await open_page(context=page.context)  # the browser keeps which tab of the drawer is open
    await expect(second.get_by_text("Everything works and is used.")).to_be_visible()
    assert [url.rpartition("/")[2] for url in asked] == ["level:watch"], "told by one stream, and never asked for"
    await second.close()
    lower: dict[str, Any] = {
        "level": "DEGRADATION_LEVEL_L1",
        "reasons": [{"source": "health", "level": "DEGRADATION_LEVEL_L1", "sentence": "Nothing is recalled."}],
        "dependencies": [{"name": "memory", "state": "DEPENDENCY_STATE_DOWN", "detail": ""}],
        "good_checks": 1,
        "good_checks_to_recover": 3,
    }
    told = f"data: {json.dumps({'sequence': '1', 'status': lower})}\n\n"
    await page.route(
        lambda url: url.endswith("level:watch"),
        lambda route: route.fulfill(content_type="text/event-stream", body=told),
    )
    await page.route(lambda url: url.endswith("/api/v1/level"), lambda route: route.fulfill(json={"status": lower}))
    await page.evaluate(HIDE, True)
    await page.evaluate(HIDE, False)
    await expect(page.get_by_role("main").get_by_role("button", name="Level L1: Nothing is recalled.")).to_be_visible()
    await expect(panel.get_by_text("1 of 3 good checks in a row are there.")).to_be_visible()
    await expect(panel.get_by_role("region", name="Depends on")).to_contain_text("does not answer")
    await expect(page.get_by_role("status").filter(has_text="The level is L1 now.")).to_have_count(1)


async def test_a_version_of_the_configuration_is_read_and_restored(open_page: OpenPage, admin: Person) -> None:
    async with admin.http.get(CONFIG) as response:
        before = (await response.json())["version"]
    why = f"Only for {uuid4().hex[:8]}"
    change = {"config": {"good_checks_to_recover": 4}, "comment": why, "request_id": str(uuid4())}
    async with admin.http.post(CONFIG, json=change) as response:
        assert response.status == 200, await response.text()
        made = (await response.json())["version"]["version"]
    page = await open_page()
    await page.keyboard.press("Alt+5")
    panel = page.get_by_role("tabpanel", name="Level")
    row = panel.get_by_role("listitem").filter(has_text=f"Version {made}")
    await expect(row).to_contain_text(why)
    await expect(row).to_contain_text(f"by {admin.sub}")
    await row.get_by_role("button", name="Show values").click()
    await expect(row).to_contain_text("Good checks to recover")
    await expect(row).to_contain_text("3 → 4")
    old = panel.get_by_role("listitem").filter(has_text=f"Version {before['version']}")
    await old.get_by_role("button", name="Show values").click()
    await old.get_by_role("button", name="Restore this version").click()
    question = page.get_by_role("dialog")
    await expect(question).to_contain_text("good checks to recover from 4 to 3")
    await question.get_by_role("button", name="Restore it").click()
    await expect(panel.get_by_text(f"version {made + 1} holds")).to_be_visible()
    async with admin.http.get(CONFIG) as response:
        assert (await response.json())["version"]["config"] == before["config"]
