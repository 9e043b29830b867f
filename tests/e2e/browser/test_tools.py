"""Tools on the page: quiet rows in the answer, and consent that waits for a person, wherever that person is."""

from playwright.async_api import Browser, expect

from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.e2e.browser.acts import answers, ask, own_words, whole_answer
from tests.e2e.browser.careful import QUESTION, SUM, ask_careful, make_careful_agent
from tests.e2e.browser.conftest import OpenPage
from tests.e2e.support.person import Person


async def test_a_tool_is_a_row_that_unfolds(open_page: OpenPage, model: ScriptedUpstream) -> None:
    text = own_words()
    model.enqueue(Script(match=text, text="Let me calculate.", tool_calls=(SUM,)))
    model.enqueue(Script(match=text, text="It is 42."))
    page = await open_page()
    await ask(page, f"{text}: {QUESTION}")
    row = answers(page).get_by_role("list", name="Tools").get_by_role("listitem")
    await expect(row).to_contain_text("math.evaluate")
    await expect(row).to_contain_text("done")
    await row.get_by_text("math.evaluate").click()
    await expect(row.get_by_role("group", name="Arguments")).to_contain_text('"expression": "6*7"')
    await expect(row.get_by_role("group", name="Result")).to_contain_text("42")
    await whole_answer(page)
    await expect(answers(page)).to_contain_text("It is 42.")
    await page.reload()
    await expect(row).to_contain_text("done")


async def test_consent_is_given_on_another_device_and_the_answer_goes_on(
    open_page: OpenPage, model: ScriptedUpstream, admin: Person, browser: Browser
) -> None:
    name, text = await make_careful_agent(admin), own_words()
    model.enqueue(Script(match=text, text="Let me calculate.", tool_calls=(SUM,)))
    model.enqueue(Script(match=text, text="It is 42."))
    desk = await open_page()
    await ask_careful(desk, name, text)
    card = desk.get_by_role("region", name="May math.evaluate run?")
    await expect(card).to_contain_text("6*7")
    await expect(desk.get_by_role("navigation", name="Conversations")).to_contain_text("Waits for you · 1")
    await desk.reload()
    await expect(card).to_be_visible()
    phone = await open_page(360, 800, context=await browser.new_context(viewport={"width": 360, "height": 800}))
    await phone.get_by_role("button", name="Conversations, 1 waiting for your consent").click()
    await phone.get_by_role("button", name="math.evaluate in").click()
    there = phone.get_by_role("region", name="May math.evaluate run?")
    await expect(there).to_be_focused()
    await there.get_by_label("A word to the model").fill("go on")
    await there.get_by_role("button", name="Approve").click()
    for page in (phone, desk):
        await expect(answers(page)).to_contain_text("It is 42.")
        await expect(answers(page)).to_contain_text("Approved by you. “go on”")
        await whole_answer(page)
    await expect(desk.get_by_role("navigation", name="Conversations")).not_to_contain_text("Waits for you")


async def test_a_denied_tool_does_not_run_and_the_keyboard_suffices_though_no_list_has_come(
    open_page: OpenPage, model: ScriptedUpstream, admin: Person
) -> None:
    name, text = await make_careful_agent(admin), own_words()
    model.enqueue(Script(match=text, text="Let me calculate.", tool_calls=(SUM,)))
    model.enqueue(Script(match=text, text="Then I shall not."))
    page = await open_page()
    await page.route(lambda url: "/chat/approvals" in url, lambda route: route.abort())
    await ask_careful(page, name, text)
    card = page.get_by_role("region", name="May math.evaluate run?")
    await card.wait_for()
    await page.keyboard.press("Alt+a")
    await expect(card).to_be_focused()
    for _ in range(4):
        await page.keyboard.press("Tab")
    await expect(card.get_by_role("button", name="Deny")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(answers(page)).to_contain_text("Then I shall not.")
    await expect(answers(page).get_by_role("listitem").filter(has_text="math.evaluate")).to_contain_text("denied")


async def test_a_turn_that_waits_is_stopped(open_page: OpenPage, model: ScriptedUpstream, admin: Person) -> None:
    name, text = await make_careful_agent(admin), own_words()
    model.enqueue(Script(match=text, text="Let me calculate.", tool_calls=(SUM,)))
    page = await open_page()
    await ask_careful(page, name, text)
    await page.get_by_role("region", name="May math.evaluate run?").wait_for()
    await page.keyboard.press("Alt+a")
    await expect(page.get_by_role("region", name="May math.evaluate run?")).to_be_focused()
    await page.get_by_label("Message", exact=True).focus()
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("Stopped. What was written is kept.")).to_be_visible()
    await expect(page.get_by_role("region", name="May math.evaluate run?")).to_have_count(0)
    await expect(page.get_by_role("navigation", name="Conversations")).not_to_contain_text("Waits for you")
