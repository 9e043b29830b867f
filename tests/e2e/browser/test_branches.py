"""Branches: another question, another answer, and the way between them; what was chosen stays chosen."""

import asyncio

from playwright.async_api import Locator, Page, Route, expect

from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.e2e.browser.acts import answers, ask, begun, own_words, whole_answer
from tests.e2e.browser.conftest import OpenPage

SLOW = Script(chunks=2000, gap_seconds=0.05)


def version(page: Page, number: int, count: int, what: str) -> Locator:
    """The switch between versions of a message."""
    return page.get_by_role("group", name=f"Version {number} of {count} of the {what}")


async def test_another_answer_stands_beside_the_first_and_the_choice_survives_a_reload(
    open_page: OpenPage, model: ScriptedUpstream
) -> None:
    text = own_words()
    model.enqueue(Script(match=text, text="The first answer."))
    model.enqueue(Script(match=text, text="The second answer."))
    page = await open_page()
    await ask(page, text)
    assert await whole_answer(page) == "The first answer."
    await page.get_by_label("Answer again").click()
    await expect(answers(page)).to_contain_text("The second answer.")
    await expect(answers(page)).to_have_count(1)
    await expect(version(page, 2, 2, "answer")).to_contain_text("2/2")
    await version(page, 2, 2, "answer").get_by_label("The answer before").click()
    await expect(answers(page)).to_contain_text("The first answer.")
    await expect(version(page, 1, 2, "answer").get_by_label("The answer after")).to_be_focused()
    await page.reload()
    await expect(answers(page)).to_contain_text("The first answer.")
    await version(page, 1, 2, "answer").get_by_label("The answer after").focus()
    await page.keyboard.press("ArrowRight")
    await expect(answers(page)).to_contain_text("The second answer.")
    await the_focus_follows_a_switch_that_the_mesh_tells_before_it_answers(page)


async def the_focus_follows_a_switch_that_the_mesh_tells_before_it_answers(page: Page) -> None:
    """From the second answer to the first."""
    shown = asyncio.Event()

    async def late(route: Route) -> None:
        """The switch is done; its answer comes once the page shows it."""
        answer = await route.fetch()
        await shown.wait()
        await route.fulfill(response=answer)

    await page.route(
        lambda url: "/conversations/" in url,
        lambda route: late(route) if route.request.method == "PATCH" else route.fallback(),
    )
    await version(page, 2, 2, "answer").get_by_label("The answer before").click()
    await expect(answers(page)).to_contain_text("The first answer.")
    shown.set()
    await expect(version(page, 1, 2, "answer").get_by_label("The answer after")).to_be_focused()


async def test_arrow_up_edits_the_last_question_and_the_old_one_stays_reachable(
    open_page: OpenPage, model: ScriptedUpstream
) -> None:
    first, second, other = own_words(), own_words(), own_words()
    page = await open_page()
    for text in (first, second):
        await ask(page, text)
        await whole_answer(page)
    await page.keyboard.press("ArrowUp")
    editor = page.get_by_label("The question, edited")
    await expect(editor).to_be_focused()
    await expect(editor).to_have_value(second)
    await page.keyboard.press("Escape")
    await expect(editor).to_have_count(0)
    await expect(page.get_by_label("Message", exact=True)).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await editor.fill(other)
    model.set_default(SLOW)
    await page.keyboard.press("Enter")
    await begun(page)
    questions = page.get_by_role("article", name="You")
    await expect(questions).to_have_count(2)
    await expect(questions.last).to_contain_text(other)
    await page.keyboard.press("Escape")
    await whole_answer(page)
    await page.reload()
    await expect(questions.last).to_contain_text(other)
    await version(page, 2, 2, "question").get_by_label("The question before").click()
    await expect(questions.last).to_contain_text(second)
    await expect(questions.first).to_contain_text(first)
    await expect(answers(page)).to_have_count(2)


async def test_an_answer_is_rated_with_words(open_page: OpenPage) -> None:
    page = await open_page()
    await ask(page, own_words())
    await whole_answer(page)
    await page.get_by_role("button", name="Good answer").click()
    await page.get_by_label("What was good about it?").fill("It is short.")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("What was good about it?")).to_have_count(0)
    await page.reload()
    good = page.get_by_role("button", name="Good answer")
    await expect(good).to_have_attribute("aria-pressed", "true")
    async with page.expect_response(lambda answer: ":rate" in answer.url and answer.ok):
        await good.click()
    await expect(good).to_have_attribute("aria-pressed", "false")
    await page.reload()
    await expect(good).to_have_attribute("aria-pressed", "false")
    await a_list_asked_for_before_a_rating_does_not_overwrite_it(page)


async def a_list_asked_for_before_a_rating_does_not_overwrite_it(page: Page) -> None:
    """Of an answer without a rating."""
    asked, rated = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        """The messages as they are now come after the rating, and can be told by a version more."""
        answer = await route.fetch()
        told = await answer.json()
        told["messages"][-1] |= {"sibling_number": 1, "sibling_count": 2}
        asked.set()
        await rated.wait()
        await route.fulfill(response=answer, json=told)

    await page.route(lambda url: "/messages?" in url, late)
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await asked.wait()
    good = page.get_by_role("button", name="Good answer")
    async with page.expect_response(lambda answer: ":rate" in answer.url and answer.ok):
        await good.click()
    await page.get_by_label("What was good about it?").wait_for()
    rated.set()
    await expect(version(page, 1, 2, "answer")).to_be_visible()
    await expect(good).to_have_attribute("aria-pressed", "true")


async def test_a_failed_answer_is_tried_again_in_its_place(open_page: OpenPage, model: ScriptedUpstream) -> None:
    model.set_default(SLOW)
    page = await open_page()
    await ask(page, own_words())
    await begun(page)
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("Stopped. What was written is kept.")).to_be_visible()
    model.set_default(Script())
    await page.get_by_label("Answer again").click()
    await expect(page.get_by_text("Stopped. What was written is kept.")).to_have_count(0)
    await whole_answer(page)
    await expect(version(page, 2, 2, "answer")).to_be_visible()
