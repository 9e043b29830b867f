"""Bad moments and second windows: the line is cut, another tab is open, the budget is used up."""

import asyncio
import os
import re
import signal
from uuid import uuid4

from playwright.async_api import Browser, Route, expect

from soma_common.testing.mesh import Mesh
from soma_common.testing.upstream import Script, ScriptedUpstream
from tests.e2e.browser.acts import (
    PATIENCE_MS,
    answers,
    ask,
    begun,
    own_words,
    same_words,
    stored_answer,
    whole_answer,
)
from tests.e2e.browser.conftest import OpenPage
from tests.e2e.browser.long_talk import make_long_talk
from tests.e2e.support.person import Person

SLOW = Script(chunks=100, gap_seconds=0.1)
ALONE = "Reconnecting. The answer goes on without you."


async def test_a_cut_line_comes_back_without_gap_or_repeat(
    open_page: OpenPage, model: ScriptedUpstream, admin: Person
) -> None:
    model.set_default(SLOW)
    page = await open_page()
    await ask(page, own_words())
    await begun(page)
    await page.context.set_offline(True)
    await expect(page.get_by_text(ALONE)).to_be_visible()
    await page.wait_for_timeout(1000)
    await page.context.set_offline(False)
    await expect(page.get_by_text("Connected", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    shown = await whole_answer(page)
    assert same_words(shown, await stored_answer(admin, page))


async def test_a_restart_of_the_gateway_is_survived(
    open_page: OpenPage, model: ScriptedUpstream, mesh: Mesh, admin: Person
) -> None:
    model.set_default(SLOW)
    page = await open_page()
    edge = mesh.status()["edge"].pid
    assert edge is not None
    await ask(page, own_words())
    await begun(page)
    os.kill(edge, signal.SIGKILL)
    await expect(page.get_by_text(ALONE)).to_be_visible()
    await expect(page.get_by_text("Connected", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    shown = await whole_answer(page)
    assert same_words(shown, await stored_answer(admin, page))


async def test_an_answer_is_followed_in_another_tab_and_stopped_from_another_browser(
    open_page: OpenPage, browser: Browser, model: ScriptedUpstream
) -> None:
    first = await open_page()
    await ask(first, own_words())
    await whole_answer(first)
    others = [await open_page(context=context) for context in (first.context, await browser.new_context())]
    for other in others:
        await other.goto(first.url)
        await whole_answer(other)
    model.set_default(Script(chunks=2000, gap_seconds=0.05))
    text = own_words()
    await ask(first, text)
    await begun(first)
    for other in others:
        await expect(other.get_by_role("article", name="You").last).to_contain_text(text)
        await begun(other)
    await others[-1].keyboard.press("Escape")
    for page in (first, *others):
        await expect(page.get_by_text("Stopped. What was written is kept.")).to_be_visible()
        await expect(page.get_by_label("Send", exact=True)).to_be_visible()
        await expect(answers(page)).to_have_count(2)
    assert len({await whole_answer(page) for page in (first, *others)}) == 1


async def test_a_used_up_budget_says_when_it_comes_back_and_who_can_raise_it(
    open_page: OpenPage, admin: Person
) -> None:
    async def set_budget(limit_tokens: int) -> None:
        asked = {"period": "BUDGET_PERIOD_DAY", "limit_tokens": limit_tokens, "hard": True, "request_id": str(uuid4())}
        async with admin.http.post("/api/v1/budget", json=asked) as response:
            assert response.status == 200, await response.text()

    async with admin.http.get("/api/v1/budget") as response:
        before = next(it for it in (await response.json())["budgets"] if it["period"] == "BUDGET_PERIOD_DAY")
    page = await open_page()
    await set_budget(1)
    try:
        await ask(page, own_words())
        problem = answers(page).last.get_by_role("alert")
        await expect(problem).to_contain_text(
            re.compile(
                r"The day budget of the tenant is used up .* It comes back at .*; an administrator can raise it\."
            )
        )
        await expect(problem.get_by_role("button", name="Try again")).to_be_visible()
        await problem.get_by_role("button", name="Open the budgets").click()
        day = (
            page.get_by_role("tabpanel", name="Budget")
            .get_by_role("listitem")
            .filter(has_text="Everybody together · day")
        )
        await expect(day.first).to_contain_text("0 tokens left of 1 token")
    finally:
        asked = {name: before[name] for name in ("period", "limit_tokens", "limit_micros", "hard")}
        async with admin.http.post("/api/v1/budget", json={**asked, "request_id": str(uuid4())}) as response:
            assert response.status == 200, await response.text()


async def test_a_memory_is_found_and_forgotten(open_page: OpenPage) -> None:
    page = await open_page()
    thing = f"The password of the garden gate is {uuid4().hex[:12]}"
    await page.get_by_role("button", name="Memory", exact=True).click()
    panel = page.get_by_role("tabpanel", name="Memory")
    await panel.get_by_text("Keep something").click()
    await panel.get_by_label("What to remember").fill(thing)
    await panel.get_by_role("button", name="Keep it").click()
    await expect(panel.get_by_text("It is kept.")).to_be_visible()
    await panel.get_by_label("Search memories").fill("garden gate password")
    card = panel.locator("soma-memory-card").filter(has_text=thing)
    await expect(card.get_by_role("group", name=re.compile("^Score 0|^Score 1"))).to_be_visible()
    await card.get_by_role("button", name="Forget").click()
    question = page.get_by_role("dialog", name="Forget this memory?")
    await expect(question).to_contain_text("will be deleted for good")
    await question.get_by_role("button", name="Keep it").click()
    await expect(card).to_be_visible()
    await card.get_by_role("button", name="Forget").click()
    await question.get_by_role("button", name="Forget it").click()
    await expect(panel.get_by_text("Forgotten. Reading it again finds nothing")).to_be_visible()
    await expect(panel.locator("soma-memory-card").filter(has_text=thing)).to_have_count(0)


async def test_messages_asked_for_before_an_answer_ended_do_not_take_it_away(
    open_page: OpenPage, model: ScriptedUpstream
) -> None:
    model.set_default(Script(chunks=60, gap_seconds=0.1))
    page = await open_page()
    asked, ended = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        """The messages as they are now; they come after the end of the answer."""
        answer = await route.fetch()
        asked.set()
        await ended.wait()
        await route.fulfill(response=answer)

    async def later(route: Route) -> None:
        """How the conversation stands is asked once the answer has ended."""
        await ended.wait()
        await route.continue_()

    await ask(page, own_words())
    await begun(page)
    conversation = page.url.partition("#")[2]
    await page.route(lambda url: url.endswith(f"/conversations/{conversation}"), later, times=1)
    await page.route(lambda url: "/messages?" in url, late, times=1)
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await asked.wait()
    shown = await whole_answer(page)
    async with page.expect_response(lambda answer: "/messages?" in answer.url):
        ended.set()
    async with page.expect_response(lambda answer: "/messages?" in answer.url):
        pass
    assert await whole_answer(page) == shown


async def test_older_messages_that_do_not_come_are_told_and_asked_for_again(open_page: OpenPage, mesh: Mesh) -> None:
    conversation = await make_long_talk(mesh, 100)
    page = await open_page()
    await page.route(lambda url: "page_token=" in url and "/messages?" in url, lambda route: route.abort())
    await page.evaluate("(id) => { location.hash = id; }", conversation)
    older = page.get_by_role("button", name="Show older messages")
    await older.click()
    problem = page.get_by_role("region", name="Conversation").get_by_role("alert")
    await expect(problem).to_contain_text("The mesh cannot be reached from here.")
    await page.unroute_all()
    await older.click()
    await expect(older).to_have_count(0)
    await expect(problem).to_have_count(0)
    await expect(answers(page)).to_have_count(50)


async def test_conversations_are_renamed_found_and_deleted(open_page: OpenPage) -> None:
    page = await open_page()
    text = own_words()
    await ask(page, text)
    await whole_answer(page)
    rail = page.get_by_role("navigation", name="Conversations")
    await rail.get_by_role("button", name=text, exact=True).hover()
    await rail.get_by_role("button", name=f"Rename “{text}”").click()
    name = f"Garden {uuid4().hex[:8]}"
    await rail.get_by_label("New name").fill(name)
    await page.keyboard.press("Enter")
    await expect(rail.get_by_role("button", name=name, exact=True)).to_be_visible()
    await expect(page.get_by_role("heading", level=1)).to_have_text(name)
    await page.get_by_label("Search conversations").fill(name.upper())
    await expect(rail.get_by_role("listitem")).to_have_count(1)
    await rail.get_by_role("button", name=name, exact=True).hover()
    await rail.get_by_role("button", name=f"Delete “{name}”").click()
    question = page.get_by_role("dialog")
    await expect(question).to_contain_text("its 2 messages are deleted for good")
    await question.get_by_role("button", name="Delete").click()
    await expect(rail.get_by_text("No title contains this.")).to_be_visible()
    await expect(page.get_by_role("heading", name="What shall we do?")).to_be_visible()
